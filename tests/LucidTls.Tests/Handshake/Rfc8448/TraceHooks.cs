using System.Security.Cryptography;
using LucidTls.Certificates;
using LucidTls.Cryptography;
using LucidTls.Handshake;
using LucidTls.Protocol;
using LucidTls.Records;

namespace LucidTls.Tests.Handshake.Rfc8448;

/// <summary>
/// Gives a real handshake one end's recorded private keys and the recorded content of the messages that leave room for taste. Each
/// such message goes through our codec: it is parsed from the trace and written again. Certificate, CertificateVerify's place,
/// Finished, the keys and the records come from the library.
/// </summary>
internal sealed class TraceHooks(Trace trace, string actor) : HandshakeHooks
{
    private readonly Queue<byte[]> _clientHellos = new(trace.Messages(actor, "ClientHello").Select(hello => Whole(trace, actor, hello)));
    private readonly Queue<byte[]> _serverHellos = new(trace.Messages(actor, "ServerHello"));

    public override KeyShare GenerateShare(KeyExchangeGroup group) => group.Id == NamedGroup.X25519
        ? new X25519KeyShare(new Secret(PrivateKey("x25519")))
        : new EcdhKeyShare(EcdhGroup.TryCreateP256()!, P256Key());

    public override (byte[] ServerShare, Secret SharedSecret) Respond(KeyExchangeGroup group, ReadOnlySpan<byte> clientShare)
    {
        using var share = GenerateShare(group);
        return (share.PublicShare.ToArray(), share.Agree(clientShare));
    }

    public override IHandshakeBody BeforeSend(IHandshakeBody message) => message switch
    {
        ClientHello => ClientHello.Parse(Body(_clientHellos.Dequeue())),
        ServerHello => ServerHello.Parse(Body(_serverHellos.Dequeue())),
        EncryptedExtensions => EncryptedExtensions.Parse(Body(trace.Messages(actor, "EncryptedExtensions").Single())),
        CertificateRequest => CertificateRequest.Parse(Body(trace.Messages(actor, "CertificateRequest").Single())),
        NewSessionTicket => NewSessionTicket.Parse(Body(trace.Messages(actor, "NewSessionTicket").Single())),
        _ => message,
    };

    /// <summary>The client's certificate has an RSA key of 1024 bits and has expired: no verifier of ours lets it pass.</summary>
    public override CertificateVerifier? ClientVerifier(TlsServerOptions options) => null;

    /// <summary>The identity that shows the recorded certificate and gives the recorded signature.</summary>
    public TlsIdentity Identity()
    {
        var certificate = CertificateMessage.Parse(Body(trace.Messages(actor, "Certificate").Single()));
        var verify = CertificateVerify.Parse(Body(trace.Messages(actor, "CertificateVerify").Single()));
        return TlsIdentity.FromCallback([.. certificate.Entries.Select(entry => entry.Certificate)], (scheme, _, _) =>
        {
            Assert.Equal(verify.Scheme, scheme);
            return ValueTask.FromResult(verify.Signature.ToArray());
        });
    }

    // A ClientHello with binders is recorded without them, since they cover it; with them it is there as it is sent.
    private static byte[] Whole(Trace trace, string actor, byte[] hello) =>
        hello.Length - HandshakeMessage.HeaderLength == (hello[1] << 16 | hello[2] << 8 | hello[3]) ? hello : trace.Get(actor, "send handshake record", "payload");

    private static byte[] Body(byte[] message) => message[HandshakeMessage.HeaderLength..];

    private byte[] PrivateKey(string group) => trace.Get(actor, $"create an ephemeral {group} key pair", "private key");

    private ECDiffieHellman P256Key()
    {
        var point = trace.Get(actor, "create an ephemeral P-256 key pair", "public key");
        return ECDiffieHellman.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            D = PrivateKey("P-256"),
            Q = new ECPoint { X = point[1..33], Y = point[33..] },
        });
    }
}

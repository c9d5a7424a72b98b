using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.Protocol;
using LucidTls.Tests.Handshake.Scripting;
using LucidTls.TestSupport;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Certificates.Revocation;

/// <summary>Staples in the handshake of TLS 1.3 (RFC 8446 §4.4.2.1).</summary>
public sealed class HandshakeStapleTests
{
    private static readonly TestAuthority Root = new();
    private static readonly TestAuthority Intermediate = new("Intermediate", issuer: Root);
    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly X509Certificate2 Plain = Intermediate.Leaf(Key, "a.example");
    private static readonly X509Certificate2 Promising = Intermediate.Leaf(Key, "a.example", TestAuthority.MustStaple);

    [Fact]
    public void A_client_takes_the_staples_of_several_certificates()
    {
        var outcome = ClientAccepts(new Script(), Client(), Server(Plain, new TestResponse(Intermediate, Plain).Encode(), new TestResponse(Root, Intermediate.Certificate).Encode()));
        Assert.Equal([(0, CertificateStatusKind.Good), (1, CertificateStatusKind.Good)], outcome.Session!.PeerVerdict!.Paths[0].Statuses.Select(status => (status.Index, status.Kind)));
    }

    [Fact]
    public void A_staple_that_says_revoked_ends_the_handshake()
    {
        var revoked = new TestResponse(Intermediate, Plain) { Kind = CertificateStatusKind.Revoked }.Encode();
        ClientRefuses(TlsError.CertificateRevoked, TlsAlert.CertificateRevoked, new Script(), Client(), Server(Plain, revoked));
    }

    [Fact]
    public void A_promised_staple_is_taken_and_its_absence_ends_the_handshake()
    {
        ClientAccepts(new Script(), Client(), Server(Promising, new TestResponse(Intermediate, Promising).Encode()));
        ClientRefuses(TlsError.CertificateStatusUnknown, TlsAlert.BadCertificateStatusResponse, new Script(), Client(), Server(Promising));
        var old = new TestResponse(Intermediate, Promising) { NextUpdate = TestAuthority.Now.AddHours(-1), ThisUpdate = TestAuthority.Now.AddDays(-1) }.Encode();
        ClientRefuses(TlsError.CertificateStatusUnknown, TlsAlert.BadCertificateStatusResponse, new Script(), Client(), Server(Promising, old));
    }

    [Fact]
    public void A_server_staples_nothing_for_who_does_not_ask()
    {
        var outcome = ClientAccepts(new Script(), Client(RevocationOptions.Off), Server(Promising, new TestResponse(Intermediate, Promising).Encode()));
        Assert.Empty(outcome.Session!.PeerVerdict!.Paths[0].Statuses);
    }

    [Fact]
    public void A_staple_that_nobody_asked_for_is_refused() =>
        ClientRefuses(TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, Sending(1, 0, 0, 1, 0), Client(RevocationOptions.Off), Server(Plain));

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 1 })]
    [InlineData(new byte[] { 1, 0, 0, 0 })]
    [InlineData(new byte[] { 1, 0, 0, 2, 0 })]
    [InlineData(new byte[] { 1, 0, 0, 1, 0, 0 })]
    public void A_certificate_status_that_is_malformed_is_a_decode_error(byte[] status) =>
        ClientRefuses(TlsError.Malformed, TlsAlert.DecodeError, Sending(status), Client(), Server(Plain));

    [Fact]
    public void A_certificate_status_of_another_type_is_an_illegal_parameter() =>
        ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Sending(2, 0, 0, 1, 0), Client(), Server(Plain));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_server_that_demands_a_staple_of_its_clients_asks_for_it(bool staples)
    {
        var server = Server(Plain);
        server.ClientCertificateMode = ClientCertificateMode.Required;
        server.ClientCertificateVerifier = Verifier(new RevocationOptions { Stapled = RevocationMode.HardFail });
        var client = Client();
        client.Identity = Identity(Plain, staples ? [new TestResponse(Intermediate, Plain).Encode()] : []);
        if (staples)
            ServerAccepts(new Script(), server, client);
        else
            ServerRefuses(TlsError.CertificateStatusUnknown, TlsAlert.BadCertificateStatusResponse, new Script(), server, client);
    }

    private static Script Sending(params byte[] status) => Script.Changing<CertificateMessage>(message =>
    {
        var extensions = new ExtensionBlock();
        extensions.Add(ExtensionType.StatusRequest, status);
        return new CertificateMessage { Entries = [new CertificateEntry(message.Entries[0].Certificate, extensions), .. message.Entries.Skip(1)] };
    });

    private static TlsClientOptions Client(RevocationOptions? revocation = null) => new()
    {
        TargetHost = "a.example",
        SessionCache = null,
        KeyShareGroups = [NamedGroup.X25519],
        CertificateVerifier = Verifier(revocation ?? new RevocationOptions()),
    };

    private static CertificateVerifier Verifier(RevocationOptions revocation) => new(new CertificateVerifierOptions
    {
        TrustStore = TrustStore.FromCertificates([Root.Der]),
        TimeProvider = new ManualTime(TestAuthority.Now),
        Revocation = revocation,
    });

    private static TlsServerOptions Server(X509Certificate2 leaf, params byte[][] staples) => new() { Identities = [Identity(leaf, staples)], TicketStore = null };

    private static TlsIdentity Identity(X509Certificate2 leaf, byte[][] staples)
    {
        var identity = TlsIdentity.FromKey([leaf.RawData, Intermediate.Der], Key);
        identity.Staples = [.. staples.Select(staple => (ReadOnlyMemory<byte>)staple)];
        return identity;
    }
}

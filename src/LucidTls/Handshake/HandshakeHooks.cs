using LucidTls.Certificates;
using LucidTls.Cryptography;
using LucidTls.Protocol;

namespace LucidTls.Handshake;

/// <summary>Where a handshake's randomness comes from. Tests put recorded values here to replay RFC 8448's traces through the real code.</summary>
internal class HandshakeHooks
{
    public static readonly HandshakeHooks None = new();

    public virtual void FillRandom(Span<byte> destination) => Randomness.Fill(destination);

    public virtual KeyShare GenerateShare(KeyExchangeGroup group) => group.Generate();

    public virtual (byte[] ServerShare, Secret SharedSecret) Respond(KeyExchangeGroup group, ReadOnlySpan<byte> clientShare) => group.Respond(clientShare);

    /// <summary>The message that is sent in place of the one that would be.</summary>
    public virtual IHandshakeBody BeforeSend(IHandshakeBody message) => message;

    /// <summary>Who judges clients' certificates. A recorded one whose key is too short by now needs another answer: null lets any pass.</summary>
    public virtual CertificateVerifier? ClientVerifier(TlsServerOptions options) => options.ClientCertificateVerifier;
}

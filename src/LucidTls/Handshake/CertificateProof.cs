using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.Protocol;

namespace LucidTls.Handshake;

/// <summary>What a CertificateVerify signs, and the signing of it (RFC 8446 §4.4.3).</summary>
internal static class CertificateProof
{
    private static ReadOnlySpan<byte> ServerContext => "TLS 1.3, server CertificateVerify"u8;
    private static ReadOnlySpan<byte> ClientContext => "TLS 1.3, client CertificateVerify"u8;

    /// <summary>64 spaces, the context, a zero, the transcript's hash.</summary>
    public static byte[] SignedContent(bool byServer, ReadOnlySpan<byte> transcriptHash)
    {
        var context = byServer ? ServerContext : ClientContext;
        var content = new byte[64 + context.Length + 1 + transcriptHash.Length];
        content.AsSpan(0, 64).Fill(0x20);
        context.CopyTo(content.AsSpan(64));
        transcriptHash.CopyTo(content.AsSpan(64 + context.Length + 1));
        return content;
    }

    /// <summary>The first scheme of the identity that the peer can verify, or null.</summary>
    public static SignatureScheme? SchemeFor(TlsIdentity identity, IReadOnlyList<SignatureScheme> peerSchemes, TlsVersion version)
    {
        foreach (var scheme in identity.SchemesOf(version))
        {
            if (peerSchemes.Contains(scheme))
                return scheme;
        }
        return null;
    }

    public static async ValueTask<CertificateVerify> SignAsync(TlsIdentity identity, SignatureScheme scheme, byte[] content, CancellationToken cancellationToken)
    {
        try
        {
            var signature = await identity.SignAsync(scheme, content, cancellationToken).ConfigureAwait(false);
            return new CertificateVerify { Scheme = scheme, Signature = signature };
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new TlsException(TlsError.LocalFailure, "signing with the private key failed", exception);
        }
    }

    /// <summary>A server's request for a client's certificate (RFC 8446 §4.3.2).</summary>
    /// <param name="options">The server's.</param>
    /// <param name="verifier">Who will judge.</param>
    /// <param name="context">Empty in the handshake, and unique after it.</param>
    public static CertificateRequest Request(TlsServerOptions options, CertificateVerifier? verifier, ReadOnlyMemory<byte> context)
    {
        var extensions = new ExtensionBlock();
        extensions.Add(ExtensionType.SignatureAlgorithms, Extensions.BuildSignatureSchemes(options.SignatureSchemes));
        // RFC 8446 §4.2.4: the list has one name at least.
        if (options.AuthoritiesBy(verifier) is { Names.Count: > 0 } authorities)
            extensions.Add(ExtensionType.CertificateAuthorities, authorities.Encoded);
        // RFC 8446 §4.4.2.1: an empty status_request. OpenSSL's clients take it for an error, so it is sent only where a staple is demanded.
        if (verifier?.Options.Revocation.Stapled == RevocationMode.HardFail)
            extensions.Add(ExtensionType.StatusRequest, default);
        return new CertificateRequest { Context = context, Extensions = extensions };
    }

    /// <param name="identity">Whose certificates; null for none.</param>
    /// <param name="context">What the request had.</param>
    /// <param name="asked">The peer's ClientHello or CertificateRequest: only what was asked for goes along (RFC 8446 §4.4.2).</param>
    public static CertificateMessage Message(TlsIdentity? identity, ReadOnlyMemory<byte> context, ExtensionBlock asked)
    {
        var chain = identity?.Chain ?? [];
        IReadOnlyList<ReadOnlyMemory<byte>> staples = identity != null && AsksForStaples(asked) ? identity.Staples : [];
        var entries = new CertificateEntry[chain.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            var extensions = i == 0 ? LeafExtensions(identity!, asked) : new ExtensionBlock();
            if (i < staples.Count && !staples[i].IsEmpty)
                extensions.Add(ExtensionType.StatusRequest, Extensions.BuildCertificateStatus(staples[i]));
            entries[i] = new CertificateEntry(chain[i], extensions);
        }
        return new CertificateMessage { Context = context, Entries = entries };
    }

    // A client's names the kind of status, of which OCSP (1) is the only one (RFC 6066 §8); a server's is empty.
    public static bool AsksForStaples(ExtensionBlock asked) => asked.TryGet(ExtensionType.StatusRequest, out var request) && (request.IsEmpty || request.Span[0] == 1);

    private static ExtensionBlock LeafExtensions(TlsIdentity identity, ExtensionBlock asked)
    {
        var extensions = new ExtensionBlock();
        if (identity.Timestamps.Count > 0 && asked.Contains(ExtensionType.SignedCertificateTimestamp))
            extensions.Add(ExtensionType.SignedCertificateTimestamp, Extensions.BuildTimestamps(identity.Timestamps));
        return extensions;
    }
}

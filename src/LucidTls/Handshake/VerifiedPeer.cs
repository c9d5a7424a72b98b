using LucidTls.Certificates;
using LucidTls.Certificates.Parsing;
using LucidTls.Cryptography;
using LucidTls.Protocol;

namespace LucidTls.Handshake;

/// <summary>
/// The evidence that the peer is who it should be: its chain was judged and it signed this very handshake with the leaf's key.
/// There is no other way to one than the checks, and no application keys without one.
/// </summary>
internal sealed class VerifiedPeer
{
    private VerifiedPeer(IReadOnlyList<ReadOnlyMemory<byte>> chain, CertificateVerdict? verdict, SignatureScheme? scheme, TlsPreSharedKey? preSharedKey = null)
    {
        PreSharedKey = preSharedKey;
        Chain = chain;
        Verdict = verdict;
        Scheme = scheme;
    }

    private static VerifiedPeer Anonymous { get; } = new([], null, null);

    /// <summary>The peer's certificates; empty when it showed none and need not.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Chain { get; }

    public CertificateVerdict? Verdict { get; }

    public SignatureScheme? Scheme { get; }

    /// <summary>The OCSP response that came with the leaf; empty without one, and when a session was resumed.</summary>
    public ReadOnlyMemory<byte> Staple { get; private init; }

    /// <summary>The list of timestamps that came with the leaf; empty as <see cref="Staple"/> is.</summary>
    public ReadOnlyMemory<byte> Timestamps { get; private init; }

    /// <summary>The key given beforehand that the peer holds; null when it proved itself otherwise.</summary>
    public TlsPreSharedKey? PreSharedKey { get; }

    /// <summary>A peer that holds a key that was given beforehand: its binder says so at a server, and its Finished, which nobody else could make, at a client.</summary>
    public static VerifiedPeer HoldsKey(TlsPreSharedKey key) => new([], null, null, key);

    /// <summary>A client that need not show a certificate and showed none.</summary>
    public static VerifiedPeer AnonymousClient(ClientCertificateMode mode, TlsVersion version) => mode != ClientCertificateMode.Required
        ? Anonymous
        : throw new TlsException(TlsError.NoClientCertificate, version);

    /// <summary>
    /// A peer that proved itself in the session that is resumed: it knows that session's secret, as the binder or the first
    /// encrypted record showed. The chain was judged then, under the same policy.
    /// </summary>
    public static VerifiedPeer Resumed(IReadOnlyList<ReadOnlyMemory<byte>> chain, CertificateVerdict? verdict, SignatureScheme? scheme) => new(chain, verdict, scheme);

    /// <summary>Checks the signature of a peer whose chain was judged already.</summary>
    /// <exception cref="TlsException">The scheme was not offered, does not fit the key, or the signature is wrong.</exception>
    public static VerifiedPeer Check(JudgedChain judged, CertificateVerify proof, IReadOnlyList<SignatureScheme> offered, ReadOnlySpan<byte> signed, TlsVersion version)
    {
        // RFC 8446 §4.4.3: the scheme must be one that was offered, and must fit the key by the rules of the version; PKCS#1 is not for TLS 1.3.
        if (!offered.Contains(proof.Scheme))
            throw new TlsException(TlsError.WrongSignatureScheme, $"{proof.Scheme} was not offered");
        if (!judged.LeafKey.HandshakeSchemesOf(version).Contains(proof.Scheme))
            throw new TlsException(TlsError.WrongSignatureScheme, $"{proof.Scheme} with a key of type {judged.LeafKey.Description}");
        if (!judged.LeafKey.VerifyHandshake(version, proof.Scheme, signed, proof.Signature.Span))
            throw new TlsException(TlsError.BadHandshakeSignature, proof.Scheme.ToString());
        return new VerifiedPeer(judged.Chain, judged.Verdict, proof.Scheme) { Staple = judged.Staple, Timestamps = judged.Timestamps };
    }
}

/// <summary>A chain that the verifier, or an explicit wish to accept any, let pass. The signature is still to come.</summary>
internal sealed class JudgedChain
{
    private JudgedChain(IReadOnlyList<ReadOnlyMemory<byte>> chain, CertificateVerdict? verdict, VerificationKey leafKey, ReadOnlyMemory<byte> staple, ReadOnlyMemory<byte> timestamps)
    {
        Staple = staple;
        Timestamps = timestamps;
        Chain = chain;
        Verdict = verdict;
        LeafKey = leafKey;
    }

    public IReadOnlyList<ReadOnlyMemory<byte>> Chain { get; }
    public CertificateVerdict? Verdict { get; }
    public VerificationKey LeafKey { get; }
    public ReadOnlyMemory<byte> Staple { get; }
    public ReadOnlyMemory<byte> Timestamps { get; }

    /// <param name="message">The peer's certificates, at least one.</param>
    /// <param name="verifier">Who judges; null to accept any.</param>
    /// <param name="name">The name asked for; null for a client's certificate.</param>
    /// <param name="purpose">What the leaf must be good for.</param>
    /// <param name="asked">The ClientHello or CertificateRequest that the message answers; null when nothing could be asked for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TlsException">The verdict is a refusal, or the leaf's key cannot be used.</exception>
    public static async ValueTask<JudgedChain> JudgeAsync(CertificateMessage message, CertificateVerifier? verifier, string? name, CertificatePurpose purpose, ExtensionBlock? asked, CancellationToken cancellationToken)
    {
        var chain = new ReadOnlyMemory<byte>[message.Entries.Count];
        for (var i = 0; i < chain.Length; i++)
            chain[i] = message.Entries[i].Certificate;
        // What is malformed is refused whoever judges.
        ReadOnlyMemory<byte>[] staples = [.. message.Entries.Select(StapleOf)];
        var timestamps = message.Entries[0].Extensions.TryGet(ExtensionType.SignedCertificateTimestamp, out var list) ? Extensions.ParseTimestamps(list) : default;
        CertificateVerdict? verdict = null;
        if (verifier != null)
        {
            var request = new CertificateVerificationRequest
            {
                Chain = chain,
                Names = name == null ? [] : [PeerName.Parse(name)],
                Purpose = purpose,
                Staples = asked?.Contains(ExtensionType.StatusRequest) == true ? staples : null,
                Timestamps = timestamps,
            };
            verdict = await verifier.VerifyAsync(request, cancellationToken).ConfigureAwait(false);
            if (!verdict.IsAccepted)
                throw TlsException.FromVerdict(verdict, chain);
        }
        var leafKey = Certificates.LeafKey.Of(chain[0])
            ?? throw new TlsException(Certificate.TryParse(chain[0]) == null ? TlsError.CertificateMalformed : TlsError.UnsupportedCertificateKey);
        return new JudgedChain(chain, verdict, leafKey, staples[0], timestamps);
    }

    private static ReadOnlyMemory<byte> StapleOf(CertificateEntry entry) =>
        entry.Extensions.TryGet(ExtensionType.StatusRequest, out var status) ? Extensions.ParseCertificateStatus(status) : default;
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.Certificates.Names;
using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Revocation;
using LucidTls.Certificates.Transparency;
using LucidTls.Cryptography;
using LucidTls.Protocol;

namespace LucidTls;

/// <summary>Signs with a private key that this process may not hold, in an HSM or a remote service for example.</summary>
/// <param name="scheme">The scheme to sign with, in TLS 1.2 RSA PKCS#1 or ECDSA with any hash among them; its hash is applied to <paramref name="data"/> by the signer.</param>
/// <param name="data">The bytes to sign, not hashed yet.</param>
/// <param name="cancellationToken">Cancelled when the handshake is given up.</param>
/// <returns>The signature: DER for ECDSA (RFC 8446 §4.2.3), the raw bytes otherwise.</returns>
public delegate ValueTask<byte[]> TlsSignCallback(SignatureScheme scheme, ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

/// <summary>What one end proves itself with: a certificate chain and the private key of its leaf. Safe for use by several threads at once.</summary>
public sealed class TlsIdentity
{
    private readonly TlsSignCallback _sign;
    private readonly SignatureScheme[] _schemes;
    private readonly SignatureScheme[] _tls12Schemes;
    private readonly IReadOnlyList<GeneralName> _names;
    private readonly StapleBox _staples;

    private TlsIdentity(IReadOnlyList<ReadOnlyMemory<byte>> chain, ReadOnlySpan<SignatureScheme> schemes, ReadOnlySpan<SignatureScheme> tls12Schemes, TlsSignCallback sign, StapleBox? staples = null, SuiteAuthentication? authentication = null, NamedGroup? curve = null)
    {
        _staples = staples ?? new StapleBox();
        Chain = chain;
        _schemes = schemes.ToArray();
        _tls12Schemes = tls12Schemes.ToArray();
        _sign = sign;
        Curve = curve ?? (schemes.IsEmpty ? null : CurveOf(schemes[0]));
        Authentication = authentication ?? SchemeAlgorithm.Of(schemes[0])?.Authentication ?? SuiteAuthentication.Rsa;
        // LeafKeyOf has parsed it before.
        _names = Certificate.TryParse(chain[0])!.Facts.AlternativeNames;
    }

    /// <summary>The chain in DER, leaf first, without the root.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Chain { get; }

    /// <summary>
    /// OCSP responses in DER that are stapled for peers that ask (RFC 6066 §8), each at the place of its certificate in <see cref="Chain"/> and empty where there is
    /// none; they are sent as they are. May be set at any time; the next handshake sees it. An identity made by <see cref="WithTimestamps"/> shares them.
    /// <see cref="OcspStapler"/> keeps them current.
    /// </summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Staples
    {
        get => _staples.Staples;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _staples.Staples = value;
        }
    }

    /// <summary>
    /// Timestamps of certificate transparency logs for the leaf, each a SignedCertificateTimestamp (RFC 6962 §3.2), which are sent to peers that ask
    /// for them. Most certificates carry theirs inside and need none here.
    /// </summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Timestamps { get; private init; } = [];

    /// <summary>The schemes that the key can sign with in TLS 1.3, most wanted first.</summary>
    public IReadOnlyList<SignatureScheme> SignatureSchemes => _schemes;

    internal IReadOnlyList<SignatureScheme> SchemesOf(TlsVersion version) => version == TlsVersion.Tls13 ? _schemes : _tls12Schemes;

    /// <summary>The curve of an ECDSA key; null for others.</summary>
    internal NamedGroup? Curve { get; }

    /// <summary>Which cipher suites of TLS 1.2 go with the key.</summary>
    internal SuiteAuthentication Authentication { get; }

    /// <summary>From PEM text: certificates and the leaf's private key, in any order.</summary>
    /// <param name="certificatePem">
    /// Certificates ("CERTIFICATE", or bundles, "PKCS7"). The leaf is the one that the key fits; those above it follow in order, without the root;
    /// others are left out.
    /// </param>
    /// <param name="keyPem">A key in PKCS#8, encrypted PKCS#8, PKCS#1 or SEC1; other blocks are passed over. May be the same text.</param>
    /// <param name="password">The password of an encrypted key.</param>
    /// <exception cref="FormatException">There is no certificate or no key, or one that cannot be read, or the password is wrong; the message names the line.</exception>
    /// <exception cref="ArgumentException">The key is not that of any of the certificates.</exception>
    public static TlsIdentity FromPem(string certificatePem, string keyPem, string? password = null)
    {
        ArgumentNullException.ThrowIfNull(certificatePem);
        ArgumentNullException.ThrowIfNull(keyPem);
        var parts = new IdentityParts();
        var isOne = ReferenceEquals(certificatePem, keyPem);
        parts.AddPem(certificatePem, isOne ? "the PEM text" : "the certificates' PEM text", password);
        if (!isOne)
            parts.AddPem(keyPem, "the key's PEM text", password);
        return FromParts(parts);
    }

    /// <summary>From PEM files; one file may hold both. Files in DER, PKCS#7 and PKCS#12 are read too, told by what they hold.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="FormatException">There is no certificate or no key, or one that cannot be read, or the password is wrong; the message names file and line.</exception>
    /// <exception cref="ArgumentException">The key is not that of any of the certificates.</exception>
    public static TlsIdentity FromPemFile(string certificatePath, string? keyPath = null, string? password = null)
    {
        ArgumentNullException.ThrowIfNull(certificatePath);
        var parts = new IdentityParts();
        parts.AddFile(certificatePath, password);
        if (keyPath != null && keyPath != certificatePath)
            parts.AddFile(keyPath, password);
        return FromParts(parts);
    }

    /// <summary>
    /// From PKCS#12 (a .p12 or .pfx file): the private key, its certificate, and those above it but the root. Files of today are read (AES, SHA-256, also
    /// PBMAC1) and those of older software (Triple DES, RC2).
    /// </summary>
    /// <exception cref="FormatException">It cannot be read, it holds no certificate or no key, or the password is wrong; the message says which.</exception>
    /// <exception cref="ArgumentException">The key is not that of any of the certificates.</exception>
    public static TlsIdentity FromPkcs12(ReadOnlySpan<byte> pkcs12, string? password)
    {
        var parts = new IdentityParts();
        parts.AddPkcs12(pkcs12.ToArray(), "the PKCS#12", password);
        return FromParts(parts);
    }

    /// <summary>From a certificate with its private key, and the intermediates to send.</summary>
    /// <exception cref="ArgumentException">The certificate has no private key that can be used.</exception>
    public static TlsIdentity FromCertificate(X509Certificate2 certificate, params IEnumerable<X509Certificate2> intermediates)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        AsymmetricAlgorithm key = certificate.GetECDsaPrivateKey() ?? (AsymmetricAlgorithm?)certificate.GetRSAPrivateKey()
            ?? throw new ArgumentException("The certificate has no ECDSA or RSA private key.", nameof(certificate));
        return FromKey([certificate.RawData, .. intermediates.Select(one => (ReadOnlyMemory<byte>)one.RawData)], key);
    }

    /// <summary>From a chain in DER and a key object (<see cref="ECDsa"/> or <see cref="RSA"/>), which must live as long as the identity.</summary>
    /// <exception cref="ArgumentException">The key is of another kind, or not the certificate's.</exception>
    public static TlsIdentity FromKey(IReadOnlyList<ReadOnlyMemory<byte>> chain, AsymmetricAlgorithm key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return FromSigningKey(chain, SigningKey.FromKey(key, isRsaPssKey: LeafKeyOf(chain).HandshakeSchemes.Contains(SignatureScheme.RsaPssPssSha256)));
    }

    /// <summary>From a chain in DER and a callback that signs; the schemes are those that the leaf's key allows.</summary>
    /// <exception cref="ArgumentException">The leaf's key is of a kind that cannot be used.</exception>
    public static TlsIdentity FromCallback(IReadOnlyList<ReadOnlyMemory<byte>> chain, TlsSignCallback sign)
    {
        ArgumentNullException.ThrowIfNull(sign);
        var leafKey = LeafKeyOf(chain);
        return new TlsIdentity(chain, leafKey.HandshakeSchemes, leafKey.Tls12HandshakeSchemes, sign);
    }

    /// <summary>The same identity with timestamps of certificate transparency logs to send.</summary>
    /// <param name="timestamps">See <see cref="Timestamps"/>.</param>
    /// <exception cref="ArgumentException">One of them is no SignedCertificateTimestamp.</exception>
    public TlsIdentity WithTimestamps(IReadOnlyList<ReadOnlyMemory<byte>> timestamps)
    {
        ArgumentNullException.ThrowIfNull(timestamps);
        if (timestamps.Count > 0 && !SignedCertificateTimestamp.TryParseList(Extensions.BuildTimestamps(timestamps), out _))
            throw new ArgumentException("One of the timestamps is no SignedCertificateTimestamp (RFC 6962 §3.2).", nameof(timestamps));
        return WithUncheckedTimestamps(timestamps);
    }

    /// <summary>The same with timestamps that may be none, which a test sends.</summary>
    internal TlsIdentity WithUncheckedTimestamps(IReadOnlyList<ReadOnlyMemory<byte>> timestamps) =>
        new(Chain, _schemes, _tls12Schemes, _sign, _staples) { Timestamps = [.. timestamps.Select(one => (ReadOnlyMemory<byte>)one.ToArray())] };

    /// <summary>The same that signs with some of its schemes only, in this order.</summary>
    internal TlsIdentity WithSchemes(IReadOnlyList<SignatureScheme> schemes) =>
        new(Chain, [.. schemes.Where(_schemes.Contains)], [.. schemes.Where(_tls12Schemes.Contains)], _sign, _staples, Authentication, Curve) { Timestamps = Timestamps };

    /// <summary>Whether the leaf is for that DNS name or IP address (RFC 9525).</summary>
    public bool Matches(string serverName)
    {
        ArgumentNullException.ThrowIfNull(serverName);
        return ServerNames.IsName(serverName) && NameMatching.Find(_names, PeerName.Parse(serverName)) != null;
    }

    internal ValueTask<byte[]> SignAsync(SignatureScheme scheme, ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => _sign(scheme, data, cancellationToken);

    private static TlsIdentity FromParts(IdentityParts parts)
    {
        var (chain, key) = parts.Take();
        return new TlsIdentity(chain, key.Schemes, key.Tls12Schemes, Signing(key));
    }

    private static NamedGroup? CurveOf(SignatureScheme scheme) => scheme.Value switch
    {
        0x0403 => NamedGroup.Secp256r1,
        0x0503 => NamedGroup.Secp384r1,
        0x0603 => NamedGroup.Secp521r1,
        _ => null,
    };

    private static TlsSignCallback Signing(SigningKey key) => (scheme, data, _) => ValueTask.FromResult(key.Sign(scheme, data.Span));

    private static TlsIdentity FromSigningKey(IReadOnlyList<ReadOnlyMemory<byte>> chain, SigningKey key)
    {
        var leafKey = LeafKeyOf(chain);
        var schemes = key.Schemes.ToArray();
        // A mix-up of files is found now, and not by the first peer.
        byte[] probe = [1, 2, 3, 4];
        if (!leafKey.Verify(schemes[0], probe, key.Sign(schemes[0], probe)))
            throw new ArgumentException("The private key is not the certificate's.");
        return new TlsIdentity(chain, schemes, key.Tls12Schemes, Signing(key));
    }

    private static VerificationKey LeafKeyOf(IReadOnlyList<ReadOnlyMemory<byte>> chain)
    {
        ArgumentNullException.ThrowIfNull(chain);
        if (chain.Count == 0)
            throw new ArgumentException("The chain is empty.", nameof(chain));
        return LeafKey.Of(chain[0]) ?? throw new ArgumentException("The certificate's key cannot be used for TLS: it is of an unknown kind, or its key usage forbids signatures.", nameof(chain));
    }

    /// <summary>The staples of all identities that were made of one.</summary>
    private sealed class StapleBox
    {
        private volatile IReadOnlyList<ReadOnlyMemory<byte>> _staples = [];

        public IReadOnlyList<ReadOnlyMemory<byte>> Staples
        {
            get => _staples;
            set => _staples = value;
        }
    }
}

using System.Formats.Asn1;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// An RSA public key, for everything or for RSASSA-PSS alone. Its first signatures are checked by <see cref="RsaPublicOperation"/>; a key that
/// goes on being used is imported by the platform, which checks faster. The platform's key objects only read the key to verify, so threads may share one.
/// </summary>
internal sealed class RsaVerificationKey : VerificationKey
{
    private const int MinModulusBits = 1024;

    /// <summary>Beyond, verifying takes long enough to be an attack; Go and others draw the line at the same place.</summary>
    private const int MaxModulusBits = 8192;

    /// <summary>As OpenSSL has it for long moduli: no real key has a longer exponent, and the time to verify grows with it.</summary>
    private const int MaxExponentLength = 8;

    /// <summary>As many as cost what importing costs.</summary>
    private const int FirstVerifications = 4;

    private readonly RSAParameters _parameters;
    private readonly RsaPublicOperation _operation;
    private readonly Lazy<RSA> _key;
    private int _verifications;
    private readonly bool _isPssKey;
    private readonly HashAlgorithmName? _onlyHash;
    private readonly SignatureScheme[] _handshakeSchemes;
    private readonly SignatureScheme[] _tls12HandshakeSchemes;

    private RsaVerificationKey(RSAParameters parameters, bool isPssKey, HashAlgorithmName? onlyHash)
    {
        _parameters = parameters;
        _operation = new RsaPublicOperation(parameters.Modulus, parameters.Exponent);
        _key = new Lazy<RSA>(() => RSA.Create(_parameters));
        _isPssKey = isPssKey;
        _onlyHash = onlyHash;
        KeyBits = (8 * parameters.Modulus!.Length) - byte.LeadingZeroCount(parameters.Modulus[0]);
        _handshakeSchemes = RsaSchemes.For(isPssKey, onlyHash, KeyBits);
        _tls12HandshakeSchemes = RsaSchemes.ForTls12(isPssKey, _handshakeSchemes);
        Description = $"{(isPssKey ? "RSASSA-PSS" : "RSA")} {KeyBits} bits";
    }

    public override ReadOnlySpan<SignatureScheme> HandshakeSchemes => _handshakeSchemes;
    public override ReadOnlySpan<SignatureScheme> Tls12HandshakeSchemes => _tls12HandshakeSchemes;
    public override string Description { get; }
    public override int KeyBits { get; }

    public static RsaVerificationKey Import(SubjectPublicKeyInfo info)
    {
        var isPssKey = info.Algorithm == KeyOids.RsaSsaPss;
        HashAlgorithmName? onlyHash = null;
        if (isPssKey && !info.Parameters.IsEmpty)
        {
            var parameters = RsaPssParameters.Parse(info.Parameters);
            // RFC 4055 §3.3: the key's salt length is the least that signatures may have; those of TLS are as long as the hash.
            if (parameters.SaltLength > parameters.HashLength)
                throw new CryptographicException("The RSASSA-PSS key demands a salt longer than its hash, which TLS does not use.");
            onlyHash = parameters.Hash;
        }
        else if (!isPssKey && !info.Parameters.SequenceEqual<byte>([5, 0]))
        {
            throw new CryptographicException("The parameters of an rsaEncryption key must be NULL (RFC 3279 §2.3.1).");
        }
        return new RsaVerificationKey(ReadPublicKey(info.Key), isPssKey, onlyHash);
    }

    public override bool Verify(SignatureScheme scheme, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        SchemeAlgorithm.Of(scheme) is { } algorithm
        && algorithm.Kind != (_isPssKey ? SignatureKind.RsaPssRsae : SignatureKind.RsaPssPss)
        && VerifyCertificateSignature(scheme, data, signature);

    public override bool VerifyCertificateSignature(SignatureScheme scheme, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (SchemeAlgorithm.Of(scheme) is not { } algorithm || (_onlyHash is not null && algorithm.Hash != _onlyHash))
            return false;
        // RFC 8446 §4.2.3: salts are as long as the hash, which .NET's Pss padding demands too.
        var padding = algorithm.Kind switch
        {
            SignatureKind.RsaPssRsae or SignatureKind.RsaPssPss => RSASignaturePadding.Pss,
            SignatureKind.RsaPkcs1 when !_isPssKey => RSASignaturePadding.Pkcs1,
            _ => null,
        };
        if (padding is null)
            return false;
        return _verifications < FirstVerifications && Interlocked.Increment(ref _verifications) <= FirstVerifications
            ? VerifyWithoutPlatform(padding, algorithm.Hash, data, signature)
            : VerifyByPlatform(padding, algorithm.Hash, data, signature);
    }

    internal bool VerifyWithoutPlatform(RSASignaturePadding padding, HashAlgorithmName hash, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        lock (_operation)
            return padding == RSASignaturePadding.Pss ? _operation.VerifyPss(hash, data, signature) : _operation.VerifyPkcs1(hash, data, signature);
    }

    internal bool VerifyByPlatform(RSASignaturePadding padding, HashAlgorithmName hash, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        try
        {
            return _key.Value.VerifyData(data, signature, hash, padding);
        }
        catch (CryptographicException)
        {
            return false; // The signature has a wrong length, or the modulus is too short for the hash.
        }
    }

    private static RSAParameters ReadPublicKey(ReadOnlySpan<byte> der)
    {
        ReadOnlySpan<byte> modulus, exponent;
        try
        {
            var content = DerElement.Sequence(ref der);
            modulus = AsnDecoder.ReadIntegerBytes(content, AsnEncodingRules.DER, out var consumed);
            content = content[consumed..];
            exponent = AsnDecoder.ReadIntegerBytes(content, AsnEncodingRules.DER, out consumed);
            if (consumed != content.Length || !der.IsEmpty)
                throw new CryptographicException("The RSA key has trailing bytes.");
        }
        catch (AsnContentException e)
        {
            throw new CryptographicException("The RSA key is not an RSAPublicKey in DER (RFC 8017 §A.1.1).", e);
        }
        if ((modulus[0] | exponent[0]) >= 0x80)
            throw new CryptographicException("The RSA key has a negative modulus or exponent.");
        modulus = modulus.TrimStart((byte)0);
        exponent = exponent.TrimStart((byte)0);
        var bits = modulus.IsEmpty ? 0 : (8 * modulus.Length) - int.CreateChecked(byte.LeadingZeroCount(modulus[0]));
        if (bits is < MinModulusBits or > MaxModulusBits)
            throw new CryptographicException($"RSA keys of {bits} bits are not supported: {MinModulusBits} to {MaxModulusBits} are.");
        // An even modulus or exponent is no RSA key; an exponent of 1 would make every message its own signature.
        if ((modulus[^1] & 1) == 0 || exponent.IsEmpty || (exponent[^1] & 1) == 0 || exponent.SequenceEqual<byte>([1]) || exponent.Length > MaxExponentLength)
            throw new CryptographicException("The RSA key's modulus or exponent is even, or its exponent is 1 or longer than 64 bits.");
        return new RSAParameters { Modulus = modulus.ToArray(), Exponent = exponent.ToArray() };
    }
}

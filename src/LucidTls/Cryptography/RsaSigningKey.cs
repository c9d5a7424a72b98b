using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>Signs with an RSA key, in RSASSA-PSS with a salt as long as the hash (RFC 8446 §4.2.3), for TLS 1.2 in PKCS#1 v1.5 as well.</summary>
internal sealed class RsaSigningKey : SigningKey
{
    private readonly RSA _key;
    private readonly bool _ownsKey;
    private readonly SignatureScheme[] _schemes;
    private readonly SignatureScheme[] _tls12Schemes;

    /// <param name="key">The private key.</param>
    /// <param name="isPssKey">Whether its algorithm is RSASSA-PSS and not rsaEncryption.</param>
    /// <param name="onlyHash">The hash that an RSASSA-PSS key's parameters bind it to, or null.</param>
    /// <param name="ownsKey">Whether to dispose of the key with this object.</param>
    public RsaSigningKey(RSA key, bool isPssKey, HashAlgorithmName? onlyHash, bool ownsKey)
    {
        _key = key;
        _ownsKey = ownsKey;
        _schemes = RsaSchemes.For(isPssKey, onlyHash, key.KeySize);
        _tls12Schemes = RsaSchemes.ForTls12(isPssKey, _schemes);
    }

    public override ReadOnlySpan<SignatureScheme> Schemes => _schemes;
    public override ReadOnlySpan<SignatureScheme> Tls12Schemes => _tls12Schemes;

    /// <param name="rsaPrivateKey">An RSAPrivateKey in DER (RFC 8017 §A.1.2).</param>
    /// <param name="isPssKey">Whether its algorithm is RSASSA-PSS and not rsaEncryption.</param>
    /// <param name="onlyHash">The hash that an RSASSA-PSS key's parameters bind it to, or null.</param>
    public static RsaSigningKey Import(ReadOnlySpan<byte> rsaPrivateKey, bool isPssKey, HashAlgorithmName? onlyHash)
    {
        var key = RSA.Create();
        try
        {
            key.ImportRSAPrivateKey(rsaPrivateKey, out _);
            return new RsaSigningKey(key, isPssKey, onlyHash, ownsKey: true);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    public override byte[] Sign(SignatureScheme scheme, ReadOnlySpan<byte> data)
    {
        if (!_tls12Schemes.Contains(scheme))
            throw new ArgumentException($"This RSA key cannot sign with {scheme}.", nameof(scheme));
        var algorithm = SchemeAlgorithm.Of(scheme)!.Value;
        return _key.SignData(data, algorithm.Hash, algorithm.Kind == SignatureKind.RsaPkcs1 ? RSASignaturePadding.Pkcs1 : RSASignaturePadding.Pss);
    }

    public override void Dispose()
    {
        if (_ownsKey)
            _key.Dispose();
    }
}

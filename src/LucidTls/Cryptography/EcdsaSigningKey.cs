using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>Signs with an EC key.</summary>
internal sealed class EcdsaSigningKey : SigningKey
{
    private readonly ECDsa _key;
    private readonly EcdsaCurve _curve;
    private readonly bool _ownsKey;

    public EcdsaSigningKey(ECDsa key, bool ownsKey)
    {
        _curve = EcdsaCurve.Of(key) ?? throw new CryptographicException("The EC key is not on P-256, P-384 or P-521, the curves that TLS 1.3 signs with.");
        _key = key;
        _ownsKey = ownsKey;
    }

    public override ReadOnlySpan<SignatureScheme> Schemes => _curve.Schemes;

    public static EcdsaSigningKey Import(ReadOnlySpan<byte> pkcs8)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out _);
            return new EcdsaSigningKey(key, ownsKey: true);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    public override byte[] Sign(SignatureScheme scheme, ReadOnlySpan<byte> data)
    {
        if (scheme != _curve.Scheme)
            throw new ArgumentException($"A key on {_curve.Name} cannot sign with {scheme}.", nameof(scheme));
        // ECDsa without a buffer to write to signs an array only.
        Span<byte> signature = stackalloc byte[_key.GetMaxSignatureSize(DSASignatureFormat.Rfc3279DerSequence)];
        if (!_key.TrySignData(data, signature, SchemeAlgorithm.Of(scheme)!.Value.Hash, DSASignatureFormat.Rfc3279DerSequence, out var length))
            throw new CryptographicException("The signature is longer than the key said.");
        return signature[..length].ToArray();
    }

    public override void Dispose()
    {
        if (_ownsKey)
            _key.Dispose();
    }
}

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
    public override ReadOnlySpan<SignatureScheme> Tls12Schemes => _curve.Tls12Schemes;

    /// <param name="pkcs8">A PrivateKeyInfo in DER (RFC 5958).</param>
    /// <exception cref="CryptographicException">It is malformed, or not on one of the three curves.</exception>
    public static EcdsaSigningKey Import(ReadOnlySpan<byte> pkcs8) => Import(pkcs8, static (key, der) => key.ImportPkcs8PrivateKey(der, out _));

    /// <param name="sec1">An ECPrivateKey in DER (RFC 5915).</param>
    /// <exception cref="CryptographicException">It is malformed, or not on one of the three curves.</exception>
    public static EcdsaSigningKey ImportSec1(ReadOnlySpan<byte> sec1) => Import(sec1, static (key, der) => key.ImportECPrivateKey(der, out _));

    private static EcdsaSigningKey Import(ReadOnlySpan<byte> der, Action<ECDsa, ReadOnlySpan<byte>> import)
    {
        var key = ECDsa.Create();
        try
        {
            import(key, der);
            return new EcdsaSigningKey(key, ownsKey: true);
        }
        catch (PlatformNotSupportedException exception)
        {
            // What the platform throws for a curve that it does not know.
            key.Dispose();
            throw new CryptographicException("The EC key is not on P-256, P-384 or P-521, the curves that TLS 1.3 signs with.", exception);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    public override byte[] Sign(SignatureScheme scheme, ReadOnlySpan<byte> data)
    {
        if (!_curve.Tls12Schemes.Contains(scheme))
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

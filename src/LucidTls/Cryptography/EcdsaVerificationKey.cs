using System.Formats.Asn1;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>An EC public key. The platform's key objects only read the key to verify, so threads may share one.</summary>
internal sealed class EcdsaVerificationKey : VerificationKey
{
    private readonly EcdsaCurve _curve;
    private readonly ECDsa _key;

    private EcdsaVerificationKey(EcdsaCurve curve, ECDsa key)
    {
        _curve = curve;
        _key = key;
        Description = $"EC {curve.Name}";
    }

    public override ReadOnlySpan<SignatureScheme> HandshakeSchemes => _curve.Schemes;
    public override ReadOnlySpan<SignatureScheme> Tls12HandshakeSchemes => _curve.Tls12Schemes;
    public override string Description { get; }
    public override int KeyBits => _curve.FieldBits;
    public override NamedGroup? Curve => _curve.Group;

    public static EcdsaVerificationKey Import(SubjectPublicKeyInfo info)
    {
        var curve = ReadNamedCurve(info.Parameters);
        var coordinateLength = (curve.FieldBits + 7) / 8;
        if (info.Key.Length != 1 + (2 * coordinateLength) || info.Key[0] != EcPoint.Uncompressed)
            throw new CryptographicException($"The EC key is not an uncompressed point on {curve.Name}.");
        // The platform refuses coordinates from p on and points that are not on the curve; these curves have cofactor 1.
        return new EcdsaVerificationKey(curve, ECDsa.Create(new ECParameters { Curve = curve.Curve, Q = EcPoint.Read(info.Key) }));
    }

    public override bool Verify(SignatureScheme scheme, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        scheme == _curve.Scheme && VerifyCertificateSignature(scheme, data, signature);

    public override bool VerifyCertificateSignature(SignatureScheme scheme, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (SchemeAlgorithm.Of(scheme) is not { Kind: SignatureKind.Ecdsa } algorithm || !IsStrictSignature(signature))
            return false;
        try
        {
            return _key.VerifyData(data, signature, algorithm.Hash, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            return false; // The integers are longer than the field.
        }
    }

    /// <summary>
    /// An ECDSA-Sig-Value in DER (RFC 3279 §2.2.3) with two positive integers. The platform takes an integer that lacks its leading zero,
    /// so that a signature would have two encodings.
    /// </summary>
    private static bool IsStrictSignature(ReadOnlySpan<byte> signature)
    {
        try
        {
            var content = DerElement.Sequence(ref signature);
            return signature.IsEmpty && TakesPositiveInteger(ref content) && TakesPositiveInteger(ref content) && content.IsEmpty;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static bool TakesPositiveInteger(ref ReadOnlySpan<byte> der)
    {
        var integer = AsnDecoder.ReadIntegerBytes(der, AsnEncodingRules.DER, out var consumed);
        der = der[consumed..];
        return integer[0] < 0x80 && !integer.SequenceEqual<byte>([0]);
    }

    private static EcdsaCurve ReadNamedCurve(ReadOnlySpan<byte> parameters)
    {
        string oid;
        try
        {
            // RFC 5480 §2.1.1: implicitCurve and specifiedCurve MUST NOT be used.
            oid = AsnDecoder.ReadObjectIdentifier(parameters, AsnEncodingRules.DER, out var consumed);
            if (consumed != parameters.Length)
                throw new CryptographicException("The EC key's parameters have trailing bytes.");
        }
        catch (AsnContentException e)
        {
            throw new CryptographicException("The EC key does not name its curve.", e);
        }
        return EcdsaCurve.FromOid(oid) ?? throw new CryptographicException($"EC keys on the curve {oid} are not supported.");
    }
}

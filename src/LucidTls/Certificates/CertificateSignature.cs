using System.Formats.Asn1;
using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Certificates;

/// <summary>Signatures inside certificates: which scheme an AlgorithmIdentifier stands for, and whether one verifies.</summary>
internal static class CertificateSignature
{
    /// <summary>The scheme, or null for algorithms that are unknown or refused, SHA-1 and MD5 among them.</summary>
    public static SignatureScheme? SchemeOf(ReadOnlyMemory<byte> algorithmIdentifier)
    {
        var outer = new DerReader(algorithmIdentifier);
        var fields = outer.ReadSequence();
        var oid = fields.ReadOid();
        switch (oid)
        {
            case "1.2.840.10045.4.3.2": fields.End(); return SignatureScheme.EcdsaSecp256r1Sha256;
            case "1.2.840.10045.4.3.3": fields.End(); return SignatureScheme.EcdsaSecp384r1Sha384;
            case "1.2.840.10045.4.3.4": fields.End(); return SignatureScheme.EcdsaSecp521r1Sha512;
            case "1.3.101.112": fields.End(); return SignatureScheme.Ed25519;
            // RFC 4055 §5: the parameters of PKCS#1 are NULL.
            case "1.2.840.113549.1.1.11": fields.ReadContent(Asn1Tag.Null); fields.End(); return SignatureScheme.RsaPkcs1Sha256;
            case "1.2.840.113549.1.1.12": fields.ReadContent(Asn1Tag.Null); fields.End(); return SignatureScheme.RsaPkcs1Sha384;
            case "1.2.840.113549.1.1.13": fields.ReadContent(Asn1Tag.Null); fields.End(); return SignatureScheme.RsaPkcs1Sha512;
            case "1.2.840.113549.1.1.10": return PssScheme(fields.ReadEncoded());
            default: return null;
        }
    }

    /// <summary>A name for people for an algorithm that <see cref="SchemeOf"/> does not take.</summary>
    public static string Describe(ReadOnlyMemory<byte> algorithmIdentifier)
    {
        var outer = new DerReader(algorithmIdentifier);
        var fields = outer.ReadSequence();
        return fields.ReadOid() switch
        {
            "1.2.840.113549.1.1.4" => "MD5 with RSA, which is broken",
            "1.2.840.113549.1.1.5" => "SHA-1 with RSA, which is broken",
            "1.2.840.10045.4.1" => "ECDSA with SHA-1, which is broken",
            var oid => $"the algorithm {oid}, which is not supported",
        };
    }

    /// <summary>Whether the issuer's key made the certificate's signature. True answers are kept: they depend on nothing that changes.</summary>
    public static bool Verifies(Certificate certificate, Certificate issuer, SignatureScheme scheme)
    {
        var link = LinkCache.KeyOf(certificate.Der.Span, issuer.SubjectPublicKeyInfo.Span);
        if (LinkCache.Shared.Contains(link))
            return true;
        if (issuer.PublicKey is not { } key || !key.VerifyCertificateSignature(scheme, certificate.Signed.Span, certificate.Signature.Span))
            return false;
        LinkCache.Shared.Add(link);
        return true;
    }

    private static SignatureScheme? PssScheme(ReadOnlyMemory<byte> parameters)
    {
        try
        {
            var hash = RsaPssParameters.Parse(parameters.Span).Hash;
            return hash == HashAlgorithmName.SHA256 ? SignatureScheme.RsaPssPssSha256
                : hash == HashAlgorithmName.SHA384 ? SignatureScheme.RsaPssPssSha384
                : hash == HashAlgorithmName.SHA512 ? SignatureScheme.RsaPssPssSha512
                : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}

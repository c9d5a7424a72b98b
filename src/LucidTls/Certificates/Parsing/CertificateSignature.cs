using System.Formats.Asn1;
using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Certificates.Parsing;

/// <summary>Signatures inside certificates, CRLs and OCSP responses: which scheme an AlgorithmIdentifier stands for, and whether one verifies.</summary>
internal static class CertificateSignature
{
    /// <summary>The scheme, or null for algorithms that are unknown or refused, SHA-1 and MD5 among them.</summary>
    public static SignatureScheme? SchemeOf(ReadOnlyMemory<byte> algorithmIdentifier)
    {
        var bytes = algorithmIdentifier.Span;
        // RFC 5758 §3.2, RFC 4055 §5, RFC 8410 §3: each has one encoding, but that RSA's NULL may be absent.
        if (bytes.StartsWith<byte>([0x30, 0x0A, 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3]) && bytes.Length == 12)
            return bytes[11] switch
            {
                2 => SignatureScheme.EcdsaSecp256r1Sha256,
                3 => SignatureScheme.EcdsaSecp384r1Sha384,
                4 => SignatureScheme.EcdsaSecp521r1Sha512,
                _ => null,
            };
        if (bytes.StartsWith<byte>([0x30, 0x0D, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1]) && bytes.Length == 15 && bytes[13] == 5 && bytes[14] == 0)
            return Pkcs1Scheme(bytes[12]);
        if (bytes.StartsWith<byte>([0x30, 0x0B, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1]) && bytes.Length == 13)
            return Pkcs1Scheme(bytes[12]);
        if (bytes.SequenceEqual<byte>([0x30, 5, 6, 3, 0x2B, 0x65, 0x70]))
            return SignatureScheme.Ed25519;
        // RFC 9881 §3: without parameters.
        if (bytes.StartsWith<byte>([0x30, 0x0B, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3]) && bytes.Length == 13)
            return bytes[12] switch
            {
                0x11 => SignatureScheme.MlDsa44,
                0x12 => SignatureScheme.MlDsa65,
                0x13 => SignatureScheme.MlDsa87,
                _ => null,
            };
        return PssScheme(algorithmIdentifier);
    }

    /// <summary>A name for people.</summary>
    public static string Describe(ReadOnlyMemory<byte> algorithmIdentifier)
    {
        if (SchemeOf(algorithmIdentifier) is { } scheme)
            return scheme.ToString();
        try
        {
            return Oids.ToText(new DerReader(algorithmIdentifier).ReadSequence().ReadOid().Span) switch
            {
                "1.2.840.113549.1.1.2" => "MD2 with RSA, which is broken",
                "1.2.840.113549.1.1.4" => "MD5 with RSA, which is broken",
                "1.2.840.113549.1.1.5" or "1.3.14.3.2.29" => "SHA-1 with RSA, which is broken",
                "1.2.840.10045.4.1" => "ECDSA with SHA-1, which is broken",
                "1.2.840.10040.4.3" => "DSA with SHA-1, which is broken",
                "2.16.840.1.101.3.4.3.2" => "DSA with SHA-256, which is not supported",
                "1.2.840.113549.1.1.10" => "RSASSA-PSS with parameters that are not supported",
                "1.3.101.113" => "Ed448, which is not supported",
                var oid => $"the algorithm {oid}, which is not supported",
            };
        }
        catch (AsnContentException)
        {
            return "an algorithm that cannot be read";
        }
    }

    /// <summary>Whether the issuer's key made the certificate's signature. True answers are kept in the certificate: they depend on nothing that changes.</summary>
    public static bool Verifies(Certificate certificate, Certificate issuer, SignatureScheme scheme)
    {
        if (certificate.IsKnownToBeSignedBy(issuer.SubjectPublicKeyInfo.Span))
            return true;
        if (issuer.PublicKey is not { } key || !key.VerifyCertificateSignature(scheme, certificate.Signed.Span, certificate.Signature.Span))
            return false;
        certificate.RememberSigner(issuer.SubjectPublicKeyInfo);
        return true;
    }

    private static SignatureScheme? Pkcs1Scheme(byte lastArc) => lastArc switch
    {
        11 => SignatureScheme.RsaPkcs1Sha256,
        12 => SignatureScheme.RsaPkcs1Sha384,
        13 => SignatureScheme.RsaPkcs1Sha512,
        _ => null,
    };

    private static SignatureScheme? PssScheme(ReadOnlyMemory<byte> algorithmIdentifier)
    {
        try
        {
            var outer = new DerReader(algorithmIdentifier);
            var fields = outer.ReadSequence();
            outer.End();
            if (!fields.ReadOid().Span.SequenceEqual(Oids.RsaPss) || fields.IsEmpty)
                return null;
            var parameters = RsaPssParameters.Parse(fields.ReadEncoded().Span);
            fields.End();
            // The salt of a signature that verifies is as long as the hash; parameters that say otherwise are a lie.
            if (parameters.SaltLength != parameters.HashLength)
                return null;
            return parameters.Hash == HashAlgorithmName.SHA256 ? SignatureScheme.RsaPssPssSha256
                : parameters.Hash == HashAlgorithmName.SHA384 ? SignatureScheme.RsaPssPssSha384
                : SignatureScheme.RsaPssPssSha512;
        }
        catch (Exception exception) when (exception is AsnContentException or CryptographicException)
        {
            return null;
        }
    }
}

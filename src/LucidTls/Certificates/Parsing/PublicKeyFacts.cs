using System.Formats.Asn1;
using System.Numerics;

namespace LucidTls.Certificates.Parsing;

/// <summary>The kinds of public keys that are told apart.</summary>
internal enum PublicKeyKind
{
    Unknown,
    Rsa,
    RsaPss,
    EcP256,
    EcP384,
    EcP521,
    Ed25519,
    MlDsa,
}

/// <summary>What a SubjectPublicKeyInfo says of itself. Importing a key costs fifty times as much, and the leaf's is not needed to judge a path.</summary>
/// <param name="Kind">The kind; unknown for everything that cannot be used, malformed keys among it.</param>
/// <param name="Bits">Bits of an RSA modulus or of a curve's field.</param>
/// <param name="Text">For people: "RSA 2048 bits", "EC P-256".</param>
internal sealed record PublicKeyFacts(PublicKeyKind Kind, int Bits, string Text)
{
    private static readonly PublicKeyFacts Malformed = new(PublicKeyKind.Unknown, 0, "a malformed key");
    private static readonly PublicKeyFacts P256 = new(PublicKeyKind.EcP256, 256, "EC P-256");
    private static readonly PublicKeyFacts P384 = new(PublicKeyKind.EcP384, 384, "EC P-384");
    private static readonly PublicKeyFacts P521 = new(PublicKeyKind.EcP521, 521, "EC P-521");
    private static readonly PublicKeyFacts Ed25519 = new(PublicKeyKind.Ed25519, 255, "Ed25519");

    public static PublicKeyFacts Of(ReadOnlyMemory<byte> subjectPublicKeyInfo)
    {
        try
        {
            var outer = new DerReader(subjectPublicKeyInfo);
            var fields = outer.ReadSequence();
            outer.End();
            var algorithm = fields.ReadSequence();
            var key = fields.ReadBitString(out var unusedBits);
            fields.End();
            var oid = algorithm.ReadOid().Span;
            if (unusedBits != 0)
                return Malformed;
            if (oid.SequenceEqual(Oids.Ec))
                return OfCurve(algorithm, key.Span);
            if (oid.SequenceEqual(Oids.Rsa) || oid.SequenceEqual(Oids.RsaPss))
                return OfRsa(key, isPss: oid.SequenceEqual(Oids.RsaPss));
            if (oid.SequenceEqual(Oids.Ed25519))
                return key.Length == 32 && algorithm.IsEmpty ? Ed25519 : Malformed;
            if (MlDsaName(oid) is { } name)
                return new PublicKeyFacts(PublicKeyKind.MlDsa, 0, name);
            return new PublicKeyFacts(PublicKeyKind.Unknown, 0, $"a key of the algorithm {Describe(oid)}");
        }
        catch (AsnContentException)
        {
            return Malformed;
        }
    }

    private static PublicKeyFacts OfCurve(DerReader algorithm, ReadOnlySpan<byte> point)
    {
        if (!algorithm.NextIs(Asn1Tag.ObjectIdentifier))
            return new PublicKeyFacts(PublicKeyKind.Unknown, 0, "an EC key that does not name its curve");
        var curve = algorithm.ReadOid().Span;
        algorithm.End();
        var facts = curve.SequenceEqual(Oids.P256) ? P256 : curve.SequenceEqual(Oids.P384) ? P384 : curve.SequenceEqual(Oids.P521) ? P521 : null;
        if (facts == null)
            return new PublicKeyFacts(PublicKeyKind.Unknown, 0, $"an EC key on the curve {DescribeCurve(curve)}");
        // RFC 5480 §2.2: uncompressed, which all support.
        return point.Length == 1 + 2 * ((facts.Bits + 7) / 8) && point[0] == 4 ? facts : Malformed;
    }

    private static PublicKeyFacts OfRsa(ReadOnlyMemory<byte> key, bool isPss)
    {
        var outer = new DerReader(key);
        var numbers = outer.ReadSequence();
        outer.End();
        var modulus = numbers.ReadIntegerBytes().Span;
        var exponent = numbers.ReadIntegerBytes().Span;
        numbers.End();
        if (modulus[0] >= 0x80 || exponent[0] >= 0x80 || (modulus[^1] & 1) == 0 || (exponent[^1] & 1) == 0 || exponent is [1])
            return Malformed;
        var leading = modulus[0] == 0 ? modulus[1..] : modulus;
        var bits = leading.Length * 8 - (BitOperations.LeadingZeroCount(leading[0]) - 24);
        return new PublicKeyFacts(isPss ? PublicKeyKind.RsaPss : PublicKeyKind.Rsa, bits, $"{(isPss ? "RSASSA-PSS" : "RSA")} {bits} bits");
    }

    private static string? MlDsaName(ReadOnlySpan<byte> oid) =>
        oid.SequenceEqual(Oids.MlDsa44) ? "ML-DSA-44" : oid.SequenceEqual(Oids.MlDsa65) ? "ML-DSA-65" : oid.SequenceEqual(Oids.MlDsa87) ? "ML-DSA-87" : null;

    private static string Describe(ReadOnlySpan<byte> oid) => Oids.ToText(oid) switch
    {
        "1.2.840.10040.4.1" => "DSA",
        "1.3.101.113" => "Ed448",
        var text => text,
    };

    private static string DescribeCurve(ReadOnlySpan<byte> oid) => Oids.ToText(oid) switch
    {
        "1.2.840.10045.3.1.1" => "P-192",
        "1.3.132.0.33" => "P-224",
        "1.3.132.0.10" => "secp256k1",
        var text => text,
    };
}

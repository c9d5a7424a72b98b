using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>A NIST curve with the one ECDSA scheme that TLS 1.3 has for it, and those of TLS 1.2 (RFC 8446 §4.2.3).</summary>
internal sealed class EcdsaCurve
{
    public static readonly EcdsaCurve P256 = new("P-256", KeyOids.Secp256r1, ECCurve.NamedCurves.nistP256, 256, NamedGroup.Secp256r1, SignatureScheme.EcdsaSecp256r1Sha256);
    public static readonly EcdsaCurve P384 = new("P-384", KeyOids.Secp384r1, ECCurve.NamedCurves.nistP384, 384, NamedGroup.Secp384r1, SignatureScheme.EcdsaSecp384r1Sha384);
    public static readonly EcdsaCurve P521 = new("P-521", KeyOids.Secp521r1, ECCurve.NamedCurves.nistP521, 521, NamedGroup.Secp521r1, SignatureScheme.EcdsaSecp521r1Sha512);

    private readonly SignatureScheme[] _schemes;
    private readonly SignatureScheme[] _tls12Schemes;

    private EcdsaCurve(string name, string oid, ECCurve curve, int fieldBits, NamedGroup group, SignatureScheme scheme)
    {
        Name = name;
        Oid = oid;
        Curve = curve;
        FieldBits = fieldBits;
        Group = group;
        _schemes = [scheme];
        // RFC 8446 §4.2.3: in TLS 1.2 the scheme names the hash alone, whatever the curve; the one of the curve's size comes first.
        SignatureScheme[] all = [SignatureScheme.EcdsaSecp256r1Sha256, SignatureScheme.EcdsaSecp384r1Sha384, SignatureScheme.EcdsaSecp521r1Sha512];
        _tls12Schemes = [scheme, .. all.Where(other => other != scheme)];
    }

    public string Name { get; }
    public string Oid { get; }
    public ECCurve Curve { get; }
    public int FieldBits { get; }
    public NamedGroup Group { get; }
    public SignatureScheme Scheme => _schemes[0];
    public ReadOnlySpan<SignatureScheme> Schemes => _schemes;
    public ReadOnlySpan<SignatureScheme> Tls12Schemes => _tls12Schemes;

    public static EcdsaCurve? FromOid(string oid) => oid switch
    {
        KeyOids.Secp256r1 => P256,
        KeyOids.Secp384r1 => P384,
        KeyOids.Secp521r1 => P521,
        _ => null,
    };

    /// <summary>The curve of a key object. Its size alone does not tell: there are other curves of 256 and 384 bits.</summary>
    public static EcdsaCurve? Of(ECDsa key)
    {
        var curve = key.ExportParameters(includePrivateParameters: false).Curve;
        if (!curve.IsNamed)
            return null;
        return FromOid(curve.Oid.Value ?? System.Security.Cryptography.Oid.FromFriendlyName(curve.Oid.FriendlyName!, OidGroup.PublicKeyAlgorithm).Value!);
    }
}

using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates.Revocation;

namespace LucidTls.TestSupport;

/// <summary>A revocation list to be made: right in everything unless a test says otherwise.</summary>
public sealed record TestList(TestAuthority Issuer)
{
    public DateTimeOffset ThisUpdate { get; init; } = TestAuthority.Now.AddDays(-1);
    public DateTimeOffset? NextUpdate { get; init; } = TestAuthority.Now.AddDays(6);
    public bool IsVersion2 { get; init; } = true;

    /// <summary>The serial numbers, big-endian, each with why it is listed.</summary>
    public IReadOnlyList<(byte[] Serial, RevocationReason? Reason)> Entries { get; init; } = [];

    /// <summary>The extension of the first entry, beside its reason.</summary>
    public X509Extension? EntryExtension { get; init; }

    /// <summary>The certificateIssuer of entries, by their index.</summary>
    public IReadOnlyDictionary<int, X500DistinguishedName> Issuers { get; init; } = new Dictionary<int, X500DistinguishedName>();

    /// <summary>The crlNumber; null to leave it out.</summary>
    public X509Extension? Number { get; init; } = NumberOf(7);

    public IReadOnlyList<X509Extension> Extensions { get; init; } = [];

    /// <summary>Who signs it, when that is not the issuer.</summary>
    public TestAuthority? Signer { get; init; }

    public TestList Listing(X509Certificate2 certificate, RevocationReason? reason = RevocationReason.KeyCompromise) =>
        this with { Entries = [.. Entries, (certificate.SerialNumberBytes.ToArray(), reason)] };

    /// <summary>The same with the certificate's issuer in the entry.</summary>
    public TestList ListingOf(X500DistinguishedName issuer, X509Certificate2 certificate, RevocationReason? reason = RevocationReason.KeyCompromise) =>
        Listing(certificate, reason) with { Issuers = new Dictionary<int, X500DistinguishedName>(Issuers) { [Entries.Count] = issuer } };

    public static X509Extension NumberOf(BigInteger number, bool critical = false)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteInteger(number);
        return new X509Extension("2.5.29.20", writer.Encode(), critical);
    }

    public CertificateRevocationList Build() => CertificateRevocationList.FromDer(Encode());

    public byte[] Encode() => Sign(Signed(), Signer ?? Issuer);

    /// <summary>The list with that signed part.</summary>
    public static byte[] Sign(byte[] signed, TestAuthority signer)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(signed);
            Algorithm(writer);
            writer.WriteBitString(signer.SignData(signed));
        }
        return writer.Encode();
    }

    private byte[] Signed()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            if (IsVersion2)
                writer.WriteInteger(1);
            Algorithm(writer);
            writer.WriteEncodedValue(Issuer.Name.RawData);
            writer.WriteUtcTime(ThisUpdate);
            if (NextUpdate is { } next)
                writer.WriteUtcTime(next);
            if (Entries.Count > 0)
            {
                using (writer.PushSequence())
                {
                    for (var i = 0; i < Entries.Count; i++)
                        Entry(writer, Entries[i].Serial, Entries[i].Reason, Issuers.TryGetValue(i, out var issuer) ? CertificateIssuer(issuer) : i == 0 ? EntryExtension : null);
                }
            }
            X509Extension[] extensions = Number == null ? [.. Extensions] : [Number, .. Extensions];
            if (extensions.Length > 0)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                    Write(writer, extensions);
            }
        }
        return writer.Encode();
    }

    private static X509Extension CertificateIssuer(X500DistinguishedName issuer)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 4)))
            writer.WriteEncodedValue(issuer.RawData);
        return new X509Extension("2.5.29.29", writer.Encode(), critical: true);
    }

    private static void Entry(AsnWriter writer, byte[] serial, RevocationReason? reason, X509Extension? further)
    {
        using (writer.PushSequence())
        {
            writer.WriteInteger(serial);
            writer.WriteUtcTime(TestAuthority.Now.AddDays(-2));
            var extensions = new List<X509Extension>();
            if (reason is { } known)
                extensions.Add(new X509Extension("2.5.29.21", [0x0A, 1, (byte)known], false));
            if (further != null)
                extensions.Add(further);
            if (extensions.Count > 0)
                Write(writer, extensions);
        }
    }

    public static void Write(AsnWriter writer, IReadOnlyList<X509Extension> extensions)
    {
        using (writer.PushSequence())
        {
            foreach (var extension in extensions)
            {
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(extension.Oid!.Value!);
                    if (extension.Critical)
                        writer.WriteBoolean(true);
                    writer.WriteOctetString(extension.RawData);
                }
            }
        }
    }

    private static void Algorithm(AsnWriter writer)
    {
        using (writer.PushSequence())
            writer.WriteObjectIdentifier("1.2.840.10045.4.3.2");
    }
}

namespace LucidTls.Certificates.Parsing;

/// <summary>Reads PEM text with any mix of blocks (RFC 7468).</summary>
internal static class PemReader
{
    /// <summary>All certificates, in their order: single ones and those in PKCS#7 bundles.</summary>
    /// <param name="pem">The text.</param>
    /// <param name="passOverMalformed">Whether blocks that cannot be read are left out, and not an error.</param>
    /// <exception cref="FormatException">There is none, or a block is malformed; the message names the line.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Certificates(string pem, bool passOverMalformed = false)
    {
        var certificates = CertificatesIn(PemBlock.Read(pem, IsCertificate, passOverMalformed));
        return certificates.Count > 0 ? certificates : throw new FormatException("There is no certificate (\"-----BEGIN CERTIFICATE-----\") in the PEM text.");
    }

    /// <summary>All certificate revocation lists, in their order.</summary>
    /// <exception cref="FormatException">There is none, or a block is malformed.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> RevocationLists(string pem)
    {
        ReadOnlyMemory<byte>[] lists = [.. PemBlock.Read(pem, label => label == "X509 CRL").Select(block => (ReadOnlyMemory<byte>)block.Data)];
        return lists.Length > 0 ? lists : throw new FormatException("There is no certificate revocation list (\"-----BEGIN X509 CRL-----\") in the PEM text.");
    }

    public static bool HasCertificate(string pem) => pem.Contains("-----BEGIN ", StringComparison.Ordinal) && PemBlock.Read(pem, IsCertificate).Count > 0;

    /// <summary>RFC 7468 §5.1 has one label for certificates; the others are older, and OpenSSL's for certificates with notes behind them.</summary>
    public static bool IsCertificate(string label) => label is "CERTIFICATE" or "X509 CERTIFICATE" or "TRUSTED CERTIFICATE" or "PKCS7" or "CMS";

    /// <summary>The certificates in those of the blocks that can hold any.</summary>
    public static List<ReadOnlyMemory<byte>> CertificatesIn(IEnumerable<PemBlock> blocks)
    {
        var certificates = new List<ReadOnlyMemory<byte>>();
        foreach (var block in blocks.Where(block => IsCertificate(block.Label)))
        {
            try
            {
                if (block.Label is "PKCS7" or "CMS")
                    certificates.AddRange(Pkcs7.Certificates(block.Data));
                else
                    certificates.Add(block.Label == "TRUSTED CERTIFICATE" ? new DerReader(block.Data).ReadEncoded() : block.Data);
            }
            catch (Exception exception) when (exception is FormatException or System.Formats.Asn1.AsnContentException)
            {
                throw new FormatException($"line {block.Line}: the {block.Label} is malformed", exception);
            }
        }
        return certificates;
    }
}

using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Certificates;

/// <summary>Reads PEM text with any mix of blocks (RFC 7468).</summary>
internal static class PemReader
{
    /// <summary>All certificates, in their order.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Certificates(string pem)
    {
        var certificates = new List<ReadOnlyMemory<byte>>();
        foreach (var (label, data) in Blocks(pem))
        {
            if (label == "CERTIFICATE")
                certificates.Add(Convert.FromBase64String(data));
        }
        return certificates.Count > 0 ? certificates : throw new FormatException("There is no certificate (\"-----BEGIN CERTIFICATE-----\") in the PEM text.");
    }

    /// <summary>The first private key.</summary>
    /// <exception cref="FormatException">There is none, or it cannot be read.</exception>
    public static SigningKey PrivateKey(string pem, string? password)
    {
        foreach (var (label, data) in Blocks(pem))
        {
            if (!label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
                continue;
            var der = Convert.FromBase64String(data);
            try
            {
                return label switch
                {
                    "PRIVATE KEY" => SigningKey.FromPkcs8(der),
                    "ENCRYPTED PRIVATE KEY" => SigningKey.FromEncryptedPkcs8(der, password ?? throw new FormatException("The private key is encrypted; a password is needed.")),
                    "RSA PRIVATE KEY" => SigningKey.FromPkcs1(der),
                    "EC PRIVATE KEY" => SigningKey.FromSec1(der),
                    _ => throw new FormatException($"A key of the form \"{label}\" cannot be read."),
                };
            }
            catch (CryptographicException exception)
            {
                throw new FormatException($"The private key cannot be read{(password == null ? "" : ", or the password is wrong")}.", exception);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(der);
            }
        }
        throw new FormatException("There is no private key (\"-----BEGIN PRIVATE KEY-----\") in the PEM text.");
    }

    private static IEnumerable<(string Label, string Data)> Blocks(string pem)
    {
        var rest = pem.AsMemory();
        while (PemEncoding.TryFind(rest.Span, out var fields))
        {
            yield return (rest.Span[fields.Label].ToString(), rest.Span[fields.Base64Data].ToString());
            rest = rest[fields.Location.End..];
        }
    }
}

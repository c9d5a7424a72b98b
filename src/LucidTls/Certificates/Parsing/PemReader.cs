using System.Security.Cryptography;
using LucidTls.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Pkcs;
using Org.BouncyCastle.Security;

namespace LucidTls.Certificates.Parsing;

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

    /// <summary>All certificate revocation lists, in their order.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> RevocationLists(string pem)
    {
        ReadOnlyMemory<byte>[] lists = [.. Blocks(pem).Where(block => block.Label == "X509 CRL").Select(block => (ReadOnlyMemory<byte>)Convert.FromBase64String(block.Data))];
        return lists.Length > 0 ? lists : throw new FormatException("There is no certificate revocation list (\"-----BEGIN X509 CRL-----\") in the PEM text.");
    }

    public static bool HasCertificate(string pem) => Blocks(pem).Any(block => block.Label == "CERTIFICATE");

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
                    "ENCRYPTED PRIVATE KEY" => FromEncryptedPkcs8(der, password ?? throw new FormatException("The private key is encrypted; a password is needed.")),
                    "RSA PRIVATE KEY" => FromPkcs1(der),
                    "EC PRIVATE KEY" => FromSec1(der),
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

    // .NET decrypts PKCS#8 only into key kinds that it has; BouncyCastle decrypts into any.
    private static SigningKey FromEncryptedPkcs8(byte[] der, string password)
    {
        try
        {
            var key = PrivateKeyFactory.DecryptKey(password.ToCharArray(), der);
            return SigningKey.FromPkcs8(PrivateKeyInfoFactory.CreatePrivateKeyInfo(key).GetDerEncoded());
        }
        catch (Exception exception) when (exception is InvalidCipherTextException or ArgumentException or InvalidOperationException or IOException)
        {
            throw new FormatException("The private key cannot be decrypted: the password is wrong, or its encryption is not supported.", exception);
        }
    }

    private static SigningKey FromPkcs1(byte[] der)
    {
        var key = RSA.Create();
        key.ImportRSAPrivateKey(der, out _);
        return SigningKey.FromKey(key);
    }

    private static SigningKey FromSec1(byte[] der)
    {
        var key = ECDsa.Create();
        key.ImportECPrivateKey(der, out _);
        return SigningKey.FromKey(key);
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

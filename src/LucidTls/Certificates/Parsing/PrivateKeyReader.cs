using System.Formats.Asn1;
using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Certificates.Parsing;

/// <summary>Private keys in the forms that files have: PKCS#8 (RFC 5958), plain or encrypted, PKCS#1 (RFC 8017), SEC1 (RFC 5915).</summary>
internal static class PrivateKeyReader
{
    /// <summary>Whether a block of PEM with that label is a private key.</summary>
    public static bool IsPrivateKey(string label) => label.EndsWith("PRIVATE KEY", StringComparison.Ordinal);

    /// <param name="label">The PEM label that says which form it is.</param>
    /// <param name="der">The key.</param>
    /// <param name="password">The password, when it is encrypted.</param>
    /// <exception cref="FormatException">It cannot be read; the message says why.</exception>
    public static SigningKey Read(string label, ReadOnlyMemory<byte> der, string? password)
    {
        try
        {
            return label switch
            {
                "PRIVATE KEY" => SigningKey.FromPkcs8(der.Span),
                "ENCRYPTED PRIVATE KEY" => FromEncryptedPkcs8(der, password ?? throw new PasswordException("the private key is encrypted; a password is needed", isMissing: true)),
                "RSA PRIVATE KEY" => RsaSigningKey.Import(der.Span, isPssKey: false, onlyHash: null),
                "EC PRIVATE KEY" => EcdsaSigningKey.ImportSec1(der.Span),
                _ => throw new FormatException($"a key of the form \"{label}\" cannot be read; PKCS#8 (\"PRIVATE KEY\") can"),
            };
        }
        catch (Exception exception) when (exception is CryptographicException or AsnContentException)
        {
            throw new FormatException($"the private key cannot be read: {exception.Message.TrimEnd('.')}", exception);
        }
    }

    /// <summary>A key in DER without a label: the form shows in its first elements.</summary>
    /// <exception cref="FormatException">It is none, or cannot be read.</exception>
    public static SigningKey Read(ReadOnlyMemory<byte> der, string? password) => Read(LabelOf(der) ?? throw new FormatException("it is no private key in a form that is known"), der, password);

    /// <summary>The PEM label that fits a key in DER; null when it is no key.</summary>
    public static string? LabelOf(ReadOnlyMemory<byte> der)
    {
        try
        {
            var fields = new DerReader(der).ReadSequence();
            if (fields.NextIs(Asn1Tag.Sequence))
            {
                // EncryptedPrivateKeyInfo: an algorithm and octets. A certificate has further sequences there.
                fields.ReadEncoded();
                return fields.NextIs(Asn1Tag.PrimitiveOctetString) ? "ENCRYPTED PRIVATE KEY" : null;
            }
            var version = fields.ReadSmallInteger();
            return fields.NextIs(Asn1Tag.Sequence) ? version is 0 or 1 ? "PRIVATE KEY" : null
                : fields.NextIs(Asn1Tag.PrimitiveOctetString) ? "EC PRIVATE KEY"
                : fields.NextIs(Asn1Tag.Integer) ? "RSA PRIVATE KEY"
                : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static SigningKey FromEncryptedPkcs8(ReadOnlyMemory<byte> der, string password)
    {
        var outer = new AsnReader(der, AsnEncodingRules.DER);
        var fields = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var algorithm = fields.ReadSequence();
        var encrypted = fields.ReadOctetString();
        byte[] plain;
        try
        {
            plain = PasswordEncryption.Decrypt(algorithm, encrypted, password);
        }
        catch (CryptographicException exception)
        {
            throw new PasswordException("the password of the private key is wrong", isMissing: false, exception);
        }
        try
        {
            // One in 256 wrong passwords leaves good padding, but no key.
            return LabelOf(plain) == "PRIVATE KEY" ? SigningKey.FromPkcs8(plain) : throw new PasswordException("the password of the private key is wrong", isMissing: false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }
}

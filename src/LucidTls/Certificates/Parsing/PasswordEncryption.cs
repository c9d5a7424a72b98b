using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using LucidTls.Cryptography;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Modes;
using Org.BouncyCastle.Crypto.Paddings;
using Org.BouncyCastle.Crypto.Parameters;

namespace LucidTls.Certificates.Parsing;

/// <summary>
/// Decrypts what a password encrypts in PKCS#8 and PKCS#12: PBES2 with PBKDF2 or scrypt (RFC 8018 §6.2, RFC 7914 §7), and the older
/// schemes of PKCS#12 (RFC 7292 §C). Iterations are bounded: the file says how many.
/// </summary>
internal static class PasswordEncryption
{
    public const int MostIterations = 10_000_000;
    private const long MostScryptMemory = 256L << 20;

    private const string Pbes2 = "1.2.840.113549.1.5.13";
    private const string Pbkdf2 = "1.2.840.113549.1.5.12";
    private const string Scrypt = "1.3.6.1.4.1.11591.4.11";

    /// <param name="algorithm">The AlgorithmIdentifier.</param>
    /// <param name="encrypted">What it encrypted.</param>
    /// <param name="password">The password; null is the empty one.</param>
    /// <returns>The plaintext; of a wrong password it may be any.</returns>
    /// <exception cref="CryptographicException">The password is wrong.</exception>
    /// <exception cref="FormatException">The algorithm is not supported.</exception>
    /// <exception cref="AsnContentException">The algorithm is malformed.</exception>
    public static byte[] Decrypt(AsnReader algorithm, ReadOnlySpan<byte> encrypted, string? password)
    {
        var oid = algorithm.ReadObjectIdentifier();
        return oid switch
        {
            Pbes2 => DecryptPbes2(algorithm.ReadSequence(), encrypted, Encoding.UTF8.GetBytes(password ?? "")),
            "1.2.840.113549.1.12.1.3" => DecryptPkcs12(algorithm.ReadSequence(), encrypted, password, keyLength: 24, TripleDes),
            "1.2.840.113549.1.12.1.4" => DecryptPkcs12(algorithm.ReadSequence(), encrypted, password, keyLength: 16, TripleDes),
            "1.2.840.113549.1.12.1.5" => DecryptPkcs12(algorithm.ReadSequence(), encrypted, password, keyLength: 16, Rc2),
            "1.2.840.113549.1.12.1.6" => DecryptPkcs12(algorithm.ReadSequence(), encrypted, password, keyLength: 5, Rc2),
            _ => throw new FormatException($"It is encrypted by the algorithm {oid}, which is not supported."),
        };
    }

    private delegate byte[] Cipher(byte[] key, byte[] iv, ReadOnlySpan<byte> encrypted);

    private static byte[] DecryptPbes2(AsnReader parameters, ReadOnlySpan<byte> encrypted, byte[] password)
    {
        using var wipingPassword = new Wiping(password);
        var derivation = parameters.ReadSequence();
        var encryption = parameters.ReadSequence();
        var cipherOid = encryption.ReadObjectIdentifier();
        var (keyLength, ivLength, cipher) = cipherOid switch
        {
            "2.16.840.1.101.3.4.1.2" => (16, 16, (Cipher)AesCbc),
            "2.16.840.1.101.3.4.1.22" => (24, 16, AesCbc),
            "2.16.840.1.101.3.4.1.42" => (32, 16, AesCbc),
            "1.2.840.113549.3.7" => (24, 8, TripleDes),
            _ => throw new FormatException($"It is encrypted by the algorithm {cipherOid}, which is not supported."),
        };
        // RFC 8018 §B.2: the parameter is the initialization vector, as long as a block.
        var iv = encryption.ReadOctetString();
        if (iv.Length != ivLength)
            throw new FormatException($"Its initialization vector is {iv.Length} bytes long; the cipher's is {ivLength}.");
        var key = DeriveKey(derivation, password, keyLength);
        using var wipingKey = new Wiping(key);
        return cipher(key, iv, encrypted);
    }

    private static byte[] DeriveKey(AsnReader derivation, byte[] password, int keyLength)
    {
        var oid = derivation.ReadObjectIdentifier();
        return oid switch
        {
            Pbkdf2 => DerivePbkdf2(derivation.ReadSequence(), password, keyLength),
            Scrypt => DeriveScrypt(derivation.ReadSequence(), password, keyLength),
            _ => throw new FormatException($"Its key is derived from the password by the algorithm {oid}, which is not supported."),
        };
    }

    /// <summary>PBKDF2 with the parameters of RFC 8018 §A.2.</summary>
    public static byte[] DerivePbkdf2(AsnReader parameters, byte[] password, int keyLength)
    {
        var salt = parameters.ReadOctetString();
        var iterations = Iterations(parameters);
        if (parameters.HasData && parameters.PeekTag() == Asn1Tag.Integer)
            parameters.ReadInteger();
        // HMAC with SHA-1 is the default, and so does not stand there.
        var function = parameters.HasData ? parameters.ReadSequence().ReadObjectIdentifier() : "1.2.840.113549.2.7";
        var hash = function switch
        {
            "1.2.840.113549.2.7" => HashAlgorithmName.SHA1,
            "1.2.840.113549.2.9" => HashAlgorithmName.SHA256,
            "1.2.840.113549.2.10" => HashAlgorithmName.SHA384,
            "1.2.840.113549.2.11" => HashAlgorithmName.SHA512,
            _ => throw new FormatException($"Its key is derived from the password with the function {function}, which is not supported."),
        };
        return Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, hash, keyLength);
    }

    public static int Iterations(AsnReader parameters) =>
        parameters.TryReadInt32(out var iterations) && iterations is >= 1 and <= MostIterations ? iterations : throw new FormatException($"It wants more than {MostIterations} iterations, or none.");

    private static byte[] DeriveScrypt(AsnReader parameters, byte[] password, int keyLength)
    {
        var salt = parameters.ReadOctetString();
        // RFC 7914 §2: N less than 2^(128 * r / 8); §6: 128 * N * r bytes of memory.
        if (!parameters.TryReadInt32(out var cost) || !parameters.TryReadInt32(out var blockSize) || !parameters.TryReadInt32(out var parallel)
            || cost < 2 || !int.IsPow2(cost) || blockSize < 1 || parallel is < 1 or > 16 || (blockSize == 1 && cost >= 1 << 16) || 128L * cost * blockSize > MostScryptMemory)
        {
            throw new FormatException("Its parameters of scrypt are out of bounds.");
        }
        return SCrypt.Generate(password, salt, cost, blockSize, parallel, keyLength);
    }

    private static byte[] DecryptPkcs12(AsnReader parameters, ReadOnlySpan<byte> encrypted, string? password, int keyLength, Cipher cipher)
    {
        var salt = parameters.ReadOctetString();
        var iterations = Iterations(parameters);
        var bytes = Pkcs12Kdf.Password(password ?? "");
        using var wipingPassword = new Wiping(bytes);
        var key = Pkcs12Kdf.Derive(HashAlgorithmName.SHA1, Pkcs12Kdf.Key, bytes, salt, iterations, keyLength);
        using var wipingKey = new Wiping(key);
        var iv = Pkcs12Kdf.Derive(HashAlgorithmName.SHA1, Pkcs12Kdf.InitialVector, bytes, salt, iterations, 8);
        return cipher(key, iv, encrypted);
    }

    private static byte[] AesCbc(byte[] key, byte[] iv, ReadOnlySpan<byte> encrypted)
    {
        using var aes = Aes.Create();
        aes.Key = key;
        return aes.DecryptCbc(encrypted, iv);
    }

    private static byte[] TripleDes(byte[] key, byte[] iv, ReadOnlySpan<byte> encrypted) => Cbc(new DesEdeEngine(), new DesEdeParameters(key), iv, encrypted);

    // The platform's is not there where OpenSSL has no legacy provider.
    private static byte[] Rc2(byte[] key, byte[] iv, ReadOnlySpan<byte> encrypted) => Cbc(new RC2Engine(), new RC2Parameters(key, key.Length * 8), iv, encrypted);

    private static byte[] Cbc(Org.BouncyCastle.Crypto.IBlockCipher engine, KeyParameter key, byte[] iv, ReadOnlySpan<byte> encrypted)
    {
        var cipher = new PaddedBufferedBlockCipher(new CbcBlockCipher(engine), new Pkcs7Padding());
        try
        {
            cipher.Init(false, new ParametersWithIV(key, iv));
            return cipher.DoFinal(encrypted.ToArray());
        }
        catch (Exception exception) when (exception is Org.BouncyCastle.Crypto.CryptoException or ArgumentException)
        {
            throw new CryptographicException("It does not decrypt.", exception);
        }
    }
}

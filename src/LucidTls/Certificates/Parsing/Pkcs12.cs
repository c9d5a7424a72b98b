using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using LucidTls.Cryptography;

namespace LucidTls.Certificates.Parsing;

/// <summary>
/// Reads PKCS#12 files (RFC 7292): certificates and private keys, in the modern encryption and the older ones. Whether the password is
/// right shows in the MAC, the older one or that of RFC 9579.
/// </summary>
internal sealed class Pkcs12 : IDisposable
{
    private const string Data = "1.2.840.113549.1.7.1";
    private const string EncryptedData = "1.2.840.113549.1.7.6";
    private const string PbMac1 = "1.2.840.113549.1.5.14";
    private const int MostBags = 256;
    private const int MostDepth = 8;

    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0, isConstructed: true);

    private int _bags;
    private string? _password;

    private Pkcs12()
    {
    }

    /// <summary>The certificates in DER, in their order.</summary>
    public List<ReadOnlyMemory<byte>> Certificates { get; } = [];

    /// <summary>The private keys as PrivateKeyInfo (PKCS#8).</summary>
    public List<byte[]> Keys { get; } = [];

    /// <summary>Whether the bytes begin as a PFX does: a version and a ContentInfo.</summary>
    public static bool IsLikely(ReadOnlyMemory<byte> encoded)
    {
        try
        {
            var pfx = new AsnReader(encoded, AsnEncodingRules.BER).ReadSequence();
            return pfx.TryReadInt32(out var version) && version == 3 && pfx.ReadSequence().PeekTag() == Asn1Tag.ObjectIdentifier;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    /// <exception cref="FormatException">It is malformed, uses something that is not supported, or the password is wrong; the message says which.</exception>
    public static Pkcs12 Read(ReadOnlyMemory<byte> encoded, string? password)
    {
        var result = new Pkcs12 { _password = password };
        var isRead = false;
        try
        {
            result.ReadAll(encoded);
            isRead = true;
            return result;
        }
        catch (AsnContentException exception)
        {
            throw new FormatException("The PKCS#12 is malformed.", exception);
        }
        catch (CryptographicException exception)
        {
            throw Refused(password, "The PKCS#12 cannot be decrypted: the password is wrong.", exception);
        }
        finally
        {
            if (!isRead)
                result.Dispose();
        }
    }

    /// <summary>Zeros the keys.</summary>
    public void Dispose() => Keys.ForEach(key => CryptographicOperations.ZeroMemory(key));

    private void ReadAll(ReadOnlyMemory<byte> encoded)
    {
        var pfx = new AsnReader(encoded, AsnEncodingRules.BER).ReadSequence();
        if (!pfx.TryReadInt32(out var version) || version != 3)
            throw new FormatException("It is not PKCS#12 of version 3.");
        // It may have keys in the clear.
        var content = OctetsOf(pfx.ReadSequence());
        using var wiping = new Wiping(content);
        if (pfx.HasData)
            CheckMac(pfx.ReadSequence(), content, _password);
        var safes = new AsnReader(content, AsnEncodingRules.BER).ReadSequence();
        while (safes.HasData)
            ReadSafe(safes.ReadSequence());
    }

    // ContentInfo with data: the octets inside.
    private static byte[] OctetsOf(AsnReader info) =>
        info.ReadObjectIdentifier() == Data ? info.ReadSequence(Context0).ReadOctetString() : throw new FormatException("The PKCS#12 is protected by a key, and not by a password; that is not supported.");

    private static void CheckMac(AsnReader macData, byte[] content, string? password)
    {
        var digestInfo = macData.ReadSequence();
        var algorithm = digestInfo.ReadSequence();
        var expected = digestInfo.ReadOctetString();
        var oid = algorithm.ReadObjectIdentifier();
        var isRight = oid == PbMac1
            ? IsRight(expected, MacOfPbMac1(algorithm.ReadSequence(), content, password))
            : OldMacs(HashOf(oid), macData.ReadOctetString(), macData.HasData ? PasswordEncryption.Iterations(macData) : 1, content, password).Any(mac => IsRight(expected, mac));
        if (!isRight)
            throw Refused(password, "The password of the PKCS#12 is wrong (or the file was damaged).");
    }

    private static PasswordException Refused(string? password, string wrong, Exception? inner = null) =>
        new(password is null ? "The PKCS#12 is encrypted; a password is needed." : wrong, isMissing: password is null, inner);

    private static bool IsRight(byte[] expected, byte[] mac) => CryptographicOperations.FixedTimeEquals(expected, mac);

    // RFC 7292 §4. Without a password some write the empty one, and some nothing at all.
    private static IEnumerable<byte[]> OldMacs(HashAlgorithmName hash, byte[] salt, int iterations, byte[] content, string? password)
    {
        yield return Mac(Pkcs12Kdf.Password(password ?? ""));
        if (string.IsNullOrEmpty(password))
            yield return Mac([]);

        byte[] Mac(byte[] bytes)
        {
            using var wipingPassword = new Wiping(bytes);
            var key = Pkcs12Kdf.Derive(hash, Pkcs12Kdf.Mac, bytes, salt, iterations, HashLength(hash));
            using var wipingKey = new Wiping(key);
            using var hmac = IncrementalHash.CreateHMAC(hash, key);
            hmac.AppendData(content);
            return hmac.GetHashAndReset();
        }
    }

    // RFC 9579 §4: PBKDF2 makes the key; its parameters must say how long it is.
    private static byte[] MacOfPbMac1(AsnReader parameters, byte[] content, string? password)
    {
        var derivation = parameters.ReadSequence();
        var hash = parameters.ReadSequence().ReadObjectIdentifier() switch
        {
            "1.2.840.113549.2.9" => HashAlgorithmName.SHA256,
            "1.2.840.113549.2.10" => HashAlgorithmName.SHA384,
            "1.2.840.113549.2.11" => HashAlgorithmName.SHA512,
            var oid => throw new FormatException($"The MAC of the PKCS#12 uses the function {oid}, which is not supported."),
        };
        if (derivation.ReadObjectIdentifier() != "1.2.840.113549.1.5.12")
            throw new FormatException("The key of the PKCS#12's MAC is not derived by PBKDF2; that is not supported.");
        var settings = derivation.ReadSequence();
        var bytes = Encoding.UTF8.GetBytes(password ?? "");
        using var wipingPassword = new Wiping(bytes);
        var key = PasswordEncryption.DerivePbkdf2(settings, bytes, HashLength(hash));
        using var wipingKey = new Wiping(key);
        using var hmac = IncrementalHash.CreateHMAC(hash, key);
        hmac.AppendData(content);
        return hmac.GetHashAndReset();
    }

    private static HashAlgorithmName HashOf(string oid) => oid switch
    {
        "1.3.14.3.2.26" => HashAlgorithmName.SHA1,
        "2.16.840.1.101.3.4.2.1" => HashAlgorithmName.SHA256,
        "2.16.840.1.101.3.4.2.2" => HashAlgorithmName.SHA384,
        "2.16.840.1.101.3.4.2.3" => HashAlgorithmName.SHA512,
        _ => throw new FormatException($"The MAC of the PKCS#12 uses the hash {oid}, which is not supported."),
    };

    private static int HashLength(HashAlgorithmName hash) => hash.Name switch
    {
        "SHA1" => 20,
        "SHA256" => 32,
        "SHA384" => 48,
        _ => 64,
    };

    private void ReadSafe(AsnReader info)
    {
        var oid = info.ReadObjectIdentifier();
        var content = info.ReadSequence(Context0);
        var plain = oid switch
        {
            Data => content.ReadOctetString(),
            EncryptedData => Decrypt(content.ReadSequence()),
            _ => throw new FormatException($"A part of the PKCS#12 is of the type {oid}, which is not supported."),
        };
        using var wiping = new Wiping(plain);
        ReadBags(new AsnReader(plain, AsnEncodingRules.BER).ReadSequence(), depth: 0);
    }

    // EncryptedData (RFC 5652 §8): a version, and EncryptedContentInfo.
    private byte[] Decrypt(AsnReader encryptedData)
    {
        encryptedData.ReadInteger();
        var info = encryptedData.ReadSequence();
        info.ReadObjectIdentifier();
        var algorithm = info.ReadSequence();
        return PasswordEncryption.Decrypt(algorithm, info.ReadOctetString(new Asn1Tag(TagClass.ContextSpecific, 0)), _password);
    }

    private void ReadBags(AsnReader bags, int depth)
    {
        if (depth > MostDepth)
            throw new FormatException("The parts of the PKCS#12 lie too deep in one another.");
        while (bags.HasData)
        {
            if (_bags++ == MostBags)
                throw new FormatException($"The PKCS#12 has more than {MostBags} parts.");
            var bag = bags.ReadSequence();
            var oid = bag.ReadObjectIdentifier();
            var value = bag.ReadSequence(Context0);
            switch (oid)
            {
                case "1.2.840.113549.1.12.10.1.1": // keyBag
                    Keys.Add(value.ReadEncodedValue().ToArray());
                    break;
                case "1.2.840.113549.1.12.10.1.2": // pkcs8ShroudedKeyBag
                    var encrypted = value.ReadSequence();
                    var algorithm = encrypted.ReadSequence();
                    Keys.Add(PasswordEncryption.Decrypt(algorithm, encrypted.ReadOctetString(), _password));
                    break;
                case "1.2.840.113549.1.12.10.1.3": // certBag
                    var certificate = value.ReadSequence();
                    if (certificate.ReadObjectIdentifier() == "1.2.840.113549.1.9.22.1")
                        Certificates.Add(certificate.ReadSequence(Context0).ReadOctetString());
                    break;
                case "1.2.840.113549.1.12.10.1.6": // safeContentsBag
                    ReadBags(value.ReadSequence(), depth + 1);
                    break;
            }
        }
    }
}

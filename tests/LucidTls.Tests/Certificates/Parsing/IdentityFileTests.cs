using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LucidTls.TestSupport;
using Org.BouncyCastle.Asn1.Pkcs;
using Org.BouncyCastle.Pkcs;

namespace LucidTls.Tests.Certificates.Parsing;

/// <summary>Certificates and keys are read from whatever files have, and what is wrong is named with file and line.</summary>
public sealed class IdentityFileTests : IDisposable
{
    private static readonly TestPki Pki = new();
    private static readonly TestCertificate Ec = Pki.Leaf(KeyKind.EcdsaP256, "ec.example");
    private static readonly TestCertificate Rsa = Pki.Leaf(KeyKind.Rsa2048, "rsa.example");

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(KeyKind.EcdsaP256)]
    [InlineData(KeyKind.EcdsaP384)]
    [InlineData(KeyKind.EcdsaP521)]
    [InlineData(KeyKind.Rsa2048)]
    [InlineData(KeyKind.RsaPss2048)]
    [InlineData(KeyKind.Ed25519)]
    public void Every_kind_of_key_is_read_plain_and_encrypted(KeyKind kind)
    {
        var leaf = Pki.Leaf(kind, "a.example");
        Assert.Equal(leaf.Chain, Chain(TlsIdentity.FromPem(leaf.ChainPem, leaf.KeyPem)));
        var encrypted = Encrypted(leaf.Key.Pkcs8, PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, "pässword");
        var identity = TlsIdentity.FromPem(leaf.ChainPem, encrypted, "pässword");
        Assert.Equal(leaf.Chain, Chain(identity));
        Assert.Equal(TlsIdentity.FromPem(leaf.ChainPem, leaf.KeyPem).SignatureSchemes, identity.SignatureSchemes);
    }

    [Theory]
    [InlineData(PbeEncryptionAlgorithm.Aes128Cbc, "SHA1")]
    [InlineData(PbeEncryptionAlgorithm.Aes192Cbc, "SHA384")]
    [InlineData(PbeEncryptionAlgorithm.Aes256Cbc, "SHA512")]
    [InlineData(PbeEncryptionAlgorithm.TripleDes3KeyPkcs12, "SHA1")]
    public void Every_encryption_of_PKCS8_is_read(PbeEncryptionAlgorithm algorithm, string hash)
    {
        var encrypted = Encrypted(Rsa.Key.Pkcs8, algorithm, new HashAlgorithmName(hash), "secret");
        Assert.Equal(Rsa.Chain, Chain(TlsIdentity.FromPem(Rsa.ChainPem, encrypted, "secret")));
        Assert.Contains("the password of the private key is wrong", Assert.Throws<FormatException>(() => TlsIdentity.FromPem(Rsa.ChainPem, encrypted, "Secret")).Message, StringComparison.Ordinal);
        Assert.Contains("a password is needed", Assert.Throws<FormatException>(() => TlsIdentity.FromPem(Rsa.ChainPem, encrypted)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_password_is_called_wrong_whatever_it_decrypts_to()
    {
        var encrypted = Encrypted(Ec.Key.Pkcs8, PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, "right", iterations: 1);
        for (var i = 0; i < 1000; i++)
            Assert.Contains("password of the private key is wrong", Assert.Throws<FormatException>(() => TlsIdentity.FromPem(Ec.ChainPem, encrypted, $"wrong {i}")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PKCS1_and_SEC1_are_read_as_PEM_and_DER()
    {
        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(Rsa.Key.Pkcs8, out _);
        using var ec = ECDsa.Create();
        ec.ImportPkcs8PrivateKey(Ec.Key.Pkcs8, out _);
        Assert.Equal(Rsa.Chain, Chain(TlsIdentity.FromPem(Rsa.ChainPem, rsa.ExportRSAPrivateKeyPem())));
        Assert.Equal(Ec.Chain, Chain(TlsIdentity.FromPem(Ec.ChainPem, ec.ExportECPrivateKeyPem())));
        Assert.Equal(Rsa.Chain.Take(1), Chain(TlsIdentity.FromPemFile(File("rsa.cer", Rsa.Chain[0]), File("rsa.key", rsa.ExportRSAPrivateKey()))));
        Assert.Equal(Ec.Chain.Take(1), Chain(TlsIdentity.FromPemFile(File("ec.cer", Ec.Chain[0]), File("ec.key", ec.ExportECPrivateKey()))));
        Assert.Equal(Ec.Chain.Take(1), Chain(TlsIdentity.FromPemFile(File("ec.cer", Ec.Chain[0]), File("ec8.key", ec.ExportPkcs8PrivateKey()))));
        var parameters = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);
        Assert.Equal(Ec.Chain.Take(1), Chain(TlsIdentity.FromPemFile(File("ec.cer", Ec.Chain[0]), File("ece.key", ec.ExportEncryptedPkcs8PrivateKey("p", parameters)), "p")));
    }

    [Fact]
    public void Any_mix_in_any_order_gives_the_keys_certificate_and_its_chain_in_order()
    {
        var stranger = new TestPki().Leaf(KeyKind.EcdsaP256, "stranger.example");
        var mix = $"# notes\n{Pki.RootPem}{stranger.ChainPem}-----BEGIN DH PARAMETERS-----\nMAYCAQsCAQI=\n-----END DH PARAMETERS-----\n{Pki.IntermediatePem}{Ec.KeyPem}text\r\n{Rsa.ChainPem}{Ec.ChainPem.ReplaceLineEndings("\r\n")}";
        Assert.Equal(Ec.Chain, Chain(TlsIdentity.FromPem(mix, mix)));
        Assert.Equal(Ec.Chain, Chain(TlsIdentity.FromPemFile(File("mix.pem", Encoding.UTF8.GetBytes(mix)))));
    }

    [Fact]
    public void A_certificate_signed_by_itself_is_a_chain_of_one()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=self", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Assert.Equal([certificate.RawData], Chain(TlsIdentity.FromPem(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem())));
    }

    [Fact]
    public void Bundles_in_PKCS7_are_read_as_PEM_and_DER()
    {
        var collection = new X509Certificate2Collection();
        foreach (var der in new[] { Pki.Root, Pki.Intermediate, Ec.Chain[0] })
            collection.Add(X509CertificateLoader.LoadCertificate(der));
        var bundle = collection.Export(X509ContentType.Pkcs7)!;
        Assert.Equal(Ec.Chain, Chain(TlsIdentity.FromPemFile(File("a.p7b", bundle), File("a.key", Encoding.ASCII.GetBytes(Ec.KeyPem)))));
        Assert.Equal(Ec.Chain, Chain(TlsIdentity.FromPem(PemEncoding.WriteString("PKCS7", bundle), Ec.KeyPem)));
    }

    [Theory]
    [InlineData(PbeEncryptionAlgorithm.Aes256Cbc, "SHA256", "pässword")]
    [InlineData(PbeEncryptionAlgorithm.TripleDes3KeyPkcs12, "SHA1", "pässword")]
    [InlineData(PbeEncryptionAlgorithm.TripleDes3KeyPkcs12, "SHA1", "")]
    public void PKCS12_of_the_platform_is_read(PbeEncryptionAlgorithm algorithm, string hash, string password)
    {
        var file = PlatformPkcs12(algorithm, hash, password);
        Assert.Equal([Ec.Chain[0]], Chain(TlsIdentity.FromPkcs12(file, password)));
        Assert.Equal([Ec.Chain[0]], Chain(TlsIdentity.FromPemFile(File("a.p12", file), password: password)));
        if (password.Length == 0)
            Assert.Equal([Ec.Chain[0]], Chain(TlsIdentity.FromPkcs12(file, null)));
        else
            Assert.Contains("The PKCS#12 is encrypted; a password is needed.", Assert.Throws<FormatException>(() => TlsIdentity.FromPkcs12(file, null)).Message, StringComparison.Ordinal);
        Assert.Contains("The password of the PKCS#12 is wrong", Assert.Throws<FormatException>(() => TlsIdentity.FromPkcs12(file, "another")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KeyKind.EcdsaP256, false)]
    [InlineData(KeyKind.Rsa2048, true)]
    [InlineData(KeyKind.Ed25519, true)]
    public void PKCS12_of_older_software_is_read_with_its_chain(KeyKind kind, bool usesShortRc2)
    {
        var leaf = Pki.Leaf(kind, "a.example");
        var store = new Pkcs12StoreBuilder()
            .SetCertAlgorithm(usesShortRc2 ? PkcsObjectIdentifiers.PbewithShaAnd40BitRC2Cbc : PkcsObjectIdentifiers.PbeWithShaAnd128BitRC2Cbc)
            .SetKeyAlgorithm(PkcsObjectIdentifiers.PbeWithShaAnd2KeyTripleDesCbc).Build();
        X509CertificateEntry[] chain = [.. leaf.Chain.Append(Pki.Root).Reverse().Select(der => new X509CertificateEntry(new Org.BouncyCastle.X509.X509Certificate(der))).Reverse()];
        store.SetKeyEntry("server", new AsymmetricKeyEntry(Org.BouncyCastle.Security.PrivateKeyFactory.CreateKey(leaf.Key.Pkcs8)), chain);
        using var stream = new MemoryStream();
        store.Save(stream, "secret".ToCharArray(), new Org.BouncyCastle.Security.SecureRandom());
        Assert.Equal(leaf.Chain, Chain(TlsIdentity.FromPkcs12(stream.ToArray(), "secret")));
    }

    [Fact]
    public void PKCS12_with_the_MAC_of_RFC_9579_is_read()
    {
        var file = WithPbMac1(PlatformPkcs12(PbeEncryptionAlgorithm.Aes256Cbc, "SHA256", "secret"), "secret");
        Assert.Equal([Ec.Chain[0]], Chain(TlsIdentity.FromPkcs12(file, "secret")));
        Assert.Contains("password of the PKCS#12 is wrong", Assert.Throws<FormatException>(() => TlsIdentity.FromPkcs12(file, "Secret")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_is_not_the_certificates_is_named_with_its_place()
    {
        var (certificate, _) = Ec.WriteTo(_folder.Path, "one");
        var (_, key) = Rsa.WriteTo(_folder.Path, "two");
        var message = Assert.Throws<ArgumentException>(() => TlsIdentity.FromPemFile(certificate, key)).Message;
        Assert.Contains($"The private key ({key}, line 1; it signs with rsa_pss_rsae_sha256) is not the key of any of the 2 certificates: CN=leaf (EC P-256); CN=LucidTls Test Intermediate (EC P-256)", message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> BadText => new()
    {
        { "", "There is no certificate" },
        { "nothing here", "There is no certificate" },
        { Ec.KeyPem, "There is no certificate" },
        { Ec.ChainPem, "There is no private key" },
        { "first line\n" + Ec.ChainPem[..200], "line 2: the CERTIFICATE that begins here has no line \"-----END CERTIFICATE-----\"; the file may be cut off" },
        { Ec.ChainPem.Replace("-----END CERTIFICATE-----\n-----BEGIN", "-----BEGIN", StringComparison.Ordinal), "line 1: the CERTIFICATE that begins here has no line \"-----END CERTIFICATE-----\", but line " },
        { Ec.KeyPem.Replace("END PRIVATE", "END RSA PRIVATE", StringComparison.Ordinal), "but line 5 ends something else" },
        { "\n" + Ec.KeyPem.Insert(60, "!"), "line 3: a character in the PRIVATE KEY is not base64" },
        { Ec.KeyPem.Remove(60, 1), "the base64 of the PRIVATE KEY that ends here is not whole" },
        { "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "line 1: the certificate is not well-formed DER" },
        { "-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n", "line 1: the PKCS7 is malformed" },
        { Ec.ChainPem + "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", ": the private key cannot be read" },
        { Ec.ChainPem + "-----BEGIN OPENSSH PRIVATE KEY-----\nMAA=\n-----END OPENSSH PRIVATE KEY-----\n", "a key of the form \"OPENSSH PRIVATE KEY\" cannot be read" },
        { Ec.ChainPem + OnUnknownCurve(isSec1: true), "the private key cannot be read: The EC key is not on P-256, P-384 or P-521" },
        { Ec.ChainPem + OnUnknownCurve(isSec1: false), "the private key cannot be read: The EC key is not on P-256, P-384 or P-521" },
        { "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMAA=\n-----END RSA PRIVATE KEY-----\n", "line 1: the RSA PRIVATE KEY is encrypted in OpenSSL's old way" },
    };

    [Theory]
    [MemberData(nameof(BadText))]
    public void What_cannot_be_read_is_named_with_file_and_line(string text, string message)
    {
        var path = File("server.pem", Encoding.UTF8.GetBytes(text));
        var exception = Assert.Throws<FormatException>(() => TlsIdentity.FromPemFile(path));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_too_large_is_not_read()
    {
        var path = _folder.File("large.pem");
        using (var file = System.IO.File.Create(path))
            file.SetLength(17 * 1024 * 1024);
        Assert.Contains("more than 16777216 are not read", Assert.Throws<FormatException>(() => TlsIdentity.FromPemFile(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_iterations_than_anybody_needs_are_refused()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.12.1.3");
                using (writer.PushSequence())
                {
                    writer.WriteOctetString(new byte[8]);
                    writer.WriteInteger(int.MaxValue);
                }
            }
            writer.WriteOctetString(new byte[16]);
        }
        Assert.Contains("more than 10000000 iterations", Assert.Throws<FormatException>(() => TlsIdentity.FromPem(Ec.ChainPem, PemEncoding.WriteString("ENCRYPTED PRIVATE KEY", writer.Encode()), "p")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2.16.840.1.101.3.4.1.2", 16)]
    [InlineData("2.16.840.1.101.3.4.1.22", 16)]
    [InlineData("2.16.840.1.101.3.4.1.42", 16)]
    [InlineData("1.2.840.113549.3.7", 8)]
    public void An_initialization_vector_of_another_length_than_a_block_is_refused(string cipher, int block)
    {
        foreach (var length in (int[])[0, block - 1, block + 1])
        {
            var failure = Assert.Throws<FormatException>(() => ReadPbes2(algorithm =>
            {
                WritePbkdf2(algorithm, new byte[8], 1, HashAlgorithmName.SHA256, keyLength: null);
                WriteCipher(algorithm, cipher, new byte[length]);
            }));
            Assert.Contains($"initialization vector is {length} bytes long", failure.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(1 << 16, 1, 1)]
    [InlineData(1 << 20, 8, 1)]
    [InlineData(1024, 0, 1)]
    [InlineData(1023, 8, 1)]
    [InlineData(1024, 8, 17)]
    public void Parameters_of_scrypt_that_are_out_of_bounds_are_refused(int cost, int blockSize, int parallel)
    {
        var failure = Assert.Throws<FormatException>(() => ReadPbes2(algorithm =>
        {
            using (algorithm.PushSequence())
            {
                algorithm.WriteObjectIdentifier("1.3.6.1.4.1.11591.4.11");
                using (algorithm.PushSequence())
                {
                    algorithm.WriteOctetString(new byte[8]);
                    algorithm.WriteInteger(cost);
                    algorithm.WriteInteger(blockSize);
                    algorithm.WriteInteger(parallel);
                }
            }
            WriteCipher(algorithm, "2.16.840.1.101.3.4.1.2", new byte[16]);
        }));
        Assert.Contains("scrypt are out of bounds", failure.Message, StringComparison.Ordinal);
    }

    private static TlsIdentity ReadPbes2(Action<AsnWriter> writeParameters)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.5.13");
                using (writer.PushSequence())
                    writeParameters(writer);
            }
            writer.WriteOctetString(new byte[16]);
        }
        return TlsIdentity.FromPem(Ec.ChainPem, PemEncoding.WriteString("ENCRYPTED PRIVATE KEY", writer.Encode()), "p");
    }

    private static void WriteCipher(AsnWriter writer, string oid, byte[] iv)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            writer.WriteOctetString(iv);
        }
    }

    private static string OnUnknownCurve(bool isSec1)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var der = isSec1 ? key.ExportECPrivateKey() : key.ExportPkcs8PrivateKey();
        der.AsSpan()[der.AsSpan().IndexOf((byte[])[0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]) + 7] = 0x66;
        return PemEncoding.WriteString(isSec1 ? "EC PRIVATE KEY" : "PRIVATE KEY", der) + "\n";
    }

    private static List<byte[]> Chain(TlsIdentity identity) => [.. identity.Chain.Select(der => der.ToArray())];

    private string File(string name, byte[] content)
    {
        System.IO.File.WriteAllBytes(_folder.File(name), content);
        return _folder.File(name);
    }

    private static string Encrypted(byte[] pkcs8, PbeEncryptionAlgorithm algorithm, HashAlgorithmName hash, string password, int iterations = 2000)
    {
        if (algorithm != PbeEncryptionAlgorithm.TripleDes3KeyPkcs12)
            return PemEncoding.WriteString("ENCRYPTED PRIVATE KEY", Pbes2(pkcs8, algorithm, hash, password, iterations));
        using var key = RSA.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out _);
        return key.ExportEncryptedPkcs8PrivateKeyPem(password, new PbeParameters(algorithm, hash, iterations));
    }

    // RFC 8018 §A.4, put together here so that keys of any kind can be encrypted.
    private static byte[] Pbes2(byte[] pkcs8, PbeEncryptionAlgorithm algorithm, HashAlgorithmName hash, string password, int iterations)
    {
        var (keyLength, cipher) = algorithm switch
        {
            PbeEncryptionAlgorithm.Aes128Cbc => (16, "2.16.840.1.101.3.4.1.2"),
            PbeEncryptionAlgorithm.Aes192Cbc => (24, "2.16.840.1.101.3.4.1.22"),
            _ => (32, "2.16.840.1.101.3.4.1.42"),
        };
        byte[] salt = RandomNumberGenerator.GetBytes(8), iv = RandomNumberGenerator.GetBytes(16);
        using var aes = Aes.Create();
        aes.Key = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, iterations, hash, keyLength);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.5.13");
                using (writer.PushSequence())
                {
                    WritePbkdf2(writer, salt, iterations, hash, keyLength: null);
                    WriteCipher(writer, cipher, iv);
                }
            }
            writer.WriteOctetString(aes.EncryptCbc(pkcs8, iv));
        }
        return writer.Encode();
    }

    private static void WritePbkdf2(AsnWriter writer, byte[] salt, int iterations, HashAlgorithmName hash, int? keyLength)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.5.12");
            using (writer.PushSequence())
            {
                writer.WriteOctetString(salt);
                writer.WriteInteger(iterations);
                if (keyLength is { } length)
                    writer.WriteInteger(length);
                if (hash != HashAlgorithmName.SHA1)
                    WriteHmac(writer, hash);
            }
        }
    }

    private static void WriteHmac(AsnWriter writer, HashAlgorithmName hash)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier($"1.2.840.113549.2.{(hash == HashAlgorithmName.SHA256 ? 9 : hash == HashAlgorithmName.SHA384 ? 10 : 11)}");
            writer.WriteNull();
        }
    }

    private static byte[] PlatformPkcs12(PbeEncryptionAlgorithm algorithm, string hash, string password)
    {
        using var leaf = X509Certificate2.CreateFromPem(Ec.ChainPem, Ec.KeyPem);
        return leaf.ExportPkcs12(new PbeParameters(algorithm, new HashAlgorithmName(hash), 2000), password);
    }

    // RFC 9579 §4: PBMAC1 in the place of the hash's algorithm, and an empty salt.
    private static byte[] WithPbMac1(byte[] pkcs12, string password)
    {
        var pfx = new AsnReader(pkcs12, AsnEncodingRules.BER).ReadSequence();
        pfx.ReadInteger();
        var info = pfx.ReadEncodedValue();
        var outer = new AsnReader(info, AsnEncodingRules.BER).ReadSequence();
        outer.ReadObjectIdentifier();
        var content = outer.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadOctetString();
        var salt = RandomNumberGenerator.GetBytes(8);
        var key = Rfc2898DeriveBytes.Pbkdf2(password, salt, 1000, HashAlgorithmName.SHA512, 32);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(3);
            writer.WriteEncodedValue(info.Span);
            using (writer.PushSequence())
            {
                using (writer.PushSequence())
                {
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier("1.2.840.113549.1.5.14");
                        using (writer.PushSequence())
                        {
                            WritePbkdf2(writer, salt, 1000, HashAlgorithmName.SHA512, keyLength: 32);
                            WriteHmac(writer, HashAlgorithmName.SHA256);
                        }
                    }
                    writer.WriteOctetString(HMACSHA256.HashData(key, content));
                }
                writer.WriteOctetString([]);
                writer.WriteInteger(1);
            }
        }
        return writer.Encode();
    }
}

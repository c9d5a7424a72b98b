using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Tests.Cryptography;

public sealed class VerificationKeyTests
{
    [Theory]
    [InlineData("ecdsa_secp256r1_sha256_test", 0x0403, 484)]
    [InlineData("ecdsa_secp384r1_sha384_test", 0x0503, 504)]
    [InlineData("ecdsa_secp521r1_sha512_test", 0x0603, 542)]
    [InlineData("ed25519_test", 0x0807, 151)]
    [InlineData("rsa_pss_2048_sha256_mgf1_32_test", 0x0804, 108)]
    [InlineData("rsa_pss_3072_sha256_mgf1_32_test", 0x0804, 108)]
    [InlineData("rsa_pss_4096_sha384_mgf1_48_test", 0x0805, 141)]
    [InlineData("rsa_pss_4096_sha512_mgf1_64_test", 0x0806, 179)]
    // Acceptable is a DigestInfo without NULL, which RFC 8017 §9.2 lets one refuse, as we do.
    [InlineData("rsa_signature_2048_sha256_test", 0x0401, 259)]
    [InlineData("rsa_signature_3072_sha384_test", 0x0501, 259)]
    [InlineData("rsa_signature_4096_sha512_test", 0x0601, 259)]
    public void Verification_passes_Wycheproof(string file, ushort scheme, int cases) =>
        WycheproofFile.Run(file, cases, @case =>
        {
            var key = VerificationKeyCache.Shared.GetOrImport(Convert.FromHexString(@case.Group.GetProperty("publicKeyDer").GetString()!));
            // An RSA key is the platform's only after some use, so both ways are asked.
            if (key is RsaVerificationKey rsa && SchemeAlgorithm.Of(new SignatureScheme(scheme)) is { } algorithm)
            {
                var padding = algorithm.Kind == SignatureKind.RsaPkcs1 ? RSASignaturePadding.Pkcs1 : RSASignaturePadding.Pss;
                if (rsa.VerifyWithoutPlatform(padding, algorithm.Hash, @case.Bytes("msg"), @case.Bytes("sig")) != @case.IsValid
                    || rsa.VerifyByPlatform(padding, algorithm.Hash, @case.Bytes("msg"), @case.Bytes("sig")) != @case.IsValid)
                    return false;
            }
            return key.Verify(new SignatureScheme(scheme), @case.Bytes("msg"), @case.Bytes("sig")) == @case.IsValid;
        });

    // .NET makes no keys of odd lengths, at which RSASSA-PSS has its edges, but uses them.
    private static RSA MakeRsa(int bits)
    {
        if (bits % 8 == 0)
            return RSA.Create(bits);
        var generator = new Org.BouncyCastle.Crypto.Generators.RsaKeyPairGenerator();
        generator.Init(new Org.BouncyCastle.Crypto.Parameters.RsaKeyGenerationParameters(Org.BouncyCastle.Math.BigInteger.ValueOf(3), new Org.BouncyCastle.Security.SecureRandom(), bits, 64));
        var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(Org.BouncyCastle.Pkcs.PrivateKeyInfoFactory.CreatePrivateKeyInfo(generator.GenerateKeyPair().Private).GetDerEncoded(), out _);
        return rsa;
    }

    [Theory]
    [InlineData(1024)]
    [InlineData(1025)]
    [InlineData(2048)]
    [InlineData(2056)]
    public void RSA_without_the_platform_agrees_with_it_on_random_and_changed_signatures(int bits)
    {
        using var rsa = MakeRsa(bits);
        var key = Assert.IsType<RsaVerificationKey>(VerificationKey.Import(rsa.ExportSubjectPublicKeyInfo()));
        var random = new Random(Differential.Seed);
        var hashes = new[] { HashAlgorithmName.SHA256, HashAlgorithmName.SHA384, HashAlgorithmName.SHA512 };
        for (var i = 0; i < Differential.Rounds(120); i++)
        {
            var (hash, padding) = (hashes[i % (bits < 1040 ? 2 : 3)], i % 2 == 0 ? RSASignaturePadding.Pkcs1 : RSASignaturePadding.Pss);
            var data = new byte[random.Next(100)];
            random.NextBytes(data);
            var signature = rsa.SignData(data, hash, padding);
            Assert.True(key.VerifyWithoutPlatform(padding, hash, data, signature), $"round {i}, seed {Differential.Seed}");
            var changed = (byte[])signature.Clone();
            if (i % 3 == 0)
                random.NextBytes(changed);
            else
                changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
            Assert.Equal(key.VerifyByPlatform(padding, hash, data, changed), key.VerifyWithoutPlatform(padding, hash, data, changed));
            Assert.False(key.VerifyWithoutPlatform(padding, hash, data, signature[1..]));
            Assert.False(key.VerifyWithoutPlatform(padding, hash, data, [0, .. signature]));
            Assert.False(key.VerifyWithoutPlatform(padding == RSASignaturePadding.Pss ? RSASignaturePadding.Pkcs1 : RSASignaturePadding.Pss, hash, data, signature));
        }
    }

    [Fact]
    public void Verification_with_ML_DSA_passes_Wycheproof() =>
        WycheproofFile.Run("mldsa_44_verify_test", expectedCases: 173, @case =>
        {
            // RFC 9881 §3: certificates have no context.
            if (@case.Test.TryGetProperty("ctx", out var context) && context.GetString()!.Length > 0)
                return null;
            // The vectors give malformed keys without the structure around them.
            byte[] key = Convert.FromHexString(@case.Group.GetProperty("publicKey").GetString()!);
            byte[] info = [0x30, 0x82, (byte)((key.Length + 18) >> 8), (byte)(key.Length + 18), 0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0x11, 3, 0x82, (byte)((key.Length + 1) >> 8), (byte)(key.Length + 1), 0, .. key];
            var accepted = false;
            var error = Record.Exception(() => accepted = VerificationKey.Import(info).Verify(SignatureScheme.MlDsa44, @case.Bytes("msg"), @case.Bytes("sig")));
            return accepted == @case.IsValid && error is null or CryptographicException;
        });

    [Fact]
    public void Of_all_RSASSA_PSS_parameters_only_those_of_TLS_verify() =>
        WycheproofFile.Run("rsa_pss_misc_test", expectedCases: 90, @case =>
        {
            var (hash, maskHash, saltLength) = (@case.Group.GetProperty("sha").GetString(), @case.Group.GetProperty("mgfSha").GetString(), @case.Group.GetProperty("sLen").GetInt32());
            var (scheme, hashLength) = hash switch { "SHA-256" => (0x0804, 32), "SHA-384" => (0x0805, 48), "SHA-512" => (0x0806, 64), _ => default };
            if (scheme == 0)
                return null;
            var key = VerificationKey.Import(Convert.FromHexString(@case.Group.GetProperty("publicKeyDer").GetString()!));
            return key.Verify(new SignatureScheme((ushort)scheme), @case.Bytes("msg"), @case.Bytes("sig")) == (maskHash == hash && saltLength == hashLength);
        });

    [Fact]
    public void Only_named_curves_in_strict_DER_are_imported() =>
        WycheproofFile.Run("ecdh_secp256r1_test", expectedCases: 612, @case =>
        {
            // Acceptable are BER, compressed points and curves given by their parameters: RFC 5280 demands DER, RFC 5480 §2.1.1 a name, and
            // compressed points are optional (RFC 5480 §2.2); we take none of them.
            VerificationKey? key = null;
            var error = Record.Exception(() => key = VerificationKey.Import(@case.Bytes("public")));
            return @case.IsValid ? key?.Description == "EC P-256" : key?.Description != "EC P-256" && error is null or CryptographicException;
        });

    [Fact]
    public void An_EC_key_verifies_in_a_handshake_with_the_scheme_of_its_curve_only()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var key = VerificationKey.Import(ecdsa.ExportSubjectPublicKeyInfo());
        Assert.Equal([SignatureScheme.EcdsaSecp384r1Sha384], key.HandshakeSchemes);
        Assert.Equal("EC P-384", key.Description);
        Assert.Equal(384, key.KeyBits);

        var signature = ecdsa.SignData("data"u8, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        Assert.False(key.Verify(SignatureScheme.EcdsaSecp256r1Sha256, "data"u8, signature));
        Assert.True(key.VerifyCertificateSignature(SignatureScheme.EcdsaSecp256r1Sha256, "data"u8, signature));
        Assert.False(key.VerifyCertificateSignature(SignatureScheme.EcdsaSecp384r1Sha384, "data"u8, signature));
        Assert.False(key.Verify(SignatureScheme.RsaPssRsaeSha256, "data"u8, signature));
        Assert.False(key.Verify(new SignatureScheme(0x0203), "data"u8, ecdsa.SignData("data"u8, HashAlgorithmName.SHA1, DSASignatureFormat.Rfc3279DerSequence)));
    }

    [Fact]
    public void An_rsaEncryption_key_verifies_rsa_pss_rsae_in_a_handshake_and_both_kinds_in_a_certificate()
    {
        using var rsa = RSA.Create(2048);
        var key = VerificationKey.Import(rsa.ExportSubjectPublicKeyInfo());
        Assert.Equal([SignatureScheme.RsaPssRsaeSha256, SignatureScheme.RsaPssRsaeSha384, SignatureScheme.RsaPssRsaeSha512], key.HandshakeSchemes);
        Assert.Equal("RSA 2048 bits", key.Description);
        Assert.Equal(2048, key.KeyBits);

        var signature = rsa.SignData("data"u8, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
        Assert.True(key.Verify(SignatureScheme.RsaPssRsaeSha256, "data"u8, signature));
        Assert.False(key.Verify(SignatureScheme.RsaPssPssSha256, "data"u8, signature));
        Assert.False(key.Verify(SignatureScheme.RsaPssRsaeSha384, "data"u8, signature));
        Assert.False(key.Verify(SignatureScheme.RsaPkcs1Sha256, "data"u8, signature));
        Assert.True(key.VerifyCertificateSignature(SignatureScheme.RsaPssPssSha256, "data"u8, signature));
        Assert.True(key.Verify(SignatureScheme.RsaPkcs1Sha256, "data"u8, rsa.SignData("data"u8, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
    }

    [Fact]
    public void An_RSASSA_PSS_key_verifies_rsa_pss_pss_and_nothing_else()
    {
        using var rsa = RSA.Create(2048);
        var key = VerificationKey.Import(TestKeys.PublicKeyInfo(TestKeys.RsaSsaPss, [], rsa.ExportRSAPublicKey()));
        Assert.Equal([SignatureScheme.RsaPssPssSha256, SignatureScheme.RsaPssPssSha384, SignatureScheme.RsaPssPssSha512], key.HandshakeSchemes);
        Assert.Equal("RSASSA-PSS 2048 bits", key.Description);

        var signature = rsa.SignData("data"u8, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
        Assert.True(key.Verify(SignatureScheme.RsaPssPssSha256, "data"u8, signature));
        Assert.False(key.Verify(SignatureScheme.RsaPssRsaeSha256, "data"u8, signature));
        var pkcs1 = rsa.SignData("data"u8, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        Assert.False(key.Verify(SignatureScheme.RsaPkcs1Sha256, "data"u8, pkcs1));
        Assert.False(key.VerifyCertificateSignature(SignatureScheme.RsaPkcs1Sha256, "data"u8, pkcs1));
    }

    [Fact]
    public void An_RSASSA_PSS_key_with_parameters_verifies_with_its_own_hash_only()
    {
        using var rsa = RSA.Create(2048);
        var sha384 = TestKeys.HashOid("SHA384");
        var key = VerificationKey.Import(TestKeys.PublicKeyInfo(TestKeys.RsaSsaPss, TestKeys.PssParameters(sha384, sha384, 48), rsa.ExportRSAPublicKey()));
        Assert.Equal([SignatureScheme.RsaPssPssSha384], key.HandshakeSchemes);
        Assert.True(key.Verify(SignatureScheme.RsaPssPssSha384, "data"u8, rsa.SignData("data"u8, HashAlgorithmName.SHA384, RSASignaturePadding.Pss)));
        Assert.False(key.Verify(SignatureScheme.RsaPssPssSha256, "data"u8, rsa.SignData("data"u8, HashAlgorithmName.SHA256, RSASignaturePadding.Pss)));
    }

    [Theory]
    [InlineData("SHA384", "SHA256", 48)]
    [InlineData("SHA256", "SHA256", 33)]
    [InlineData("SHA1", "SHA1", 20)]
    public void An_RSASSA_PSS_key_with_parameters_that_TLS_cannot_meet_is_refused(string hash, string maskHash, int saltLength)
    {
        using var rsa = RSA.Create(2048);
        var info = TestKeys.PublicKeyInfo(TestKeys.RsaSsaPss, TestKeys.PssParameters(TestKeys.HashOid(hash), TestKeys.HashOid(maskHash), saltLength), rsa.ExportRSAPublicKey());
        Assert.Throws<CryptographicException>(() => VerificationKey.Import(info));
    }

    [Fact]
    public void Schemes_that_do_not_fit_into_a_short_RSA_key_are_not_listed()
    {
        using var rsa = RSA.Create(1024);
        var key = VerificationKey.Import(rsa.ExportSubjectPublicKeyInfo());
        Assert.Equal([SignatureScheme.RsaPssRsaeSha256, SignatureScheme.RsaPssRsaeSha384], key.HandshakeSchemes);
        Assert.False(key.Verify(SignatureScheme.RsaPssRsaeSha512, "data"u8, new byte[128]));
    }

    [Theory]
    [InlineData("01", "the exponent 1 makes every message its own signature")]
    [InlineData("010000", "an even exponent")]
    [InlineData("00", "the exponent 0")]
    [InlineData("010000000000000001", "an exponent of 65 bits")]
    [InlineData("ff", "a negative exponent")]
    public void An_RSA_key_with_a_bad_exponent_is_refused(string exponent, string reason)
    {
        using var rsa = RSA.Create(2048);
        byte[] modulus = [0, .. rsa.ExportParameters(false).Modulus!];
        byte[] integers = [0x02, 0x82, 0x01, 0x01, .. modulus, 0x02, (byte)(exponent.Length / 2), .. Convert.FromHexString(exponent)];
        byte[] key = [0x30, 0x82, (byte)(integers.Length >> 8), (byte)integers.Length, .. integers];
        Assert.True(Record.Exception(() => VerificationKey.Import(TestKeys.PublicKeyInfo("1.2.840.113549.1.1.1", [5, 0], key))) is CryptographicException, reason);
    }

    [Fact]
    public void An_RSA_key_of_an_unreasonable_size_is_refused()
    {
        // 16,392 bits, without the cost of a real key.
        byte[] modulus = [0x02, 0x82, 0x08, 0x02, 0x00, .. Enumerable.Repeat((byte)0xFF, 2049)];
        byte[] integers = [.. modulus, 0x02, 0x01, 0x03];
        byte[] key = [0x30, 0x82, (byte)(integers.Length >> 8), (byte)integers.Length, .. integers];
        var error = Assert.Throws<CryptographicException>(() => VerificationKey.Import(TestKeys.PublicKeyInfo("1.2.840.113549.1.1.1", [5, 0], key)));
        Assert.Contains("16392 bits", error.Message);
    }

    [Fact]
    public void Every_kind_of_key_refuses_a_broken_encoding()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(1024);
        byte[] ed25519 = TestKeys.PublicKeyInfo("1.3.101.112", [], Convert.FromHexString("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"));
        foreach (var good in new[] { ecdsa.ExportSubjectPublicKeyInfo(), rsa.ExportSubjectPublicKeyInfo(), ed25519 })
        {
            Assert.NotNull(VerificationKey.Import(good));
            Assert.Throws<CryptographicException>(() => VerificationKey.Import([.. good, 0]));
            for (var length = 0; length < good.Length; length++)
                Assert.Throws<CryptographicException>(() => VerificationKey.Import(good.AsSpan(0, length)));
            // Any byte changed gives an error or some other key, and never another exception.
            for (var i = 0; i < good.Length; i++)
            {
                var changed = good.ToArray();
                changed[i] ^= 0x21;
                var error = Record.Exception(() => VerificationKey.Import(changed));
                Assert.True(error is null or CryptographicException, $"byte {i}: {error}");
            }
        }
    }

    [Fact]
    public void Keys_of_other_kinds_are_refused_by_name()
    {
        using var secp256k1 = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10"));
        Assert.Contains("1.3.132.0.10", Assert.Throws<CryptographicException>(() => VerificationKey.Import(secp256k1.ExportSubjectPublicKeyInfo())).Message);
        Assert.Contains("1.3.101.113", Assert.Throws<CryptographicException>(() => VerificationKey.Import(TestKeys.PublicKeyInfo("1.3.101.113", [], new byte[57]))).Message);
    }

    [Fact]
    public async Task One_key_verifies_on_several_threads_at_once()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var ecSignature = ecdsa.SignData("data"u8, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        var rsaSignature = rsa.SignData("data"u8, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
        var (ecKey, rsaKey) = (VerificationKey.Import(ecdsa.ExportSubjectPublicKeyInfo()), VerificationKey.Import(rsa.ExportSubjectPublicKeyInfo()));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 300; i++)
            {
                Assert.True(ecKey.Verify(SignatureScheme.EcdsaSecp256r1Sha256, "data"u8, ecSignature));
                Assert.False(ecKey.Verify(SignatureScheme.EcdsaSecp256r1Sha256, "Data"u8, ecSignature));
                Assert.True(rsaKey.Verify(SignatureScheme.RsaPssRsaeSha256, "data"u8, rsaSignature));
                Assert.False(rsaKey.Verify(SignatureScheme.RsaPssRsaeSha256, "Data"u8, rsaSignature));
            }
        })));
    }

    [Fact]
    public void The_cache_gives_the_same_object_for_the_same_key_and_forgets_old_ones()
    {
        var cache = new VerificationKeyCache(capacity: 4);
        var infos = Enumerable.Range(0, 6).Select(_ =>
        {
            using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return ecdsa.ExportSubjectPublicKeyInfo();
        }).ToArray();

        var first = cache.GetOrImport(infos[0]);
        Assert.Same(first, cache.GetOrImport(infos[0].ToArray()));
        Assert.NotSame(first, cache.GetOrImport(infos[1]));

        // A key that is used again and again survives what comes once.
        for (var i = 2; i < infos.Length; i++)
        {
            cache.GetOrImport(infos[i]);
            Assert.Same(first, cache.GetOrImport(infos[0]));
        }

        foreach (var info in infos[1..])
            cache.GetOrImport(info);
        Assert.NotSame(first, cache.GetOrImport(infos[0]));
    }

    [Fact]
    public void The_cache_does_not_keep_a_key_that_is_none()
    {
        var cache = new VerificationKeyCache(capacity: 4);
        Assert.Throws<CryptographicException>(() => cache.GetOrImport([0x30, 0x00]));
        Assert.Throws<CryptographicException>(() => cache.GetOrImport([0x30, 0x00]));
    }

    [Fact]
    public void Looking_up_a_key_allocates_nothing()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var info = ecdsa.ExportSubjectPublicKeyInfo();
        var cache = new VerificationKeyCache(capacity: 4);
        var key = cache.GetOrImport(info);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            Assert.Same(key, cache.GetOrImport(info));
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}

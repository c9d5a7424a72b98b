using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Tests.Cryptography;

public sealed class SigningKeyTests
{
    [Theory]
    [InlineData("1.2.840.10045.3.1.7", 0x0403)]
    [InlineData("1.3.132.0.34", 0x0503)]
    [InlineData("1.3.132.0.35", 0x0603)]
    public void An_EC_key_signs_with_the_scheme_of_its_curve(string curve, ushort scheme)
    {
        using var ecdsa = ECDsa.Create(ECCurve.CreateFromValue(curve));
        using var imported = SigningKey.FromPkcs8(ecdsa.ExportPkcs8PrivateKey());
        using var wrapped = SigningKey.FromKey(ecdsa);
        var verificationKey = VerificationKey.Import(ecdsa.ExportSubjectPublicKeyInfo());
        Assert.Equal([new SignatureScheme(scheme)], imported.Schemes);
        AssertSignaturesVerify(imported, verificationKey);
        AssertSignaturesVerify(wrapped, verificationKey);
        Assert.Throws<ArgumentException>(() => imported.Sign(SignatureScheme.Ed25519, "data"u8));
    }

    [Fact]
    public void An_RSA_key_signs_with_the_rsae_schemes()
    {
        using var rsa = RSA.Create(2048);
        using var imported = SigningKey.FromPkcs8(rsa.ExportPkcs8PrivateKey());
        using var wrapped = SigningKey.FromKey(rsa);
        var verificationKey = VerificationKey.Import(rsa.ExportSubjectPublicKeyInfo());
        Assert.Equal(verificationKey.HandshakeSchemes, imported.Schemes);
        AssertSignaturesVerify(imported, verificationKey);
        AssertSignaturesVerify(wrapped, verificationKey);
        Assert.Throws<ArgumentException>(() => imported.Sign(SignatureScheme.RsaPssPssSha256, "data"u8));
        // TLS 1.2 has PKCS#1 as well.
        Assert.Equal(verificationKey.Tls12HandshakeSchemes, imported.Tls12Schemes);
        Assert.DoesNotContain(SignatureScheme.RsaPkcs1Sha256, imported.Schemes.ToArray());
        Assert.True(verificationKey.VerifyHandshake(TlsVersion.Tls12, SignatureScheme.RsaPkcs1Sha256, "data"u8, imported.Sign(SignatureScheme.RsaPkcs1Sha256, "data"u8)));
        Assert.False(verificationKey.VerifyHandshake(TlsVersion.Tls13, SignatureScheme.RsaPkcs1Sha256, "data"u8, imported.Sign(SignatureScheme.RsaPkcs1Sha256, "data"u8)));
    }

    [Fact]
    public void An_RSASSA_PSS_key_signs_with_the_pss_schemes()
    {
        using var rsa = RSA.Create(2048);
        using var imported = SigningKey.FromPkcs8(TestKeys.PrivateKeyInfo(TestKeys.RsaSsaPss, [], rsa.ExportRSAPrivateKey()));
        using var wrapped = SigningKey.FromKey(rsa, isRsaPssKey: true);
        var verificationKey = VerificationKey.Import(TestKeys.PublicKeyInfo(TestKeys.RsaSsaPss, [], rsa.ExportRSAPublicKey()));
        Assert.Equal(3, imported.Schemes.Length);
        AssertSignaturesVerify(imported, verificationKey);
        AssertSignaturesVerify(wrapped, verificationKey);

        var sha256 = TestKeys.HashOid("SHA256");
        using var bound = SigningKey.FromPkcs8(TestKeys.PrivateKeyInfo(TestKeys.RsaSsaPss, TestKeys.PssParameters(sha256, sha256, 32), rsa.ExportRSAPrivateKey()));
        Assert.Equal([SignatureScheme.RsaPssPssSha256], bound.Schemes);
        AssertSignaturesVerify(bound, verificationKey);
    }

    [Theory]
    [InlineData("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC")]
    [InlineData("MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhCoB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")]
    public void The_Ed25519_keys_of_Rfc8410_section_10_3_sign(string pkcs8)
    {
        using var key = SigningKey.FromPkcs8(Convert.FromBase64String(pkcs8));
        Assert.Equal([SignatureScheme.Ed25519], key.Schemes);
        AssertSignaturesVerify(key, VerificationKey.Import(Convert.FromBase64String("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")));
        Assert.Throws<ArgumentException>(() => key.Sign(SignatureScheme.EcdsaSecp256r1Sha256, "data"u8));
    }

    [Fact]
    public void The_third_signature_of_Rfc8032_section_7_1_comes_out()
    {
        using var key = new Ed25519SigningKey(Convert.FromHexString("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"));
        Assert.Equal(
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
            Convert.ToHexStringLower(key.Sign(SignatureScheme.Ed25519, [0xaf, 0x82])));
    }

    [Fact]
    public void A_key_that_the_caller_owns_outlives_the_signing_key()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        SigningKey.FromKey(ecdsa).Dispose();
        Assert.NotEmpty(ecdsa.SignData([1], HashAlgorithmName.SHA256));
    }

    [Fact]
    public void Keys_that_cannot_sign_TLS_13_are_refused()
    {
        using var secp256k1 = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10"));
        Assert.Throws<CryptographicException>(() => SigningKey.FromKey(secp256k1));
        Assert.Throws<CryptographicException>(() => SigningKey.FromPkcs8(secp256k1.ExportPkcs8PrivateKey()));
        using var ecdh = ECDiffieHellman.Create();
        Assert.Throws<CryptographicException>(() => SigningKey.FromKey(ecdh));
    }

    [Fact]
    public void A_broken_private_key_is_refused()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(1024);
        byte[] ed25519 = Convert.FromBase64String("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC");
        foreach (var good in new[] { ecdsa.ExportPkcs8PrivateKey(), rsa.ExportPkcs8PrivateKey(), ed25519 })
            for (var length = 0; length < good.Length; length++)
                Assert.Throws<CryptographicException>(() => SigningKey.FromPkcs8(good.AsSpan(0, length)));
    }

    [Fact]
    public async Task One_key_signs_on_several_threads_at_once()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        using var ecKey = SigningKey.FromKey(ecdsa);
        using var rsaKey = SigningKey.FromKey(rsa);
        var (ecVerificationKey, rsaVerificationKey) = (VerificationKey.Import(ecdsa.ExportSubjectPublicKeyInfo()), VerificationKey.Import(rsa.ExportSubjectPublicKeyInfo()));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 50; i++)
            {
                Assert.True(ecVerificationKey.Verify(ecKey.Schemes[0], "data"u8, ecKey.Sign(ecKey.Schemes[0], "data"u8)));
                Assert.True(rsaVerificationKey.Verify(rsaKey.Schemes[0], "data"u8, rsaKey.Sign(rsaKey.Schemes[0], "data"u8)));
            }
        })));
    }

    private static void AssertSignaturesVerify(SigningKey key, VerificationKey verificationKey)
    {
        foreach (var scheme in key.Schemes)
        {
            var signature = key.Sign(scheme, "data"u8);
            Assert.True(verificationKey.Verify(scheme, "data"u8, signature));
            Assert.False(verificationKey.Verify(scheme, "date"u8, signature));
        }
    }
}

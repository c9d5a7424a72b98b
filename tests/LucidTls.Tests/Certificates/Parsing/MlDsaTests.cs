using LucidTls.Certificates;
using LucidTls.Certificates.Parsing;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Operators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using Certificate = LucidTls.Certificates.Parsing.Certificate;
using GeneralName = Org.BouncyCastle.Asn1.X509.GeneralName;

namespace LucidTls.Tests.Certificates.Parsing;

/// <summary>ML-DSA in certificates (RFC 9881), made by BouncyCastle.</summary>
public sealed class MlDsaTests
{
    private static readonly AsymmetricCipherKeyPair Root = Generate(MLDsaParameters.ml_dsa_87);
    private static readonly AsymmetricCipherKeyPair Leaf = Generate(MLDsaParameters.ml_dsa_44);

    [Fact]
    public async Task A_chain_of_ML_DSA_is_verified_and_its_keys_are_named()
    {
        var (root, leaf) = (Issue("CN=Root", Root, Root, isAuthority: true), Issue("CN=Leaf", Leaf, Root, isAuthority: false));
        var verdict = await VerifyAsync(root, leaf, CertificateProfile.Rfc5280);
        Assert.True(verdict.IsAccepted, verdict.Explanation);
        Assert.Equal(["ML-DSA-44", "ML-DSA-87"], verdict.Paths[0].Steps.Select(step => step.Key));
        Assert.Equal("mldsa87", verdict.Paths[0].Steps[0].SignatureAlgorithm);
        Assert.Equal(PublicKeyKind.MlDsa, Certificate.TryParse(leaf)!.KeyFacts.Kind);
    }

    [Fact]
    public async Task A_changed_signature_is_refused()
    {
        var leaf = Issue("CN=Leaf", Leaf, Root, isAuthority: false);
        leaf[^1] ^= 1;
        Assert.False((await VerifyAsync(Issue("CN=Root", Root, Root, isAuthority: true), leaf, CertificateProfile.Rfc5280)).IsAccepted);
    }

    [Fact]
    public async Task The_webs_profile_names_the_kind_that_its_authorities_may_not_certify()
    {
        var verdict = await VerifyAsync(Issue("CN=Root", Root, Root, isAuthority: true), Issue("CN=Leaf", Leaf, Root, isAuthority: false), CertificateProfile.WebPki);
        Assert.Contains(verdict.Paths[0].Steps[0].Problems, problem => problem.Rule == CertificateRule.KeyKind && problem.Explanation.Contains("ML-DSA-44", StringComparison.Ordinal));
    }

    private static Task<CertificateVerdict> VerifyAsync(byte[] root, byte[] leaf, CertificateProfile profile) =>
        new CertificateVerifier(new CertificateVerifierOptions { TrustStore = TrustStore.FromCertificates([root]), Profile = profile })
            .VerifyAsync([leaf], "a.example", CertificatePurpose.Server, TestContext.Current.CancellationToken).AsTask();

    private static byte[] Issue(string subject, AsymmetricCipherKeyPair key, AsymmetricCipherKeyPair issuer, bool isAuthority)
    {
        var generator = new X509V3CertificateGenerator();
        generator.SetSerialNumber(BigInteger.ValueOf(Random.Shared.NextInt64(1, long.MaxValue)));
        generator.SetIssuerDN(new X509Name("CN=Root"));
        generator.SetSubjectDN(new X509Name(subject));
        generator.SetNotBefore(DateTime.UtcNow.AddDays(-1));
        generator.SetNotAfter(DateTime.UtcNow.AddDays(30));
        generator.SetPublicKey(key.Public);
        generator.AddExtension(X509Extensions.BasicConstraints, true, new BasicConstraints(isAuthority));
        if (!isAuthority)
            generator.AddExtension(X509Extensions.SubjectAlternativeName, false, new GeneralNames(new GeneralName(GeneralName.DnsName, "a.example")));
        return generator.Generate(new Asn1SignatureFactory("ML-DSA-87", issuer.Private)).GetEncoded();
    }

    private static AsymmetricCipherKeyPair Generate(MLDsaParameters parameters)
    {
        var generator = new MLDsaKeyPairGenerator();
        generator.Init(new MLDsaKeyGenerationParameters(new SecureRandom(), parameters));
        return generator.GenerateKeyPair();
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.Certificates.Transparency;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Rules;

/// <summary>Each rule by a chain that keeps it and one that breaks it, which differ in that one thing.</summary>
public sealed class RuleTests
{
    private const string CodeSigning = "1.3.6.1.5.5.7.3.3";
    private const string AnyUsage = "2.5.29.37.0";
    private const X509KeyUsageFlags Signing = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign;

    private static readonly TestChain Good = new();

    private static readonly Case[] Cases =
    [
        new(CertificateRule.WellFormed, "an extension is cut", Good with { Leaf = Good.Leaf.With(new(RawExtensions.AlternativeNamesOid, false, [0x30, 5, 0x82, 9])) }),
        new(CertificateRule.WellFormed, "an extension stands twice", Good with { Leaf = Good.Leaf with { Extensions = [.. Good.Leaf.Extensions, RawExtensions.KeyUsage(X509KeyUsageFlags.DigitalSignature)] } }),
        new(CertificateRule.Signature, "a bit of the leaf's signature is another", Good with { Leaf = Good.Leaf with { IsSignatureBroken = true } }),
        new(CertificateRule.Signature, "a bit of the intermediate's signature is another", Good with { Intermediate = Good.Intermediate with { IsSignatureBroken = true } }),
        new(CertificateRule.TrustAnchor, "another root is trusted", Good with { Anchor = _ => new TrustAnchor(new TestPki().Root) }),
        new(CertificateRule.NotRevoked, "the leaf is on the list", Good with { Options = Listing(Good.Leaf.Serial) }, Good with { Options = Listing([1, 2, 3]) }),
        new(CertificateRule.Name, "the leaf is for another name", Good with { Leaf = TestChain.LeafFor("mail.site.example") }),
        new(CertificateRule.Pin, "another key is pinned", Good with { Options = Pinned([1, 2, 3]) }, Good with { Options = Pinned(Good.Intermediate.SubjectPublicKeyInfo) }),
        new(CertificateRule.SearchBudget, "there are more than a hundred certificates of the same name and other keys", Crowd(101), Crowd(10)),
        new(CertificateRule.PathDepth, "no authority may stand between", Good with { Options = new() { MaxDepth = 0 } }, Good with { Options = new() { MaxDepth = 1 } }),
        new(CertificateRule.DemandedUsage, "a key usage is demanded that is not there", Good with { Options = new() { DemandedKeyUsage = X509KeyUsageFlags.NonRepudiation } }, Good with { Options = new() { DemandedKeyUsage = X509KeyUsageFlags.DigitalSignature } }),
        new(CertificateRule.DemandedUsage, "an extended key usage is demanded that is not there", Good with { Options = new() { DemandedExtendedKeyUsages = [CodeSigning] } }, Good with { Options = new() { DemandedExtendedKeyUsages = [TestChain.ServerAuthentication] } }),
        new(CertificateRule.AnchorLimits, "the root is trusted for other names", Good with { Anchor = root => new(root) { PermittedNames = ["other.example"] } }, Good with { Anchor = root => new(root) { PermittedNames = ["site.example"] } }),
        new(CertificateRule.AnchorLimits, "the root is trusted for clients", Good with { Anchor = root => new(root) { Purposes = [CertificatePurpose.Client] } }, Good with { Anchor = root => new(root) { Purposes = [CertificatePurpose.Server] } }),
        new(CertificateRule.AnchorLimits, "the root is trusted for what was issued before", Good with { Anchor = root => new(root) { DistrustAfter = TestChain.Now.AddDays(-11) } }, Good with { Anchor = root => new(root) { DistrustAfter = TestChain.Now.AddDays(-9) } }),
        new(CertificateRule.RevocationStatus, "there is no list", Good with { Options = new() { Revocation = Demanding() } }, Good with { Options = new() { Revocation = Demanding(List("CN=Intermediate", TestChain.IntermediateSigner, [9]), List("CN=Root", TestChain.RootSigner, [9])) } }),
        new(CertificateRule.Transparency, "no log vouches for the leaf", Logged(isExempt: false), Logged(isExempt: true)),

        new(CertificateRule.Validity, "the leaf has expired", Good with { Leaf = Good.Leaf with { NotAfter = TestChain.Now.AddSeconds(-1) } }, Good with { Leaf = Good.Leaf with { NotAfter = TestChain.Now } }),
        new(CertificateRule.Validity, "the leaf is not valid yet", Good with { Leaf = Good.Leaf with { NotBefore = TestChain.Now.AddSeconds(1) } }, Good with { Leaf = Good.Leaf with { NotBefore = TestChain.Now } }),
        new(CertificateRule.Validity, "the intermediate has expired", Good with { Intermediate = Good.Intermediate with { NotAfter = TestChain.Now.AddDays(-3) } }),
        new(CertificateRule.Validity, "the root has expired", Good with { Root = Good.Root with { NotAfter = TestChain.Now.AddDays(-3) } }),
        new(CertificateRule.SignatureAlgorithm, "the leaf is signed with SHA-1", Good with { Leaf = Good.Leaf with { Algorithm = CertificateBuilder.Sha1WithEcdsa } }) { IsAlwaysRefused = true },
        new(CertificateRule.SignatureAlgorithmAgreement, "the signed part names another algorithm", Good with { Leaf = Good.Leaf with { AlgorithmInside = "1.2.840.10045.4.3.3" } }),
        new(CertificateRule.KeyStrength, "the leaf has an RSA key of 1,024 bits", Good with { Leaf = Good.Leaf with { SubjectPublicKeyInfo = RsaKey(1024) } }, Good with { Leaf = Good.Leaf with { SubjectPublicKeyInfo = RsaKey(2048) } }),
        new(CertificateRule.KeyStrength, "the leaf has a key on another curve", Good with { Leaf = Good.Leaf with { SubjectPublicKeyInfo = ECDsa.Create(ECCurve.CreateFromFriendlyName("secP256k1")).ExportSubjectPublicKeyInfo() } }),
        new(CertificateRule.Version, "the intermediate is of version 1", Good with { Intermediate = Good.Intermediate with { Version = 1, Extensions = [] } }) { AlsoBroken = [CertificateRule.AuthorityKeyIdentifier, CertificateRule.SubjectKeyIdentifier, CertificateRule.AuthorityKeyUsage] },
        new(CertificateRule.UnknownCriticalExtension, "the leaf has a critical extension that is not known", Good with { Leaf = Good.Leaf.With(new("1.2.3.4.5", true, [5, 0])) }, Good with { Leaf = Good.Leaf.With(new("1.2.3.4.5", false, [5, 0])) }),
        new(CertificateRule.UnknownCriticalExtension, "the intermediate has one", Good with { Intermediate = Good.Intermediate.With(new("1.2.3.4.5", true, [5, 0])) }, Good with { Intermediate = Good.Intermediate.With(new("1.2.3.4.5", false, [5, 0])) }),
        new(CertificateRule.IssuerIsAuthority, "the intermediate is no authority", Good with { Intermediate = Good.Intermediate.With(RawExtensions.BasicConstraints(false)) }),
        new(CertificateRule.IssuerIsAuthority, "the intermediate has no basic constraints", Good with { Intermediate = Good.Intermediate.Without(RawExtensions.BasicConstraintsOid) }),
        new(CertificateRule.PathLength, "the root allows no authority below it", Good with { Root = Good.Root.With(RawExtensions.BasicConstraints(true, 0)) }, Good with { Root = Good.Root.With(RawExtensions.BasicConstraints(true, 1)) }),
        new(CertificateRule.CertificateSigning, "the intermediate may sign lists only", Good with { Intermediate = Good.Intermediate.With(RawExtensions.BasicConstraints(true)).With(RawExtensions.KeyUsage(X509KeyUsageFlags.CrlSign)) }, Good with { Intermediate = Good.Intermediate.With(RawExtensions.KeyUsage(X509KeyUsageFlags.KeyCertSign)) }),
        new(CertificateRule.DigitalSignature, "the leaf's key is for encipherment", Good with { Leaf = Good.Leaf.With(RawExtensions.KeyUsage(X509KeyUsageFlags.KeyEncipherment)) }, Good with { Leaf = Good.Leaf.With(RawExtensions.KeyUsage(X509KeyUsageFlags.KeyEncipherment | X509KeyUsageFlags.DigitalSignature)) }),
        new(CertificateRule.ExtendedKeyUsage, "the leaf is for clients", Good with { Leaf = Good.Leaf.With(RawExtensions.ExtendedKeyUsage(TestChain.ClientAuthentication)) }, Good with { Leaf = Good.Leaf.With(RawExtensions.ExtendedKeyUsage(TestChain.ClientAuthentication, TestChain.ServerAuthentication)) }),
        new(CertificateRule.ExtendedKeyUsage, "the intermediate is for signing code", Good with { Intermediate = Good.Intermediate.With(RawExtensions.ExtendedKeyUsage(CodeSigning)) }, Good with { Intermediate = Good.Intermediate.With(RawExtensions.ExtendedKeyUsage(CodeSigning, TestChain.ServerAuthentication)) }),
        new(CertificateRule.ExtendedKeyUsage, "a server's certificate is shown by a client", AsClient(Good.Leaf), AsClient(Good.Leaf.With(RawExtensions.ExtendedKeyUsage(TestChain.ClientAuthentication)))),
        new(CertificateRule.NameConstraints, "the intermediate may issue for another name", Constrained(["dns:other.example"]), Constrained(["dns:site.example"])),
        new(CertificateRule.NameConstraints, "the intermediate may not issue for this name", Constrained([], ["dns:site.example"]), Constrained([], ["dns:other.example"])),
        new(CertificateRule.NameConstraints, "the root may not", Good with { Root = Good.Root.With(RawExtensions.NameConstraints([], ["dns:site.example"])) }, Good with { Root = Good.Root.With(RawExtensions.NameConstraints([], ["dns:other.example"])) }),
        new(CertificateRule.Policies, "a policy is demanded and there is none", Good with { Options = new() { RequireExplicitPolicy = true } }, WithPolicy(Good) with { Options = new() { RequireExplicitPolicy = true } }),
        new(CertificateRule.Policies, "another policy is demanded", WithPolicy(Good) with { Options = new() { RequireExplicitPolicy = true, AcceptedPolicies = ["1.2.3.9"] } }, WithPolicy(Good) with { Options = new() { RequireExplicitPolicy = true, AcceptedPolicies = ["1.2.3.1"] } }),

        new(CertificateRule.SerialNumber, "the serial number is 0", Good with { Leaf = Good.Leaf with { Serial = [0] } }),
        new(CertificateRule.SerialNumber, "the serial number is negative", Good with { Leaf = Good.Leaf with { Serial = [0x80, 1] } }),
        new(CertificateRule.SerialNumber, "the serial number has 21 bytes", Good with { Leaf = Good.Leaf with { Serial = [1, .. new byte[20]] } }, Good with { Leaf = Good.Leaf with { Serial = [1, .. new byte[19]] } }),
        new(CertificateRule.TimeEncoding, "a date of this century is written as GeneralizedTime", Good with { Leaf = Good.Leaf with { HasLongTimes = true } }),
        new(CertificateRule.UniqueIdentifiers, "there is a unique identifier", Good with { Leaf = Good.Leaf with { HasUniqueIdentifiers = true } }),
        new(CertificateRule.KeyKind, "the leaf has an Ed25519 key", Good with { Leaf = Good.Leaf with { SubjectPublicKeyInfo = TestKey.Create(KeyKind.Ed25519).SubjectPublicKeyInfo } }),
        new(CertificateRule.Criticality, "the authority key identifier is critical", Good with { Leaf = Good.Leaf.With(RawExtensions.AuthorityKeyIdentifier(TestChain.Identifier(TestChain.IntermediateSigner), isCritical: true)) }),
        new(CertificateRule.Criticality, "an authority's basic constraints are not critical", Good with { Intermediate = Good.Intermediate.With(RawExtensions.BasicConstraints(true, 0, isCritical: false)) }),
        new(CertificateRule.Criticality, "the alternative names are critical beside a subject", Good with { Leaf = Good.Leaf.With(RawExtensions.AlternativeNames(["dns:" + TestChain.Name], isCritical: true)) }),
        new(CertificateRule.AuthorityKeyIdentifier, "the leaf has no authority key identifier", Good with { Leaf = Good.Leaf.Without(RawExtensions.AuthorityKeyIdentifierOid) }),
        new(CertificateRule.SubjectKeyIdentifier, "the intermediate has no subject key identifier", Good with { Intermediate = Good.Intermediate.Without(RawExtensions.SubjectKeyIdentifierOid) }),
        new(CertificateRule.AuthorityName, "the intermediate has no name", Good with { Intermediate = Good.Intermediate with { Subject = new("") }, Leaf = Good.Leaf with { Issuer = new("") } }),
        new(CertificateRule.AuthorityKeyUsage, "the intermediate has no key usage", Good with { Intermediate = Good.Intermediate.Without(RawExtensions.KeyUsageOid) }),
        new(CertificateRule.PathLengthForm, "the leaf has a path length", Good with { Leaf = Good.Leaf.With(RawExtensions.BasicConstraints(false, 0)) }),
        new(CertificateRule.LeafIsNoAuthority, "the leaf is an authority", Good with { Leaf = Good.Leaf.With(RawExtensions.BasicConstraints(true)) }),
        new(CertificateRule.LeafSignsNoCertificates, "the leaf's key may sign certificates", Good with { Leaf = Good.Leaf.With(RawExtensions.KeyUsage(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign)) }, Good with { Leaf = Good.Leaf.With(RawExtensions.KeyUsage(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyAgreement)) }),
        new(CertificateRule.ExtendedKeyUsagePresent, "the leaf has no extended key usage", Good with { Leaf = Good.Leaf.Without(RawExtensions.ExtendedKeyUsageOid) }),
        new(CertificateRule.ExtendedKeyUsageForm, "the leaf is for any purpose", Good with { Leaf = Good.Leaf.With(RawExtensions.ExtendedKeyUsage(TestChain.ServerAuthentication, AnyUsage)) }),
        new(CertificateRule.NameConstraintsForm, "the leaf has name constraints", Good with { Leaf = Good.Leaf.With(RawExtensions.NameConstraints(["dns:site.example"])) }),
        new(CertificateRule.NameConstraintsForm, "a constraint begins with a dot", Constrained(["dns:.site.example"]), Constrained(["dns:site.example"])),
        new(CertificateRule.AlternativeNameForm, "a name has an underscore", Good with { Leaf = TestChain.LeafFor(TestChain.Name, "under_score.site.example") }, Good with { Leaf = TestChain.LeafFor(TestChain.Name, "under-score.site.example") }),
        new(CertificateRule.CommonName, "the common name is in other letters", Good with { Leaf = Good.Leaf with { Subject = new("CN=WWW.site.example") } }),
        new(CertificateRule.CommonName, "the common name is an address that is not among the names", Good with { Leaf = Good.Leaf with { Subject = new("CN=192.0.2.1") } }),
        new(CertificateRule.RegistrySuffixWildcard, "the wildcard stands below a registry's suffix", Wild("*.co.uk", "site.co.uk"), Wild("*.site.co.uk", "www.site.co.uk")),
        new(CertificateRule.PrivateSuffixWildcard, "the wildcard stands below a private suffix", Wild("*.github.io", "site.github.io"), Wild("*.site.github.io", "www.site.github.io")),
    ];

    public static TheoryData<int, string> Descriptions
    {
        get
        {
            var data = new TheoryData<int, string>();
            for (var i = 0; i < Cases.Length; i++)
                data.Add(i, $"{Cases[i].Rule}: {Cases[i].What}");
            return data;
        }
    }

    [Fact]
    public void There_is_a_pair_of_chains_for_every_rule() =>
        Assert.Empty(Enum.GetValues<CertificateRule>().Except(Cases.Select(one => one.Rule)));

    [Theory]
    [MemberData(nameof(Descriptions))]
    public async Task A_chain_that_keeps_the_rule_is_accepted_and_one_that_breaks_it_is_refused_for_it(int index, string what)
    {
        var (rule, _, broken, kept) = Cases[index];
        var profile = CertificateProfile.WebPki.With(rule);
        var accepted = await (kept ?? Good).VerifyAsync(profile);
        Assert.True(accepted.IsAccepted, $"{what}: {accepted.Explanation}");
        var refused = await broken.VerifyAsync(profile);
        Assert.False(refused.IsAccepted, what);
        Assert.Equal(rule, refused.Problem!.Rule);
        Assert.NotEmpty(refused.Problem.Remedy);
        Assert.Contains(refused.Explanation, refused.ToTree(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Descriptions))]
    public async Task The_profile_of_RFC_5280_has_the_rules_of_validation_and_not_those_of_form(int index, string what)
    {
        var (rule, _, broken, _) = Cases[index];
        var verdict = await broken.VerifyAsync(CertificateProfile.Rfc5280);
        if (rule < CertificateRule.SerialNumber)
            Assert.Equal(rule, verdict.Problem?.Rule);
        else
            Assert.True(verdict.IsAccepted, $"{what}: {verdict.Explanation}");
    }

    [Theory]
    [MemberData(nameof(Descriptions))]
    public async Task A_rule_can_be_left_out_alone(int index, string what)
    {
        var one = Cases[index];
        if (one.Rule < CertificateRule.Validity)
        {
            // Without these a verdict would mean nothing, or they are demands of the caller's own.
            Assert.Throws<ArgumentException>(() => CertificateProfile.WebPki.Without(one.Rule));
            return;
        }
        var verdict = await one.Broken.VerifyAsync(one.AlsoBroken.Aggregate(CertificateProfile.WebPki.Without(one.Rule), (profile, rule) => profile.Without(rule)));
        if (one.IsAlwaysRefused)
            Assert.False(verdict.IsAccepted, what);
        else
            Assert.True(verdict.IsAccepted, $"{what}: {verdict.Explanation}");
    }

    private static TestChain AsClient(CertificateBuilder leaf) => Good with { Leaf = leaf, Purpose = CertificatePurpose.Client, Names = [] };

    private static TestChain Constrained(string[] permitted, string[]? excluded = null) => Good with { Intermediate = Good.Intermediate.With(RawExtensions.NameConstraints(permitted, excluded)) };

    private static TestChain Wild(string certified, string asked) => Good with { Leaf = TestChain.LeafFor(certified), Names = [PeerName.Parse(asked)] };

    private static TestChain WithPolicy(TestChain chain) => chain with { Intermediate = chain.Intermediate.With(RawExtensions.Policies("1.2.3.1")), Leaf = chain.Leaf.With(RawExtensions.Policies("1.2.3.1")) };

    private static TestChain Logged(bool isExempt)
    {
        var logs = CtLogList.FromJson(TestLog.Json([new TestLog("Alpha 2026", "One")], TestChain.Now.AddDays(-5)));
        return Good with { Options = new() { TransparencyLogs = logs }, Anchor = root => new(root) { IsExemptFromTransparency = isExempt } };
    }

    private static CertificateVerifierOptions Pinned(byte[] subjectPublicKeyInfo) => new() { Pins = [SHA256.HashData(subjectPublicKeyInfo)] };

    private static CertificateVerifierOptions Listing(byte[] serial) => new() { Revocation = new() { GivenLists = [List("CN=Intermediate", TestChain.IntermediateSigner, serial)] } };

    private static RevocationOptions Demanding(params CertificateRevocationList[] lists) => new() { Lists = RevocationMode.HardFail, GivenLists = lists };

    private static CertificateRevocationList List(string issuer, ECDsa key, byte[] serial)
    {
        var builder = new CertificateRevocationListBuilder();
        builder.AddEntry(serial, TestChain.Now.AddDays(-1));
        var identifier = X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(TestChain.Identifier(key));
        return CertificateRevocationList.FromDer(builder.Build(new X500DistinguishedName(issuer), X509SignatureGenerator.CreateForECDsa(key), 7, TestChain.Now.AddDays(3), HashAlgorithmName.SHA256, identifier, TestChain.Now.AddDays(-1)));
    }

    private static byte[] RsaKey(int bits)
    {
        using var key = RSA.Create(bits);
        return key.ExportSubjectPublicKeyInfo();
    }

    // Authorities with the intermediate's name and other keys, and before them nothing that would tell the right one apart.
    private static TestChain Crowd(int count)
    {
        var leaf = Good.Leaf.Without(RawExtensions.AuthorityKeyIdentifierOid);
        var strangers = Enumerable.Range(0, count).Select(i =>
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return TestChain.Authority("CN=Root", "CN=Intermediate", key, TestChain.Identifier(TestChain.RootSigner)).Sign(key);
        });
        return Good with { Surplus = [.. strangers], Profile = profile => profile.Without(CertificateRule.AuthorityKeyIdentifier), Leaf = leaf, Intermediate = Good.Intermediate with { NotBefore = TestChain.Now.AddYears(-3) } };
    }

    private sealed record Case(CertificateRule Rule, string What, TestChain Broken, TestChain? Kept = null)
    {
        /// <summary>Without the rule there is still no way to a trust anchor.</summary>
        public bool IsAlwaysRefused { get; init; }

        /// <summary>What the chain breaks besides the rule, since there is no chain that breaks it alone.</summary>
        public CertificateRule[] AlsoBroken { get; init; } = [];
    }
}

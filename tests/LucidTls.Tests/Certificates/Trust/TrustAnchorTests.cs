using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Trust;

/// <summary>Trust within limits, and pins: each limit kept, and broken in one thing.</summary>
public sealed class TrustAnchorTests
{
    private static readonly TestPki Pki = new();
    private static readonly TestCertificate Leaf = Pki.Leaf(KeyKind.EcdsaP256, "www.example.com", "192.0.2.7");

    [Theory]
    [InlineData("www.example.com", new[] { "example.com", "192.0.2.0/24" }, true)]
    [InlineData("192.0.2.7", new[] { "example.com", "192.0.2.0/24" }, true)]
    [InlineData("www.example.com", new[] { "www.example.com", "192.0.2.7" }, true)]
    [InlineData("www.example.com", new[] { "example.org", "192.0.2.0/24" }, false)]
    [InlineData("www.example.com", new[] { "ample.com", "192.0.2.0/24" }, false)]
    [InlineData("www.example.com", new[] { "a.www.example.com", "192.0.2.0/24" }, false)]
    [InlineData("www.example.com", new[] { "example.com", "192.0.3.0/24" }, false)]
    [InlineData("www.example.com", new[] { "example.com" }, false)]
    [InlineData("192.0.2.7", new[] { "192.0.2.0/24" }, false)]
    public async Task An_anchor_is_trusted_for_its_names_only(string name, string[] permitted, bool isAccepted)
    {
        var verdict = await VerifyAsync(new TrustAnchor(Pki.Root) { PermittedNames = permitted }, name);
        Assert.Equal(isAccepted, verdict.IsAccepted);
        if (!isAccepted)
            Assert.Equal(CertificateRule.AnchorLimits, verdict.Problem!.Rule);
    }

    [Theory]
    [InlineData("")]
    [InlineData("*.example.com")]
    [InlineData("example.com/24")]
    [InlineData("192.0.2.0/33")]
    [InlineData("a b")]
    public void A_limit_that_is_no_name_is_an_error(string name) =>
        Assert.Throws<ArgumentException>(() => new TrustAnchor(Pki.Root) { PermittedNames = [name] });

    [Fact]
    public void A_limit_without_names_is_an_error() =>
        Assert.Throws<ArgumentException>(() => new TrustAnchor(Pki.Root) { PermittedNames = [] });

    [Fact]
    public void What_is_no_certificate_is_no_anchor() =>
        Assert.Throws<FormatException>(() => new TrustAnchor(new byte[] { 0x30, 0 }));

    [Theory]
    [InlineData(CertificatePurpose.Server, true)]
    [InlineData(CertificatePurpose.Client, false)]
    public async Task An_anchor_is_trusted_for_its_purposes_only(CertificatePurpose purpose, bool isAccepted)
    {
        var verdict = await VerifyAsync(new TrustAnchor(Pki.Root) { Purposes = [CertificatePurpose.Server] }, purpose: purpose);
        Assert.Equal(isAccepted, verdict.IsAccepted);
        if (!isAccepted)
            Assert.Equal(CertificateRule.AnchorLimits, verdict.Problem!.Rule);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(-1, false)]
    public async Task Leaves_issued_after_the_distrust_are_refused(int seconds, bool isAccepted)
    {
        using var leaf = X509CertificateLoader.LoadCertificate(Leaf.Chain[0]);
        var verdict = await VerifyAsync(new TrustAnchor(Pki.Root) { DistrustAfter = new DateTimeOffset(leaf.NotBefore.ToUniversalTime()).AddSeconds(seconds) });
        Assert.Equal(isAccepted, verdict.IsAccepted);
        if (!isAccepted)
            Assert.Equal(CertificateRule.AnchorLimits, verdict.Problem!.Rule);
    }

    [Fact]
    public async Task An_intermediate_or_the_leaf_may_be_the_anchor()
    {
        Assert.Equal(2, (await VerifyAsync(new TrustAnchor(Pki.Intermediate))).Path.Count);
        Assert.Single((await VerifyAsync(new TrustAnchor(Leaf.Chain[0]))).Path);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public async Task One_key_of_the_path_must_be_pinned(int pinned, bool isAccepted)
    {
        using var other = new TestPki();
        using var certificate = X509CertificateLoader.LoadCertificate(((byte[][])[Leaf.Chain[0], Pki.Intermediate, Pki.Root, other.Root])[pinned]);
        var pin = SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo());
        var verdict = await VerifyAsync(new TrustAnchor(Pki.Root), pins: [SHA256.HashData("another"u8), pin]);
        Assert.Equal(isAccepted, verdict.IsAccepted);
        if (!isAccepted)
            Assert.Equal(CertificateRule.Pin, verdict.Problem!.Rule);
    }

    private static async Task<CertificateVerdict> VerifyAsync(TrustAnchor anchor, string name = "www.example.com", CertificatePurpose purpose = CertificatePurpose.Server, byte[][]? pins = null)
    {
        var options = new CertificateVerifierOptions { TrustStore = TrustStore.FromAnchors([anchor]), Pins = [.. (pins ?? []).Select(pin => (ReadOnlyMemory<byte>)pin)] };
        return await new CertificateVerifier(options).VerifyAsync([.. Leaf.Chain.Select(der => (ReadOnlyMemory<byte>)der)], name, purpose, TestContext.Current.CancellationToken);
    }
}

using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.Certificates.Transparency;
using LucidTls.Tests.Certificates.Revocation;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Transparency;

/// <summary>Timestamps that come inside a stapled OCSP response (RFC 6962 §3.3).</summary>
public sealed class StapledTimestampTests
{
    private static readonly TestAuthority Root = new();
    private static readonly X509Certificate2 Leaf = Root.Leaf();
    private static readonly TestLog One = new("Alpha 2026", "One");
    private static readonly TestLog Two = new("Gamma 2026", "Two", isRsa: true);

    [Fact]
    public async Task Timestamps_in_the_staple_suffice()
    {
        var verdict = await VerifyAsync(Leaf.RawData, Leaf);
        Assert.True(verdict.IsAccepted, verdict.Explanation);
        Assert.Equal([CertificateTimestampSource.OcspResponse, CertificateTimestampSource.OcspResponse], verdict.Paths[0].Timestamps.Select(one => one.Source));
    }

    [Fact]
    public async Task Timestamps_in_a_staple_about_another_certificate_do_not_count()
    {
        var verdict = await VerifyAsync(Leaf.RawData, Root.Leaf());
        Assert.Equal(CertificateRule.Transparency, verdict.Problem?.Rule);
    }

    [Fact]
    public async Task Timestamps_for_another_certificate_in_a_staple_do_not_count()
    {
        var verdict = await VerifyAsync(Root.Leaf().RawData, Leaf);
        Assert.Contains("has no good timestamp with the handshake, of 2 logs demanded; not counted: Alpha 2026", verdict.Explanation, StringComparison.Ordinal);
    }

    private static async Task<CertificateVerdict> VerifyAsync(byte[] logged, X509Certificate2 about)
    {
        var list = new AsnWriter(AsnEncodingRules.DER);
        list.WriteOctetString(TestLog.List(One.SignCertificate(logged, TestAuthority.Now.AddDays(-1)), Two.SignCertificate(logged, TestAuthority.Now.AddDays(-1))));
        var staple = new TestResponse(Root, about) { SingleExtension = new X509Extension("1.3.6.1.4.1.11129.2.4.5", list.Encode(), false) };
        var options = new CertificateVerifierOptions { TrustStore = TrustStore.FromCertificates([Root.Der]), TransparencyLogs = CtLogList.FromJson(TestLog.Json([One, Two])) };
        var request = new CertificateVerificationRequest { Chain = [Leaf.RawData], Names = [PeerName.Parse("a.example")], Time = TestAuthority.Now, Staples = [staple.Encode()] };
        return await new CertificateVerifier(options).VerifyAsync(request, TestContext.Current.CancellationToken);
    }
}

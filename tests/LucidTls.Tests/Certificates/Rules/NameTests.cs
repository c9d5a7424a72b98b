using LucidTls.Certificates;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Rules;

/// <summary>RFC 9525: which names a certificate is for, and what is a name at all.</summary>
public sealed class NameTests
{
    private static readonly TestChain Good = new();

    [Theory]
    [InlineData("dns:a.example", "a.example", true)]
    [InlineData("dns:a.example", "A.Example", true)]
    [InlineData("dns:a.example", "a.example.", true)]
    [InlineData("dns:a.example", "b.example", false)]
    [InlineData("dns:a.example", "x.a.example", false)]
    [InlineData("dns:a.example", "example", false)]
    [InlineData("dns:*.b.example", "x.b.example", true)]
    [InlineData("dns:*.b.example", "b.example", false)]
    [InlineData("dns:*.b.example", "x.y.b.example", false)]
    [InlineData("dns:x*.b.example", "xy.b.example", false)]
    [InlineData("dns:*x.b.example", "yx.b.example", false)]
    [InlineData("dns:w.*.example", "w.b.example", false)]
    [InlineData("dns:*.*.example", "a.b.example", false)]
    [InlineData("dns:*.example", "a.example", false)]
    [InlineData("dns:*", "example", false)]
    [InlineData("dns:xn--bcher-kva.example", "bücher.example", true)]
    [InlineData("dns:xn--bcher-kva.example", "BÜCHER.example", true)]
    [InlineData("dns:*.example.com", "bücher.example.com", true)]
    [InlineData("dns:192.0.2.1", "192.0.2.1", false)]
    [InlineData("ip:192.0.2.1", "192.0.2.1", true)]
    [InlineData("ip:192.0.2.1", "192.0.2.2", false)]
    [InlineData("ip:2001:db8::1", "2001:db8::1", true)]
    [InlineData("ip:2001:db8::1", "[2001:0DB8:0::1]", true)]
    [InlineData("ip:2001:db8::1", "2001:db8::2", false)]
    [InlineData("dns:a.example", "192.0.2.1", false)]
    [InlineData("uri:https://a.example/", "a.example", false)]
    public async Task A_host_matches_an_alternative_name_of_its_kind(string certified, string asked, bool matches) => await MatchAsync(certified, PeerName.Parse(asked), matches);

    [Fact]
    public async Task The_common_name_does_not_count()
    {
        var chain = Good with { Leaf = TestChain.LeafFor("other.example") with { Subject = new("CN=" + TestChain.Name) } };
        Assert.Equal(CertificateRule.Name, (await chain.VerifyAsync(CertificateProfile.Rfc5280)).Problem?.Rule);
    }

    [Theory]
    [InlineData("mail:user@a.example", "user@A.example", true)]
    [InlineData("mail:user@a.example", "USER@a.example", false)]
    [InlineData("mail:user@a.example", "user@b.example", false)]
    public async Task A_mailbox_is_compared_to_the_byte_and_its_host_without_case(string certified, string asked, bool matches) => await MatchAsync(certified, PeerName.Email(asked), matches);

    [Theory]
    [InlineData("srv:_imap.a.example", "imap", "a.example", true)]
    [InlineData("srv:_imap.a.example", "_IMAP", "A.example", true)]
    [InlineData("srv:_imap.a.example", "smtp", "a.example", false)]
    [InlineData("srv:_imap.a.example", "imap", "b.example", false)]
    [InlineData("dns:a.example", "imap", "a.example", false)]
    public async Task A_service_matches_its_own_kind_of_name(string certified, string service, string domain, bool matches) => await MatchAsync(certified, PeerName.Service(service, domain), matches);

    [Theory]
    [InlineData("uri:sip:a.example", "sip:a.example", true)]
    [InlineData("uri:https://a.example/path", "https://A.example:8443/other", true)]
    [InlineData("uri:https://a.example/", "http://a.example/", false)]
    [InlineData("uri:https://a.example/", "https://b.example/", false)]
    public async Task A_URI_matches_by_scheme_and_host(string certified, string asked, bool matches) => await MatchAsync(certified, PeerName.Uri(asked), matches);

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a..example")]
    [InlineData("-a.example")]
    [InlineData("a-.example")]
    [InlineData("a b.example")]
    [InlineData("*.example.com")]
    [InlineData("a.example/path")]
    [InlineData("https://a.example")]
    [InlineData("127.1")]
    [InlineData("0x7f000001")]
    [InlineData("192.0.2.256")]
    [InlineData("a.example:443")]
    [InlineData("fe80::1%eth0")]
    public async Task What_is_no_name_is_an_error_before_anything_is_sent(string name)
    {
        Assert.Throws<ArgumentException>(() => PeerName.Parse(name));
        var sent = new MemoryStream();
        await using var tls = new TlsStream(sent);
        await Assert.ThrowsAnyAsync<ArgumentException>(() => tls.AuthenticateAsClientAsync(name, TestContext.Current.CancellationToken));
        Assert.Equal(0, sent.Position);
    }

    [Theory]
    [InlineData("uri:spiffe://prod.example/billing", "spiffe://prod.example/billing", true)]
    [InlineData("uri:spiffe://prod.example/billing", "spiffe://prod.example/", true)]
    [InlineData("uri:spiffe://prod.example/billing", "spiffe://prod.example/bill", false)]
    [InlineData("uri:spiffe://prod.example/billing", "spiffe://prod.example/Billing", false)]
    [InlineData("uri:spiffe://prod.example/billing", "spiffe://prod.example/billing/", false)]
    [InlineData("uri:spiffe://prod.example/billing", "spiffe://test.example/billing", false)]
    [InlineData("uri:spiffe://prod.example.evil/billing", "spiffe://prod.example/", false)]
    [InlineData("uri:spiffe://prod.example/", "spiffe://prod.example/", false)]
    [InlineData("dns:spiffe.example", "spiffe://prod.example/", false)]
    [InlineData("uri:urn:service:billing", "urn:service:billing", true)]
    public async Task A_peer_is_known_by_the_URI_of_its_certificate(string certified, string accepted, bool matches)
    {
        var chain = Good with
        {
            Leaf = Good.Leaf.With(RawExtensions.AlternativeNames([certified])),
            Options = new() { PeerUris = ["spiffe://other.example/mail", accepted] },
            // What a client connects to says nothing then.
            Names = [PeerName.Parse("10.0.0.1")],
        };
        var verdict = await chain.VerifyAsync(CertificateProfile.Rfc5280);
        Assert.Equal(matches ? null : CertificateRule.Name, verdict.Problem?.Rule);
        if (!matches)
            Assert.Contains($"accepted: spiffe://other.example/mail, {accepted}", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_with_two_URIs_is_nobody_s()
    {
        var chain = Good with
        {
            Leaf = Good.Leaf.With(RawExtensions.AlternativeNames(["uri:spiffe://prod.example/billing", "uri:spiffe://prod.example/mail"])),
            Options = new() { PeerUris = ["spiffe://prod.example/billing"] },
        };
        var verdict = await chain.VerifyAsync(CertificateProfile.Rfc5280);
        Assert.Equal(CertificateFailure.WrongName, verdict.Failure);
        Assert.Contains("2 URIs", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_accepted_URI_accepts_nobody()
    {
        var chain = Good with { Leaf = Good.Leaf.With(RawExtensions.AlternativeNames(["uri:spiffe://prod.example/billing"])), Options = new() { PeerUris = [] } };
        Assert.Equal(CertificateFailure.WrongName, (await chain.VerifyAsync(CertificateProfile.Rfc5280)).Failure);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("billing")]
    [InlineData("spiffe:")]
    [InlineData("spiffe:/")]
    [InlineData("spiffe://")]
    [InlineData("spiffe:///")]
    public void A_URI_that_would_accept_more_than_it_says_is_refused(string uri) =>
        Assert.Throws<ArgumentException>(() => new CertificateVerifier(new CertificateVerifierOptions { PeerUris = [uri] }));

    [Theory]
    [InlineData("dns:billing.prod.example", "billing.prod.example", true)]
    [InlineData("dns:Billing.Prod.Example", "billing.prod.example", true)]
    [InlineData("dns:billing.prod.example", "BILLING.PROD.EXAMPLE", true)]
    [InlineData("dns:billing.prod.example", "*.prod.example", true)]
    [InlineData("dns:a.billing.prod.example", "*.prod.example", false)]
    [InlineData("dns:prod.example", "*.prod.example", false)]
    [InlineData("dns:billing.prod.example.evil", "*.prod.example", false)]
    [InlineData("dns:billing.prod.example", "prod.example", false)]
    [InlineData("dns:*.prod.example", "*.prod.example", true)]
    [InlineData("dns:*.prod.example", "billing.prod.example", false)]
    [InlineData("dns:x*.prod.example", "*.prod.example", false)]
    [InlineData("mail:billing@prod.example", "prod.example", false)]
    [InlineData("uri:spiffe://billing.prod.example/", "billing.prod.example", false)]
    public async Task A_peer_is_known_by_a_DNS_name_of_its_certificate(string certified, string accepted, bool matches)
    {
        var chain = Good with
        {
            Leaf = Good.Leaf.With(RawExtensions.AlternativeNames(["dns:beside.example", certified])),
            Options = new() { PeerDnsNames = ["other.example", accepted] },
            // What a client connects to says nothing then.
            Names = [PeerName.Parse("10.0.0.1")],
        };
        var verdict = await chain.VerifyAsync(CertificateProfile.Rfc5280);
        Assert.Equal(matches ? null : CertificateRule.Name, verdict.Problem?.Rule);
        if (!matches)
        {
            Assert.Contains("names in the certificate: beside.example, ", verdict.Explanation, StringComparison.Ordinal);
            Assert.Contains($"accepted: other.example, {accepted}", verdict.Explanation, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("uri:spiffe://prod.example/billing", true)]
    [InlineData("dns:billing.prod.example", true)]
    [InlineData("dns:mail.prod.example", false)]
    public async Task A_peer_may_be_known_by_its_URI_or_else_by_a_DNS_name(string certified, bool matches)
    {
        var chain = Good with
        {
            Leaf = Good.Leaf.With(RawExtensions.AlternativeNames([certified])),
            Options = new() { PeerUris = ["spiffe://prod.example/billing"], PeerDnsNames = ["billing.prod.example"] },
        };
        var verdict = await chain.VerifyAsync(CertificateProfile.Rfc5280);
        Assert.Equal(matches ? null : CertificateRule.Name, verdict.Problem?.Rule);
        if (!matches)
            Assert.Contains("mail.prod.example; accepted: spiffe://prod.example/billing, billing.prod.example", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_accepted_DNS_name_accepts_nobody()
    {
        var chain = Good with { Leaf = Good.Leaf.With(RawExtensions.AlternativeNames(["dns:billing.prod.example"])), Options = new() { PeerDnsNames = [] } };
        Assert.Equal(CertificateFailure.WrongName, (await chain.VerifyAsync(CertificateProfile.Rfc5280)).Failure);
    }

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("*.example")]
    [InlineData("a.*.example")]
    [InlineData("*a.b.example")]
    [InlineData("*.*.b.example")]
    [InlineData("a.example.")]
    [InlineData("a b.example")]
    [InlineData("bücher.example")]
    [InlineData("192.0.2.1")]
    public void A_DNS_name_that_would_accept_more_than_it_says_or_is_none_is_refused(string name) =>
        Assert.Throws<ArgumentException>(() => new CertificateVerifier(new CertificateVerifierOptions { PeerDnsNames = [name] }));

    private static async Task MatchAsync(string certified, PeerName asked, bool matches)
    {
        var chain = Good with { Leaf = Good.Leaf.With(RawExtensions.AlternativeNames([certified])), Names = [asked] };
        var verdict = await chain.VerifyAsync(CertificateProfile.Rfc5280);
        Assert.Equal(matches ? null : CertificateRule.Name, verdict.Problem?.Rule);
        if (!matches)
            Assert.Contains($"asked for: {asked}", verdict.Explanation, StringComparison.Ordinal);
    }
}

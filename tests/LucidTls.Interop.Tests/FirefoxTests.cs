using LucidTls.Interop.Tests.Peers;
using LucidTls.Interop.Tests.Peers.Browsers;

namespace LucidTls.Interop.Tests;

[Collection(nameof(HygieneTests))]
public sealed class FirefoxTests(PkiFixture pki, BrowserFixture fixture) : BrowserTests(pki, fixture), IClassFixture<BrowserFixture>
{
    // Without a window it says no more than that, of SslStream's servers too.
    private protected override string CertificateWanted => "NS_ERROR_ABORT";

    private protected override Task<Browser> StartAsync(BrowserProfile profile) => Browser.StartFirefoxAsync(profile);

    private protected override Task<Browser> StartChoosingAsync(BrowserProfile profile) =>
        StartAsync(profile with { Preferences = ["""user_pref("security.default_personal_cert", "Select Automatically");"""] });

    private protected override string CodeOf(BadServer server) => server switch
    {
        BadServer.OtherName => "SSL_ERROR_BAD_CERT_DOMAIN",
        BadServer.Expired => "SEC_ERROR_EXPIRED_CERTIFICATE",
        BadServer.Untrusted => "SEC_ERROR_UNKNOWN_ISSUER",
        BadServer.Impostor => "SEC_ERROR_BAD_SIGNATURE",
    };

    private protected override string AlertOf(BadServer server) => server switch
    {
        BadServer.OtherName => "bad_certificate (42): our certificate is corrupt, its signature is wrong or it is for another name",
        BadServer.Expired => "certificate_expired",
        BadServer.Untrusted => "unknown_ca",
        BadServer.Impostor => "bad_certificate",
    };

    [Fact]
    public async Task It_sends_its_first_request_as_early_data_when_it_comes_again()
    {
        var options = Pki.ServerOptions();
        options.MaxEarlyDataSize = 16 * 1024;
        await using var server = await KestrelServer.StartAsync(options, Site);
        var browser = await BrowserAsync();
        for (var i = 0; i < Visits; i++)
            await browser.OpenAsync(server.Url("/leave"));
        Assert.Equal(TlsEarlyDataStatus.Accepted, Site.Visits.Last().Tls.Session.EarlyData);
        Assert.Empty(server.Warnings);
    }
}

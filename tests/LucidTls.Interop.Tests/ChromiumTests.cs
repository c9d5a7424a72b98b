using System.Text.Json;
using LucidTls.Interop.Tests.Peers;
using LucidTls.Interop.Tests.Peers.Browsers;

namespace LucidTls.Interop.Tests;

[Collection(nameof(HygieneTests))]
public sealed class ChromiumTests(PkiFixture pki, BrowserFixture fixture) : BrowserTests(pki, fixture), IClassFixture<BrowserFixture>
{
    private protected override string CertificateWanted => "ERR_BAD_SSL_CLIENT_AUTH_CERT";

    private protected override Task<Browser> StartAsync(BrowserProfile profile) => Browser.StartChromiumAsync(profile);

    private protected override IDisposable ChooseCertificates(params IEnumerable<KestrelServer> servers) => new Policy(servers.Select(server => server.Url("")));

    private protected override string CodeOf(BadServer server) => server switch
    {
        BadServer.OtherName => "ERR_CERT_COMMON_NAME_INVALID",
        BadServer.Expired => "ERR_CERT_DATE_INVALID",
        BadServer.Untrusted => "ERR_CERT_AUTHORITY_INVALID",
        BadServer.Impostor => "ERR_CERT_AUTHORITY_INVALID",
    };

    // One alert for all, so our line has to name all reasons.
    private protected override string AlertOf(BadServer server) => "certificate_unknown (46): it does not accept our certificate, for its name, its dates or its authority";

    /// <summary>Which sites are shown a certificate without asking is for administrators to say: in a file of the system's, for as long as this object lives.</summary>
    private sealed class Policy : IDisposable
    {
        private readonly string _file = $"/etc/chromium/policies/managed/lucidtls-{Guid.NewGuid():N}.json";

        public Policy(IEnumerable<string> sites)
        {
            Assert.SkipUnless(Environment.IsPrivilegedProcess, "Chromium's policies are files of root.");
            Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
            var choices = sites.Select(site => JsonSerializer.Serialize(new { pattern = site, filter = new { } }));
            File.WriteAllText(_file, JsonSerializer.Serialize(new { AutoSelectCertificateForUrls = choices }));
        }

        public void Dispose() => File.Delete(_file);
    }
}

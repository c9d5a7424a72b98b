using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json;
using LucidTls.TestSupport;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore.Tests;

/// <summary>Configuration and files that change while the server runs.</summary>
public sealed class ReloadTests : IDisposable
{
    private const string Changed = "ConfigurationChanged";
    private const string Refused = "ConfigurationRefused";

    private readonly CertificateFolder _files = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _files.Dispose();

    private static Task Answer(HttpContext context) => context.Response.WriteAsync("well");

    private Task<LoopbackServer> StartAsync() => TestServer.StartConfiguredAsync(Answer, ("Certificate:Path", _files.Path("server.pem")), ("Certificate:KeyPath", _files.Path("server.key")));

    [Fact]
    public async Task A_new_file_is_served_and_open_connections_go_on()
    {
        var first = _files.Issue("server", "CN=first");
        await using var server = await StartAsync();
        await using var before = await server.ConnectAsync(SslApplicationProtocol.Http11);

        var second = _files.Issue("server", "CN=second");
        var line = await server.Log.WaitAsync(Changed);
        await using var after = await server.ConnectAsync(SslApplicationProtocol.Http11);

        Assert.Contains("CN=second", line.Text, StringComparison.Ordinal);
        Assert.Equal(first, before.Session.PeerCertificates[0].ToArray());
        Assert.Equal(second, after.Session.PeerCertificates[0].ToArray());
        Assert.Contains("200 OK", await AskAsync(before), StringComparison.Ordinal);
        Assert.Empty(server.Log.Problems);
    }

    [Fact]
    public async Task A_link_that_is_turned_to_another_file_counts_as_a_new_one()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege there.");
        _files.Issue("one", "CN=first");
        var second = _files.Issue("two", "CN=second");
        File.CreateSymbolicLink(_files.Path("server.pem"), "one.pem");
        File.CreateSymbolicLink(_files.Path("server.key"), "one.key");
        await using var server = await StartAsync();

        foreach (var kind in (string[])["pem", "key"])
        {
            File.CreateSymbolicLink(_files.Path("link"), $"two.{kind}");
            File.Move(_files.Path("link"), _files.Path($"server.{kind}"), overwrite: true);
        }
        await server.Log.WaitAsync(Changed);
        await using var after = await server.ConnectAsync();

        Assert.Equal(second, after.Session.PeerCertificates[0].ToArray());
    }

    [Fact]
    public async Task A_new_file_in_a_folder_is_served()
    {
        _files.Issue("a", "CN=a", "a.example");
        await using var server = await TestServer.StartConfiguredAsync(Answer, ("Certificate:Folder", _files.Folder));

        var second = _files.Issue("b", "CN=b", "b.example");
        await server.Log.WaitAsync(Changed);
        await using var after = await server.ConnectAsync(name: "b.example");

        Assert.Equal(second, after.Session.PeerCertificates[0].ToArray());
    }

    [Fact]
    public async Task A_bad_file_is_logged_once_and_the_old_one_stays_until_a_good_one_comes()
    {
        var first = _files.Issue("server", "CN=first");
        await using var server = await StartAsync();

        _files.Write("server.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        var line = await server.Log.WaitAsync(Refused);
        await using (var meanwhile = await server.ConnectAsync())
            Assert.Equal(first, meanwhile.Session.PeerCertificates[0].ToArray());
        var second = _files.Issue("server", "CN=second");
        await server.Log.WaitAsync(Changed);
        await using var after = await server.ConnectAsync();

        Assert.Equal(LogLevel.Error, line.Level);
        Assert.Contains("server.pem", line.Text, StringComparison.Ordinal);
        Assert.Contains("Kestrel:Endpoints:Https:LucidTls", line.Text, StringComparison.Ordinal);
        Assert.Equal(second, after.Session.PeerCertificates[0].ToArray());
        Assert.Single(server.Log.Problems);
    }

    [Fact]
    public async Task A_new_password_is_followed_and_while_it_is_wrong_the_old_certificate_stays()
    {
        var first = _files.IssueEncrypted("server", "CN=first", "one");
        _files.Write("password", "one");
        await using var server = await TestServer.StartConfiguredAsync(Answer, ("Certificate:Path", _files.Path("server.pem")), ("Certificate:KeyPath", _files.Path("server.key")), ("Certificate:PasswordFile", _files.Path("password")));

        var second = _files.IssueEncrypted("server", "CN=second", "another");
        var line = await server.Log.WaitAsync(Refused);
        await using (var meanwhile = await server.ConnectAsync())
            Assert.Equal(first, meanwhile.Session.PeerCertificates[0].ToArray());
        _files.Write("password", "another");
        await server.Log.WaitAsync(Changed);
        await using var after = await server.ConnectAsync();

        Assert.Contains($"Certificate:PasswordFile: {_files.Path("server.key")}, line 1: the password of the private key is wrong", line.Text, StringComparison.Ordinal);
        Assert.Equal(second, after.Session.PeerCertificates[0].ToArray());
    }

    [Fact]
    public async Task A_file_that_is_gone_is_logged_and_the_old_certificate_stays()
    {
        var first = _files.Issue("server", "CN=first");
        await using var server = await StartAsync();

        File.Delete(_files.Path("server.key"));
        await server.Log.WaitAsync(Refused);
        await using var after = await server.ConnectAsync();

        Assert.Equal(first, after.Session.PeerCertificates[0].ToArray());
    }

    [Fact]
    public async Task Changed_configuration_holds_for_new_connections_and_open_ones_go_on()
    {
        _files.Issue("server", "CN=first");
        var second = _files.Issue("other", "CN=second");
        await using var server = await StartAsync();
        var port = server.Port;
        await using var before = await server.ConnectAsync(SslApplicationProtocol.Http11);

        server.Change(("Certificate:Path", _files.Path("other.pem")), ("Certificate:KeyPath", _files.Path("other.key")));
        await server.Log.WaitAsync(Changed);
        await using var after = await server.ConnectAsync(SslApplicationProtocol.Http11, port);

        Assert.Equal(second, after.Session.PeerCertificates[0].ToArray());
        Assert.Contains("200 OK", await AskAsync(before), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_configuration_is_logged_and_the_old_one_stays()
    {
        var first = _files.Issue("server", "CN=first");
        await using var server = await StartAsync();

        server.Change(("MinimumVersion", "0.9"));
        var line = await server.Log.WaitAsync(Refused);
        await using var after = await server.ConnectAsync();

        Assert.Contains("MinimumVersion is '0.9'", line.Text, StringComparison.Ordinal);
        Assert.Equal(first, after.Session.PeerCertificates[0].ToArray());
    }

    [Fact]
    public async Task Sessions_are_resumed_after_a_new_certificate_and_not_after_new_rules_for_clients()
    {
        _files.Issue("server", "CN=first");
        await File.WriteAllTextAsync(_files.Path("ca.pem"), TestPki.AuthorityPem, Cancel);
        await using var server = await StartAsync();
        var options = new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier, ApplicationProtocols = [SslApplicationProtocol.Http11], Identity = TestPki.Issue("CN=A client") };

        Assert.False(await IsResumedAsync(server, options));
        _files.Issue("server", "CN=second");
        await server.Log.WaitAsync(Changed);
        Assert.True(await IsResumedAsync(server, options));
        server.Change(("ClientCertificateMode", "Required"), ("ClientCertificateRoots", _files.Path("ca.pem")));
        await server.Log.WaitAsync(Changed, 2);
        Assert.False(await IsResumedAsync(server, options));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_section_that_is_gone_is_followed_no_longer(bool keepsEndpoint)
    {
        _files.Issue("server", "CN=first");
        // Nobody else gets it while nobody listens there.
        var port = LoopbackPort.Free();
        var ours = JsonSerializer.Serialize(new { Url = $"https://127.0.0.1:{port}", LucidTls = new { Certificate = new { Path = _files.Path("server.pem"), KeyPath = _files.Path("server.key") } } });
        var theirs = JsonSerializer.Serialize(new { Url = "https://127.0.0.1:0", Certificate = new { Path = _files.IssuePkcs12("theirs.pfx", "CN=theirs", "") } });
        string Endpoints(string endpoint) => $$"""{ "Kestrel": { "Endpoints": { {{endpoint}} "Plain": { "Url": "http://127.0.0.1:0" } } } }""";
        _files.Write("settings.json", Endpoints($"\"Https\": {ours},"));
        await using var server = await LoopbackServer.StartAsync(builder =>
        {
            builder.Configuration.AddJsonFile(_files.Path("settings.json"));
            builder.WebHost.UseLucidTls();
        }, app => app.Run(Answer));
        await using (var before = await server.ConnectAsync(SslApplicationProtocol.Http11))
            Assert.Contains("200 OK", await AskAsync(before), StringComparison.Ordinal);

        _files.Write("settings.json", Endpoints(keepsEndpoint ? $"\"Https\": {theirs}," : ""));
        server.Change();
        // Files are looked at four times a second.
        await Task.Delay(TimeSpan.FromSeconds(2), Cancel);

        Assert.Empty(server.Log.Problems);
        await BoundAsync(server, isBound: false);
        // What comes back is served and followed again.
        _files.Write("settings.json", Endpoints($"\"Https\": {ours},"));
        server.Change();
        await BoundAsync(server, isBound: true);
        _files.Issue("server", "CN=second");
        Assert.Contains("CN=second", (await server.Log.WaitAsync(Changed)).Text, StringComparison.Ordinal);
    }

    /// <summary>Waits until somebody listens, or nobody.</summary>
    private static async Task BoundAsync(LoopbackServer server, bool isBound)
    {
        while (await IsThereAsync() != isBound)
            await Task.Delay(TimeSpan.FromMilliseconds(50), Cancel);

        async Task<bool> IsThereAsync()
        {
            try
            {
                using var client = await server.DialAsync();
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }
    private static async Task<bool> IsResumedAsync(LoopbackServer server, TlsClientOptions options)
    {
        await using var connection = new TlsStream((await server.DialAsync()).GetStream());
        await connection.AuthenticateAsClientAsync(options, Cancel);
        // The tickets come in front of the answer.
        Assert.Contains("200 OK", await AskAsync(connection), StringComparison.Ordinal);
        return connection.Session.Resumed;
    }

    private static async Task<string> AskAsync(TlsStream connection)
    {
        await connection.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
        return await new StreamReader(connection, leaveOpen: true).ReadToEndAsync(Cancel);
    }
}

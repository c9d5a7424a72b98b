using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore.Tests;

public sealed class ConfigurationTests : IDisposable
{
    private readonly CertificateFolder _files = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _files.Dispose();

    private static Task Answer(HttpContext context) => context.Response.WriteAsync(context.Connection.ClientCertificate?.Subject ?? "well");

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task An_endpoint_of_the_configuration_speaks_TLS(string version)
    {
        _files.Issue("server", "CN=From files");
        await using var server = await TestServer.StartConfiguredAsync(Answer, ("Certificate:Path", _files.Path("server.pem")), ("Certificate:KeyPath", _files.Path("server.key")));
        using var client = TestServer.Client(Version.Parse(version));

        Assert.Equal("well", await client.GetStringAsync(server.Url(), Cancel));
        Assert.StartsWith("https://", Assert.Single(server.Addresses), StringComparison.Ordinal);
        Assert.Empty(server.Log.Problems);
    }

    [Fact]
    public async Task A_certificate_may_be_PKCS12_with_a_password()
    {
        await using var server = await TestServer.StartConfiguredAsync(Answer, ("Certificate:Path", _files.IssuePkcs12("server.pfx", "CN=From a PFX", "secret")), ("Certificate:Password", "secret"));

        Assert.Equal("CN=From a PFX", await SubjectAsync(server));
    }

    [Fact]
    public async Task A_key_may_be_encrypted_in_a_file_or_in_the_configuration_itself()
    {
        _files.IssueEncrypted("server", "CN=Encrypted", "secret");
        _files.IssueEncrypted("a", "CN=Inline", "another", "a.example");
        await using var server = await TestServer.StartConfiguredAsync(Answer,
            ("Certificate:Path", _files.Path("server.pem")), ("Certificate:KeyPath", _files.Path("server.key")), ("Certificate:Password", "secret"),
            ("Sni:a.example:Certificate:Pem", await File.ReadAllTextAsync(_files.Path("a.pem"), Cancel)), ("Sni:a.example:Certificate:KeyPem", await File.ReadAllTextAsync(_files.Path("a.key"), Cancel)),
            ("Sni:a.example:Certificate:Password", "another"));

        Assert.Equal("CN=Encrypted", await SubjectAsync(server));
        Assert.Equal("CN=Inline", await SubjectAsync(server, "a.example"));
    }

    [Fact]
    public async Task A_password_may_be_the_first_line_of_a_file()
    {
        _files.IssueEncrypted("server", "CN=Encrypted", "secret");
        _files.Write("password", "\uFEFFsecret\r\nnothing\n");
        await using var server = await TestServer.StartConfiguredAsync(Answer,
            ("Certificate:Path", _files.Path("server.pem")), ("Certificate:KeyPath", _files.Path("server.key")), ("Certificate:PasswordFile", _files.Path("password")),
            ("Sni:a.example:Certificate:Path", _files.IssuePkcs12("server.pfx", "CN=From a PFX", "secret", "a.example")), ("Sni:a.example:Certificate:PasswordFile", _files.Path("password")));

        Assert.Equal("CN=Encrypted", await SubjectAsync(server));
        Assert.Equal("CN=From a PFX", await SubjectAsync(server, "a.example"));
    }

    [Theory]
    [InlineData("server.key", "Password", null, "Password: {0}, line 1: the private key is encrypted; a password is needed.")]
    [InlineData("server.key", "Password", "another", "Password: {0}, line 1: the password of the private key is wrong.")]
    [InlineData("server.key", "PasswordFile", "password", "PasswordFile: {0}, line 1: the password of the private key is wrong; it is from {1}.")]
    [InlineData("server.pfx", "Password", null, "Password: {0}: The PKCS#12 is encrypted; a password is needed.")]
    [InlineData("server.pfx", "Password", "another", "Password: {0}: The password of the PKCS#12 is wrong (or the file was damaged).")]
    [InlineData("server.pfx", "PasswordFile", "password", "PasswordFile: {0}: The password of the PKCS#12 is wrong (or the file was damaged); it is from {1}.")]
    [InlineData("server.key", "PasswordFile", "empty", "PasswordFile: {1}: Its first line is empty. Here belongs a file with the password in its first line.")]
    [InlineData("server.key", "PasswordFile", "binary", "PasswordFile: {1}: Its first line is no UTF-8.")]
    [InlineData("server.key", "PasswordFile", "long", "PasswordFile: {1}: Its first line has more than 4096 bytes.")]
    public async Task A_missing_or_wrong_password_ends_the_start_and_is_not_shown(string file, string setting, string? value, string said)
    {
        _files.IssueEncrypted("server", "CN=Encrypted", "secret");
        _files.IssuePkcs12("server.pfx", "CN=From a PFX", "secret");
        _files.Write("password", "another\n");
        _files.Write("empty", "\r\n");
        _files.Write("binary", [0xC0, 0xC1, (byte)'\n']);
        _files.Write("long", new string('x', 5000));
        var path = _files.Path(file);
        (string, string?)[] certificate = file.EndsWith(".pfx", StringComparison.Ordinal) ? [("Certificate:Path", path)] : [("Certificate:Path", _files.Path("server.pem")), ("Certificate:KeyPath", path)];

        var failure = await Assert.ThrowsAnyAsync<InvalidOperationException>(() => TestServer.StartConfiguredAsync(Answer, [.. certificate, ($"Certificate:{setting}", setting == "PasswordFile" ? _files.Path(value!) : value)]));

        Assert.StartsWith("Kestrel:Endpoints:Https:LucidTls:Certificate:" + string.Format(System.Globalization.CultureInfo.InvariantCulture, said, path, _files.Path(value ?? "")), failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("another", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_password_and_its_file_there_is_one()
    {
        _files.IssueEncrypted("server", "CN=Encrypted", "secret");

        var failure = await Assert.ThrowsAnyAsync<InvalidOperationException>(() => TestServer.StartConfiguredAsync(Answer,
            ("Certificate:Path", _files.Path("server.pem")), ("Certificate:KeyPath", _files.Path("server.key")), ("Certificate:Password", "secret"), ("Certificate:PasswordFile", _files.Path("password"))));

        Assert.Contains("Certificate:PasswordFile goes without Password", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_may_stand_in_the_configuration_itself()
    {
        _files.Issue("server", "CN=Inline");
        await using var server = await TestServer.StartConfiguredAsync(Answer, ("Certificate:Pem", await File.ReadAllTextAsync(_files.Path("server.pem"), Cancel)), ("Certificate:KeyPem", await File.ReadAllTextAsync(_files.Path("server.key"), Cancel)));

        Assert.Equal("CN=Inline", await SubjectAsync(server));
    }

    [Fact]
    public async Task A_folder_gives_a_certificate_for_each_name()
    {
        _files.Issue("a", "CN=a", "a.example");
        _files.Issue("b", "CN=b", "b.example");
        Directory.CreateDirectory(_files.Path("c.example"));
        _files.Issue("c", "CN=c", "c.example");
        File.Move(_files.Path("c.pem"), _files.Path("c.example/fullchain.pem"));
        File.Move(_files.Path("c.key"), _files.Path("c.example/privkey.pem"));
        await using var server = await TestServer.StartConfiguredAsync(Answer, ("Certificate:Folder", _files.Folder));

        Assert.Equal("CN=a", await SubjectAsync(server, "a.example"));
        Assert.Equal("CN=b", await SubjectAsync(server, "b.example"));
        Assert.Equal("CN=c", await SubjectAsync(server, "c.example"));
    }

    [Fact]
    public async Task Each_name_may_have_settings_of_its_own()
    {
        await File.WriteAllTextAsync(_files.Path("ca.pem"), TestPki.AuthorityPem, Cancel);
        _files.Issue("server", "CN=fallback");
        _files.Issue("a", "CN=a", "a.example");
        _files.Issue("wild", "CN=wild", "*.b.example");
        await using var server = await TestServer.StartConfiguredAsync(Answer,
            ("Certificate:Path", _files.Path("server.pem")), ("Certificate:KeyPath", _files.Path("server.key")),
            ("Sni:a.example:Certificate:Path", _files.Path("a.pem")), ("Sni:a.example:Certificate:KeyPath", _files.Path("a.key")),
            ("Sni:a.example:ClientCertificateMode", "Required"), ("Sni:a.example:ClientCertificateRoots", _files.Path("ca.pem")),
            ("Sni:*.B.example:Certificate:Path", _files.Path("wild.pem")), ("Sni:*.B.example:Certificate:KeyPath", _files.Path("wild.key")),
            ("Sni:*.B.example:MinimumVersion", "1.3"));

        Assert.Equal("CN=fallback", await SubjectAsync(server));
        Assert.Equal("CN=wild", await SubjectAsync(server, "x.b.example"));
        await using (var known = await server.ConnectAsync(SslApplicationProtocol.Http11, identity: TestPki.Issue("CN=Alice"), name: "a.example"))
        {
            await known.WriteAsync("GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
            Assert.Contains("CN=Alice", await new StreamReader(known).ReadToEndAsync(Cancel), StringComparison.Ordinal);
        }
        await using var unknown = await server.ConnectAsync(SslApplicationProtocol.Http11, name: "a.example");
        var refusal = await Assert.ThrowsAsync<IOException>(async () => await unknown.ReadAsync(new byte[1], Cancel));
        Assert.Equal(TlsAlert.CertificateRequired, Assert.IsType<TlsException>(refusal.InnerException).Alert);
        await using var old = new TlsStream((await server.DialAsync()).GetStream());
        await Assert.ThrowsAsync<AuthenticationException>(() => old.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "x.b.example", CertificateVerifier = TestPki.Verifier, MaximumVersion = TlsVersion.Tls12 }, Cancel));
    }

    [Fact]
    public async Task Without_a_certificate_for_all_other_names_are_refused()
    {
        _files.Issue("a", "CN=a", "a.example");
        await using var server = await TestServer.StartConfiguredAsync(Answer, ("Sni:a.example:Certificate:Path", _files.Path("a.pem")), ("Sni:a.example:Certificate:KeyPath", _files.Path("a.key")));

        Assert.Equal("CN=a", await SubjectAsync(server, "a.example"));
        var refusal = await Assert.ThrowsAsync<AuthenticationException>(() => server.ConnectAsync(name: "other.example"));
        Assert.Equal(TlsAlert.UnrecognizedName, Assert.IsType<TlsException>(refusal.InnerException).Alert);
    }

    [Theory]
    [InlineData("bücher.example", "xn--bcher-kva.example")]
    [InlineData("*.Bücher.example", "www.xn--bcher-kva.example")]
    [InlineData("A.example.", "a.example")]
    public async Task Names_are_those_that_clients_ask_for_however_they_are_written(string key, string name)
    {
        _files.Issue("server", "CN=fallback");
        _files.Issue("a", "CN=a", name);
        await using var server = await TestServer.StartConfiguredAsync(Answer,
            ("Certificate:Path", _files.Path("server.pem")), ("Certificate:KeyPath", _files.Path("server.key")),
            ($"Sni:{key}:Certificate:Path", _files.Path("a.pem")), ($"Sni:{key}:Certificate:KeyPath", _files.Path("a.key")));

        Assert.Equal("CN=a", await SubjectAsync(server, name));
        Assert.Equal("CN=fallback", await SubjectAsync(server));
    }

    [Fact]
    public async Task A_name_in_two_spellings_ends_the_start()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartConfiguredAsync(Answer, ("Sni:bücher.example:Certificate:Path", "a.pem"), ("Sni:xn--bcher-kva.example:Certificate:Path", "a.pem")));

        Assert.Contains("is the name xn--bcher-kva.example, which has another entry", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Kestrel:Endpoints:Https:LucidTls:Sni:", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_endpoints_stay_as_they_are()
    {
        _files.Issue("server", "CN=ours");
        var pfx = _files.IssuePkcs12("theirs.pfx", "CN=theirs", "");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Kestrel:Endpoints:Plain:Url"] = "http://127.0.0.1:0",
            ["Kestrel:Endpoints:Theirs:Url"] = "https://127.0.0.1:0",
            ["Kestrel:Endpoints:Theirs:Certificate:Path"] = pfx,
        });
        builder.WebHost.UseLucidTls();
        await using var app = builder.Build();
        app.Run(context => context.Response.WriteAsync(context.Features.Get<ITlsSessionFeature>() == null ? "not LucidTls" : "LucidTls"));
        await app.StartAsync(Cancel);
        using var client = TestServer.Client(new Version(1, 1));

        foreach (var url in app.Urls)
            Assert.Equal("not LucidTls", await client.GetStringAsync(url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal), Cancel));
        Assert.Equal(2, app.Urls.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_empty_section_ends_the_start(bool hasKestrelsOwn)
    {
        var pfx = _files.IssuePkcs12("theirs.pfx", "CN=theirs", "");
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => LoopbackServer.StartAsync(builder =>
        {
            builder.Configuration.AddJsonStream(new MemoryStream("""{ "Kestrel": { "Endpoints": { "Https": { "Url": "https://127.0.0.1:0", "LucidTls": {} } } } }"""u8.ToArray()));
            if (hasKestrelsOwn)
                builder.Configuration.AddInMemoryCollection([new("Kestrel:Endpoints:Https:Certificate:Path", pfx)]);
            builder.WebHost.UseLucidTls();
        }, app => app.Run(Answer)));

        Assert.Contains("Kestrel:Endpoints:Https:LucidTls must have a Certificate", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_such_a_section_says_once_what_to_write()
    {
        await using var server = await LoopbackServer.StartAsync(builder => builder.WebHost.UseUrls("http://127.0.0.1:0").UseLucidTls(), app => app.Run(Answer));

        var line = Assert.Single(server.Log.Problems);
        Assert.Equal(LogLevel.Warning, line.Level);
        Assert.Contains("Kestrel:Endpoints:NAME:LucidTls:Certificate:Path", line.Text, StringComparison.Ordinal);
        Assert.Contains("ConfigureEndpointDefaults(listen => listen.UseLucidTls(...))", line.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task URLs_get_TLS_by_the_defaults_of_endpoints()
    {
        await using var server = await LoopbackServer.StartAsync(builder => builder.WebHost.UseUrls("https://127.0.0.1:0", "http://127.0.0.1:0").ConfigureKestrel(kestrel =>
            kestrel.ConfigureEndpointDefaults(listen => listen.UseLucidTls(TestServer.Options()))), app => app.Run(context => context.Response.WriteAsync(context.Features.GetRequiredFeature<ITlsSessionFeature>().Session.Version.ToString())));
        using var client = TestServer.Client(new Version(2, 0));

        foreach (var port in server.Ports)
            Assert.Equal("TLS 1.3", await client.GetStringAsync(new Uri($"https://localhost:{port}"), Cancel));
        Assert.All(server.Addresses, address => Assert.StartsWith("https://", address, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_section_can_be_given_to_an_endpoint_in_code()
    {
        _files.Issue("server", "CN=In code");
        var section = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Mine:Certificate:Path"] = _files.Path("server.pem"),
            ["Mine:Certificate:KeyPath"] = _files.Path("server.key"),
        }).Build().GetSection("Mine");
        await using var server = await TestServer.StartAsync(Answer, null, listen => listen.UseLucidTls(section));

        Assert.Equal("CN=In code", await SubjectAsync(server));
    }

    [Theory]
    [InlineData("Certificate:Path", "nowhere.pem", "Kestrel:Endpoints:Https:LucidTls:Certificate: ", "nowhere.pem")]
    [InlineData("Certificate:Pth", "server.pem", "Certificate:Pth is no setting", "Path, KeyPath")]
    [InlineData("Certificate:Password", "x", "must have one of Path, Folder and Pem", "Certificate")]
    [InlineData("Certificate:Folder", "/nowhere", "There is no certificate in the folder /nowhere", "Certificate")]
    [InlineData("MinimumVersion", "1.1", "MinimumVersion is '1.1'", "1.2 or 1.3")]
    [InlineData("ClientCertificateMode", "Sometimes", "ClientCertificateMode is 'Sometimes'", "None, Optional or Required")]
    [InlineData("ClientCertificateMode", "Required", "ClientCertificateMode is Required", "ClientCertificateRoots must name")]
    [InlineData("PostHandshakeAuthentication", "true", "PostHandshakeAuthentication is true", "ClientCertificateRoots must name")]
    [InlineData("ClientCertificateRoots", "roots.pem", "ClientCertificateRoots says whose", "set ClientCertificateMode")]
    [InlineData("ClientCertificateUris", "spiffe://a.example/b", "ClientCertificateUris says whose", "set ClientCertificateMode")]
    [InlineData("Sni:a.example:ClientCertificateRoots", "roots.pem", "Sni:a.example must have a Certificate", "endpoint has none")]
    [InlineData("ClientCertificateUris:0", "nobody", "ClientCertificateUris is 'nobody'", "spiffe://example.org/service")]
    [InlineData("ClientCertificateDnsNames", "a.example", "ClientCertificateDnsNames says whose", "set ClientCertificateMode")]
    [InlineData("ClientCertificateDnsNames:0", "*.example", "ClientCertificateDnsNames is '*.example'", "*.example.org for one label more")]
    [InlineData("ClientCertificateUris:0:Uri", "spiffe://a.example/b", "ClientCertificateUris:0 must be a text", "entry of a list")]
    [InlineData("ClientCertificateRevocation:Mode", "Sometimes", "ClientCertificateRevocation:Mode is 'Sometimes'", "Off, SoftFail or HardFail")]
    [InlineData("ClientCertificateRevocation:Mode", "HardFail", "ClientCertificateRevocation:Mode is HardFail", "Lists must name")]
    [InlineData("ClientCertificateRevocation:Scope", "All", "ClientCertificateRevocation:Scope is 'All'", "Leaf or Path")]
    [InlineData("ClientCertificateRevocation:Fetch", "yes", "ClientCertificateRevocation:Fetch is 'yes'", "true or false")]
    [InlineData("ClientCertificateRevocation:AllowPrivateAddresses", "true", "AllowPrivateAddresses goes with Fetch", "LucidTls")]
    [InlineData("ClientCertificateRevocation:Crl", "a.crl", "ClientCertificateRevocation:Crl is no setting", "Mode, Lists, Fetch")]
    [InlineData("MaximumVersion", "1.4", "MaximumVersion is '1.4'", "1.2 or 1.3")]
    [InlineData("CipherSuites:0", "TLS_RSA_WITH_AES_128_CBC_SHA", "CipherSuites is 'TLS_RSA_WITH_AES_128_CBC_SHA'", "TLS_AES_128_GCM_SHA256, ")]
    [InlineData("Groups:1", "x25518", "Groups is 'x25518'", "X25519MLKEM768, x25519, ")]
    [InlineData("SignatureSchemes:0", "rsa_pkcs1_sha1", "SignatureSchemes is 'rsa_pkcs1_sha1'", "ecdsa_secp256r1_sha256, ")]
    [InlineData("TicketCount", "9", "TicketCount is '9'", "0 to 8")]
    [InlineData("TicketLifetime", "8.00:00:00", "TicketLifetime is '8.00:00:00'", "7.00:00:00")]
    [InlineData("AllowTlsResume", "never", "AllowTlsResume is 'never'", "true or false")]
    [InlineData("RecordSizeLimit", "20000", "RecordSizeLimit is '20000'", "64 to 16385")]
    [InlineData("EarlyDataFreshness", "2.00:00:00", "EarlyDataFreshness is '2.00:00:00'", "1.00:00:00")]
    [InlineData("HandshakeTimeout", "soon", "HandshakeTimeout is 'soon'", "00:00:10")]
    [InlineData("MaxConcurrentHandshakes", "0", "MaxConcurrentHandshakes is '0'", "1 or more")]
    [InlineData("MaxEarlyDataSize", "-1", "MaxEarlyDataSize is '-1'", "0 or more")]
    [InlineData("OcspStapling", "perhaps", "OcspStapling is 'perhaps'", "true or false")]
    [InlineData("Sni:a.example:MinimumVersion", "1.3", "Sni:a.example must have a Certificate", "endpoint has none")]
    [InlineData("Sni:*:Certificate:Path", "server.pem", "Sni:* is no name", "write Kestrel:Endpoints:Https:LucidTls:Certificate,")]
    [InlineData("Sni:a b.example:Certificate:Path", "server.pem", "Sni:a b.example is for no name", "*.example.com for one label more")]
    [InlineData("Sni:www.*.example:Certificate:Path", "server.pem", "Sni:www.*.example is for no name", "*.example.com for one label more")]
    [InlineData("Sni:*.:Certificate:Path", "server.pem", "Sni:*. is for no name", "*.example.com for one label more")]
    [InlineData("Sni:192.0.2.1:Certificate:Path", "server.pem", "Sni:192.0.2.1 is for no name", "Write a DNS name")]
    public async Task What_is_wrong_ends_the_start_and_names_the_setting(string key, string value, string said, string alsoSaid)
    {
        var failure = await Assert.ThrowsAnyAsync<InvalidOperationException>(() => TestServer.StartConfiguredAsync(Answer, (key, value)));

        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
        Assert.Contains(alsoSaid, failure.Message, StringComparison.Ordinal);
        Assert.Contains("Kestrel:Endpoints:Https:LucidTls", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MinimumVersion", "1.3", "MaximumVersion", "1.2", "MaximumVersion is TLS 1.2, which is older than MinimumVersion")]
    [InlineData("MinimumVersion", "1.3", "CipherSuites:0", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "CipherSuites has none for the versions that are spoken, TLS 1.3")]
    [InlineData("MaximumVersion", "1.2", "CipherSuites", "TLS_AES_128_GCM_SHA256", "CipherSuites has none for the versions that are spoken, TLS 1.2")]
    public async Task What_contradicts_itself_ends_the_start(string key, string value, string otherKey, string otherValue, string said)
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartConfiguredAsync(Answer, (key, value), (otherKey, otherValue)));

        Assert.Contains("Kestrel:Endpoints:Https:LucidTls:" + said, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_not_the_certificates_ends_the_start()
    {
        _files.Issue("server", "CN=one");
        _files.Issue("other", "CN=another");

        var failure = await Assert.ThrowsAnyAsync<InvalidOperationException>(() => TestServer.StartConfiguredAsync(Answer, ("Certificate:Path", _files.Path("server.pem")), ("Certificate:KeyPath", _files.Path("other.key"))));

        Assert.Contains("server.pem", failure.Message, StringComparison.Ordinal);
        Assert.Contains("key", failure.Message, StringComparison.Ordinal);
    }

    private static async Task<string> SubjectAsync(LoopbackServer server, string name = "localhost")
    {
        await using var connection = await server.ConnectAsync(SslApplicationProtocol.Http11, name: name);
        using var leaf = X509CertificateLoader.LoadCertificate(connection.Session.PeerCertificates[0].Span);
        return leaf.Subject;
    }
}

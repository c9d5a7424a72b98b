using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LucidTls.Cli.Tests;

/// <summary>Encrypted keys and PKCS#12 files, and their passwords.</summary>
public sealed class KeyPasswordTests : IDisposable
{
    private const string Secret = "a secret päss";
    private static readonly string[] Aes = ["pkcs8", "-topk8", "-v2", "aes-256-cbc"];

    private readonly TemporaryFolder _folder = new();
    private readonly string _roots;
    private readonly string _password;

    public KeyPasswordTests()
    {
        _roots = _folder.Write("roots.pem", TestPki.AuthorityPem);
        _password = _folder.Write("password", Secret + "\nthe second line\n");
        Directory.CreateDirectory(_folder["folder"]);
        _folder.Write("empty", "\nsecond");
    }

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("pkcs8 -topk8 -v2 aes-256-cbc")]
    [InlineData("pkcs8 -topk8 -scrypt")]
    [InlineData("pkcs8 -topk8 -v1 PBE-SHA1-3DES")]
    [InlineData("pkey -aes256")]
    public async Task An_encrypted_key_is_served_with_the_password_of_a_file(string how)
    {
        var leaf = Put("server", TestPki.Issue(), how.Split(' '));

        await using var tool = await Tool.ServeAsync(_folder.Path, "--cert", _folder["server.pem"], "--key", _folder["server.key"], "--key-password-file", _password);

        Assert.Equal(leaf, await LeafOfAsync(tool));
    }

    [Fact]
    public async Task A_PKCS12_file_is_served_without_a_file_for_the_key()
    {
        var issued = TestPki.Issue();
        var file = Pkcs12("server.p12", issued);

        await using var tool = await Tool.ServeAsync(_folder.Path, "--cert", file, "--key-password-file", _password);

        Assert.Equal(issued.Identity.Chain[0].ToArray(), await LeafOfAsync(tool));
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("tunnel")]
    [InlineData("connect")]
    public async Task Without_a_password_the_option_and_the_file_are_named(string command)
    {
        Put("own", TestPki.Issue(), Aes);
        var file = Pkcs12("own.p12", TestPki.Issue());

        var key = await RunAsync(command, "--cert", _folder["own.pem"], "--key", _folder["own.key"]);
        var pkcs12 = await RunAsync(command, "--cert", file);

        Assert.Equal(ExitCode.Usage, key.ExitCode);
        Assert.Contains($"--key-password-file: {_folder["own.key"]}, line 1: the private key is encrypted; a password is needed.", key.Errors, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, pkcs12.ExitCode);
        Assert.Contains($"--key-password-file: {file}: The PKCS#12 is encrypted; a password is needed.", pkcs12.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("tunnel")]
    [InlineData("connect")]
    public async Task A_wrong_password_is_called_wrong_and_not_shown(string command)
    {
        Put("own", TestPki.Issue(), Aes);
        var file = Pkcs12("own.p12", TestPki.Issue());
        var wrong = _folder.Write("wrong", "no such pass\n");

        var key = await RunAsync(command, "--cert", _folder["own.pem"], "--key", _folder["own.key"], "--key-password-file", wrong);
        var pkcs12 = await RunAsync(command, "--cert", file, "--key-password-file", wrong);

        Assert.Equal(ExitCode.Usage, key.ExitCode);
        Assert.Contains($"{_folder["own.key"]}, line 1: the password of the private key is wrong; it is from {wrong}.", key.Errors, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, pkcs12.ExitCode);
        Assert.Contains($"{file}: The password of the PKCS#12 is wrong (or the file was damaged); it is from {wrong}.", pkcs12.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("no such pass", key.Errors + pkcs12.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nowhere", "is not there. Here belongs a file with the password in its first line.")]
    [InlineData("empty", "Its first line is empty.")]
    [InlineData("folder", "It is a folder.")]
    public async Task A_password_file_that_cannot_be_used_is_explained(string name, string said)
    {
        Put("own", TestPki.Issue(), Aes);

        var result = await RunAsync("serve", "--cert", _folder["own.pem"], "--key", _folder["own.key"], "--key-password-file", _folder[name]);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains($"--key-password-file: {_folder[name]}", result.Errors, StringComparison.Ordinal);
        Assert.Contains(said, result.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("tunnel")]
    [InlineData("connect")]
    public async Task A_password_without_a_certificate_is_a_mistake(string command)
    {
        var result = await RunAsync(command, "--key-password-file", _password);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("--key-password-file needs --cert", result.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("connect")]
    public async Task The_old_encryption_of_OpenSSL_is_refused_with_the_way_to_convert_it(string command)
    {
        Put("own", TestPki.Issue(), ["ec", "-aes256"]);
        Assert.Contains("Proc-Type: 4,ENCRYPTED", _folder.Read("own.key"), StringComparison.Ordinal);

        var result = await RunAsync(command, "--cert", _folder["own.pem"], "--key", _folder["own.key"], "--key-password-file", _password);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains($"--key: {_folder["own.key"]}, line 1: the EC PRIVATE KEY is encrypted in OpenSSL's old way", result.Errors, StringComparison.Ordinal);
        Assert.Contains("convert it with \"openssl pkcs8 -topk8 -in OLD -out NEW\"", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_password_is_followed_and_with_a_wrong_one_the_old_certificate_stays()
    {
        var first = Put("server", TestPki.Issue(), Aes);
        await using var tool = await Tool.ServeAsync(_folder.Path, "--cert", _folder["server.pem"], "--key", _folder["server.key"], "--key-password-file", _password);
        Assert.Equal(first, await LeafOfAsync(tool));

        var second = Put("server", TestPki.Issue(), Aes, "another pass");
        await tool.WaitForErrorAsync("what was in use before stays");
        Assert.Contains($"--key-password-file: {_folder["server.key"]}, line 1: the password of the private key is wrong; it is from {_password}.", tool.Errors, StringComparison.Ordinal);
        Assert.Equal(first, await LeafOfAsync(tool));

        _folder.Write("password", "another pass\n");
        await tool.WaitForErrorAsync("in use are now");
        Assert.Equal(second, await LeafOfAsync(tool));
        Assert.DoesNotContain(Secret, tool.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("another pass", tool.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tunnel_shows_a_certificate_whose_key_is_encrypted_and_follows_the_password()
    {
        var first = Put("client", TestPki.IssueClient(), Aes);
        await using var server = Peer.Tls(TestPki.Issue(), SayLeafAsync, AskForCertificate);
        await using var tool = await Tool.TunnelAsync(_folder.Path, "--to", $"localhost:{server.Port}", "--roots", _roots, "--cert", _folder["client.pem"], "--key", _folder["client.key"], "--key-password-file", _password);
        Assert.Equal(Convert.ToHexString(first), await AskAsync(tool));

        var second = Put("client", TestPki.IssueClient(), Aes, "another pass");
        await tool.WaitForErrorAsync("What was in use before stays");
        Assert.Contains("the password of the private key is wrong", tool.Errors, StringComparison.Ordinal);
        Assert.Equal(Convert.ToHexString(first), await AskAsync(tool));

        _folder.Write("password", "another pass\n");
        await tool.WaitForErrorAsync("changed, and in use for new connections");
        Assert.Equal(Convert.ToHexString(second), await AskAsync(tool));
    }

    [Fact]
    public async Task Connect_shows_a_server_that_asks_the_certificate_of_a_PKCS12_file()
    {
        var own = TestPki.IssueClient();
        await using var server = Peer.Tls(TestPki.Issue(), SayLeafAsync, AskForCertificate);

        var result = await RunAsync("connect", $"localhost:{server.Port}", "--roots", _roots, "--cert", Pkcs12("client.p12", own), "--key-password-file", _password);

        Assert.Equal(ExitCode.Ok, result.ExitCode);
        Assert.Equal(Convert.ToHexString(own.Identity.Chain[0].Span), result.Output);
    }

    [Fact]
    public async Task A_password_may_come_through_a_pipe_which_keeps_what_follows_its_line()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no /dev/stdin.");
        Put("client", TestPki.IssueClient(), Aes);
        await using var server = Peer.Tls(TestPki.Issue(), Peer.EchoAsync, AskForCertificate);

        var result = await Tool.RunAsync(_folder.Path, Secret + "\nto the server", "connect", $"localhost:{server.Port}", "--roots", _roots, "--cert", _folder["client.pem"], "--key", _folder["client.key"], "--key-password-file", "/dev/stdin");

        Assert.Equal(ExitCode.Ok, result.ExitCode);
        Assert.Equal("to the server", result.Output);
    }

    [Theory]
    [InlineData(Secret, ExitCode.Ok)]
    [InlineData("no such pass", ExitCode.Usage)]
    public async Task On_a_terminal_the_password_is_asked_for(string typed, int exitCode)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/script"), "script, which makes terminals, is not there.");
        var own = TestPki.IssueClient();
        Put("client", own, Aes);
        await using var server = Peer.Tls(TestPki.Issue(), SayLeafAsync, AskForCertificate);

        await using var tool = Tool.OnTerminal(_folder.Path, "connect", $"localhost:{server.Port}", "--roots", _roots, "--cert", _folder["client.pem"], "--key", _folder["client.key"]);
        var said = new StringBuilder();
        var buffer = new char[1000];
        while (!said.ToString().Contains("client.key: ", StringComparison.Ordinal) && await tool.Output.ReadAsync(buffer, Cancel) is > 0 and var length)
            said.Append(buffer, 0, length);
        await tool.Input.WriteAsync(typed + "\r");
        await tool.Input.FlushAsync(Cancel);
        said.Append(await tool.Output.ReadToEndAsync(Cancel));

        Assert.Contains($"Password of {_folder["client.key"]}: ", said.ToString(), StringComparison.Ordinal);
        Assert.Contains(exitCode == ExitCode.Ok ? Convert.ToHexString(own.Identity.Chain[0].Span) : "the password of the private key is wrong.", said.ToString(), StringComparison.Ordinal);
        Assert.Equal(exitCode, await tool.ExitAsync());
    }

    [Fact]
    public async Task Sites_and_their_services_have_passwords_of_their_own()
    {
        var leaf = Put("site", TestPki.Issue("a.example"), Aes);
        var client = TestPki.IssueClient();
        Pkcs12("client.p12", client, "of the client");
        _folder.Write("client.password", "of the client");
        await using var server = Peer.Tls(TestPki.Issue(), SayLeafAsync, AskForCertificate);
        var file = _folder.Write("serve.yaml", $$"""
            services:
              - listen: 127.0.0.1:0
                sites:
                  - certificate: site.pem
                    key: site.key
                    key-password-file: password
                    to: tls://localhost:{{server.Port}}
                    upstream: {roots: roots.pem, certificate: client.p12, key-password-file: client.password}
            """);
        await using var tool = await Tool.ConfiguredAsync(_folder.Path, file);

        await using (var tls = await SiteClient.ConnectAsync(tool, "a.example"))
        {
            Assert.Equal(leaf, tls.Session.PeerCertificates[0].ToArray());
            Assert.Equal(Convert.ToHexString(client.Identity.Chain[0].Span), await new StreamReader(tls).ReadToEndAsync(Cancel));
        }

        var second = Put("site", TestPki.Issue("a.example"), Aes, "another pass");
        await tool.WaitForErrorAsync("what was in use before stays");
        Assert.Contains($"{file}:6:28: {_folder["site.key"]}, line 1: the password of the private key is wrong; it is from {_password}.", tool.Errors, StringComparison.Ordinal);
        _folder.Write("password", "another pass");
        await tool.WaitForErrorAsync("in use are now");
        await using var after = await SiteClient.ConnectAsync(tool, "a.example");
        Assert.Equal(second, after.Session.PeerCertificates[0].ToArray());
    }

    [Fact]
    public async Task Check_says_which_password_is_missing_or_wrong()
    {
        Put("a", TestPki.Issue("a.example"), Aes);
        var client = Pkcs12("client.p12", TestPki.IssueClient());
        var wrong = _folder.Write("wrong", "no such pass");
        var file = _folder.Write("serve.yaml", """
            services:
              - listen: 127.0.0.1:1
                sites:
                  - names: a.example
                    certificate: a.pem
                    key: a.key
                    to: https://localhost:2
                    upstream: {certificate: client.p12}
                  - names: b.example
                    certificate: a.pem
                    key: a.key
                    key-password-file: wrong
                    to: https://localhost:2
                    upstream: {certificate: client.p12, key-password-file: nowhere}
                  - names: c.example
                    certificate: client.p12
                    key-password-file: password
                    to: https://localhost:2
                    upstream: {key-password-file: password}
            """);

        var result = await RunAsync("serve", "--check", "--config", file);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        string[] problems =
        [
            $"{file}:4:9: key-password-file: {_folder["a.key"]}, line 1: the private key is encrypted; a password is needed.",
            $"{file}:8:19: key-password-file: {client}: The PKCS#12 is encrypted; a password is needed.",
            $"{file}:12:28: {_folder["a.key"]}, line 1: the password of the private key is wrong; it is from {wrong}.",
            $"{file}:14:64: {_folder["nowhere"]} is not there.",
            $"{file}:19:39: It opens the key of certificate: write that too.",
        ];
        var lines = result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(problems.Length, lines.Length);
        foreach (var (problem, line) in problems.Zip(lines))
            Assert.Contains(problem, line, StringComparison.Ordinal);
        Assert.DoesNotContain("no such pass", result.Errors, StringComparison.Ordinal);
    }

    private Task<ToolResult> RunAsync(string command, params IEnumerable<string> options)
    {
        string[] where = command switch { "tunnel" => ["--listen", "127.0.0.1:0", "--to", "localhost:1"], "connect" when !options.First().StartsWith("localhost", StringComparison.Ordinal) => ["localhost:1"], _ => [] };
        return Tool.RunAsync(_folder.Path, null, [command, .. where, .. options]);
    }

    /// <summary>Writes NAME.pem and, encrypted by OpenSSL, NAME.key.</summary>
    /// <returns>The leaf in DER.</returns>
    private byte[] Put(string name, Issued issued, string[] how, string password = Secret)
    {
        var plain = _folder.Write("plain.key", issued.KeyPem);
        OpenSsl.Run([.. how, "-in", plain, "-out", _folder["new.key"], "-passout", $"pass:{password}"]);
        File.Move(_folder["new.key"], _folder[$"{name}.key"], overwrite: true);
        _folder.Write($"{name}.pem", issued.CertificatePem);
        return issued.Identity.Chain[0].ToArray();
    }

    private string Pkcs12(string name, Issued issued, string password = Secret)
    {
        OpenSsl.Run(["pkcs12", "-export", "-in", _folder.Write("plain.pem", issued.CertificatePem), "-inkey", _folder.Write("plain.key", issued.KeyPem), "-out", _folder[name], "-passout", $"pass:{password}"]);
        return _folder[name];
    }

    private static void AskForCertificate(TlsServerOptions options)
    {
        options.ClientCertificateMode = ClientCertificateMode.Required;
        options.ClientCertificateVerifier = TestPki.Verifier;
    }

    private static async Task SayLeafAsync(TlsStream tls) => await tls.WriteAsync(Encoding.ASCII.GetBytes(Convert.ToHexString(tls.Session.PeerCertificates[0].Span)));

    private static async Task<byte[]> LeafOfAsync(Tool tool)
    {
        await using var tls = await SiteClient.ConnectAsync(tool, "localhost");
        return tls.Session.PeerCertificates[0].ToArray();
    }

    private static async Task<string> AskAsync(Tool tool)
    {
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPEndPoint.Parse(tool.Url), Cancel);
        await using var stream = new NetworkStream(client);
        return await new StreamReader(stream).ReadToEndAsync(Cancel);
    }
}

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace LucidTls.Cli.Tests;

public sealed class CertTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _roots;
    private readonly string _leaf;

    public CertTests()
    {
        _roots = _folder.Write("roots/ca.pem", TestPki.AuthorityPem);
        _leaf = _folder.Write("leaf.pem", TestPki.Issue().CertificatePem);
    }

    public void Dispose() => _folder.Dispose();

    private Task<ToolResult> CertAsync(params string[] arguments) => Tool.RunAsync(_folder.Path, null, ["cert", .. arguments]);

    private static byte[] Der(string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return certificate.RawData;
    }

    private string WriteBytes(string name, byte[] bytes)
    {
        File.WriteAllBytes(_folder[name], bytes);
        return _folder[name];
    }

    private void AssertShowsLeaf(ToolResult result)
    {
        Assert.Equal(ExitCode.Ok, result.ExitCode);
        Assert.Contains("CN=localhost", result.Output, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(Der(File.ReadAllText(_leaf)))), result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_names_what_a_certificate_says_in_words()
    {
        var result = await CertAsync("show", _leaf);

        AssertShowsLeaf(result);
        foreach (var part in (string[])["localhost, 127.0.0.1", "CN=Test authority", "EC P-256", "9 days left", "digitalSignature", "TLS servers", "sha256/"])
            Assert.Contains(part, result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', result.Output);
    }

    [Fact]
    public async Task Show_reads_DER_PKCS12_PKCS7_folders_and_standard_input()
    {
        var pem = File.ReadAllText(_leaf);
        using var leaf = X509Certificate2.CreateFromPem(pem);
        using var authority = X509Certificate2.CreateFromPem(TestPki.AuthorityPem);
        X509Certificate2Collection chain = [authority, leaf];
        var password = _folder.Write("password", "secret\n");

        AssertShowsLeaf(await CertAsync("show", WriteBytes("leaf.der", leaf.RawData)));
        AssertShowsLeaf(await CertAsync("show", WriteBytes("leaf.p12", chain.Export(X509ContentType.Pkcs12, "secret")!), "--password-file", password));
        AssertShowsLeaf(await CertAsync("show", WriteBytes("leaf.p7b", chain.Export(X509ContentType.Pkcs7)!)));
        AssertShowsLeaf(await CertAsync("show", _folder.Path));
        AssertShowsLeaf(await Tool.RunAsync(_folder.Path, pem, "cert", "show", "-"));
    }

    [Fact]
    public async Task Show_says_that_a_PKCS12_file_needs_a_password()
    {
        using var leaf = X509Certificate2.CreateFromPem(File.ReadAllText(_leaf));

        var result = await CertAsync("show", WriteBytes("leaf.p12", leaf.Export(X509ContentType.Pkcs12, "secret")));

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("--password-file", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_takes_the_chain_of_a_server_that_nobody_trusts()
    {
        var issued = TestPki.Issue(expired: true);
        await using var peer = Peer.Tls(issued, Peer.EchoAsync);

        var result = await CertAsync("show", $"localhost:{peer.Port}", "--pem");

        Assert.Equal(ExitCode.Ok, result.ExitCode);
        Assert.Equal(issued.CertificatePem.Trim(), result.Output.Trim());
    }

    [Fact]
    public async Task Show_in_JSON_has_names_and_the_certificate_itself()
    {
        var result = await CertAsync("show", _leaf, "--json");

        using var json = JsonDocument.Parse(result.Output);
        var first = json.RootElement[0];
        Assert.Equal("CN=localhost", first.GetProperty("subject").GetString());
        Assert.Equal("localhost", first.GetProperty("names")[0].GetString());
        Assert.Equal(File.ReadAllText(_leaf).Trim(), first.GetProperty("pem").GetString());
    }

    [Theory]
    [InlineData("nothing-here.pem")]
    [InlineData("/nowhere/at/all")]
    public async Task A_file_that_is_not_there_is_a_usage_or_network_error(string source)
    {
        var result = await CertAsync("show", source);

        Assert.Contains(result.ExitCode, (int[])[ExitCode.Usage, ExitCode.Network]);
        Assert.Contains("error:", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_accepts_a_chain_to_a_given_root_and_draws_the_path()
    {
        foreach (var roots in (string[])[_roots, Path.GetDirectoryName(_roots)!])
        {
            var result = await CertAsync("verify", _leaf, "--roots", roots, "--name", "localhost", "--profile", "rfc5280");

            Assert.Equal(ExitCode.Ok, result.ExitCode);
            Assert.Contains("✓ CN=Test authority (trust anchor", result.Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("wrongName", "--name", "other.example", "asked for: other.example")]
    [InlineData("expired", "--at", "2099-01-01", "expired")]
    [InlineData("unsuitable", "--purpose", "client", "does not allow")]
    [InlineData("unknownStatus", "--revocation", "hard", "CN=localhost")]
    public async Task Verify_refuses_with_a_sentence_and_the_exit_code_of_connect(string failure, string option, string value, string sentence)
    {
        string[] arguments = ["verify", _leaf, "--roots", _roots, "--profile", "rfc5280", option, value];
        var tree = await CertAsync(arguments);
        var json = await CertAsync([.. arguments, "--json"]);

        Assert.Equal(ExitCode.Certificate, tree.ExitCode);
        Assert.StartsWith("refused: ", tree.Output, StringComparison.Ordinal);
        Assert.Contains(sentence, tree.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Certificate, json.ExitCode);
        using var verdict = JsonDocument.Parse(json.Output);
        Assert.False(verdict.RootElement.GetProperty("accepted").GetBoolean());
        Assert.Equal(failure, verdict.RootElement.GetProperty("failure").GetString());
    }

    [Fact]
    public async Task Verify_goes_by_the_rules_of_the_web_unless_told_otherwise_rule_by_rule()
    {
        var refused = await CertAsync("verify", _leaf, "--roots", _roots);
        var accepted = await CertAsync("verify", _leaf, "--roots", _roots, "--without", "AuthorityKeyIdentifier", "--without", "criticality");

        Assert.Equal(ExitCode.Certificate, refused.ExitCode);
        Assert.Contains("authority key identifier", refused.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, accepted.ExitCode);
        Assert.Contains("WebPKI without AuthorityKeyIdentifier", accepted.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--without", "Signature")]
    [InlineData("--without", "Nonsense")]
    [InlineData("--at", "soon")]
    [InlineData("--max-depth", "-1")]
    [InlineData("--profile", "none")]
    [InlineData("--name", "no name")]
    [InlineData("--crl", "/nowhere.crl")]
    [InlineData("--ct-logs", "/nowhere.json")]
    public async Task Verify_takes_no_option_that_means_nothing(string option, string value) =>
        Assert.Equal(ExitCode.Usage, (await CertAsync("verify", _leaf, "--roots", _roots, option, value)).ExitCode);

    [Fact]
    public async Task Verify_looks_at_the_staple_of_a_server_unless_asked_for_another_time()
    {
        var roots = _folder.Write("roots.pem", TestPki.AuthorityPem);
        foreach (var isRevoked in (bool[])[false, true])
        {
            var issued = TestPki.Issue();
            var identity = issued.Identity;
            identity.Staples = [TestPki.Staple(issued, isRevoked)];
            await using var peer = Peer.Tls(issued, Peer.EchoAsync, options => options.Identities = [identity]);

            var now = await Tool.RunAsync(_folder.Path, null, "cert", "verify", $"localhost:{peer.Port}", "--roots", roots, "--profile", "rfc5280", "--revocation", "hard");
            var then = await Tool.RunAsync(_folder.Path, null, "cert", "verify", $"localhost:{peer.Port}", "--roots", roots, "--profile", "rfc5280", "--at", DateTimeOffset.UtcNow.AddDays(5).ToString("O"));

            Assert.Equal(isRevoked ? ExitCode.Certificate : ExitCode.Ok, now.ExitCode);
            Assert.Contains(isRevoked ? "✗ CN=localhost was revoked" : "✓ CN=localhost was not revoked, says the stapled OCSP response", now.Output, StringComparison.Ordinal);
            Assert.Equal(ExitCode.Ok, then.ExitCode);
        }
    }

    [Fact]
    public async Task Verify_refuses_what_a_given_list_revokes()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Listing authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(2));
        byte[] serial = [0x12, 0x34, 0x56];
        using var leaf = new CertificateRequest("CN=revoked", key, HashAlgorithmName.SHA256).Create(authority, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), serial);
        var list = new CertificateRevocationListBuilder();
        list.AddEntry(serial, DateTimeOffset.UtcNow.AddHours(-1));
        var crl = WriteBytes("list.crl", list.Build(authority, 1, DateTimeOffset.UtcNow.AddDays(1), HashAlgorithmName.SHA256));
        var chain = _folder.Write("revoked.pem", leaf.ExportCertificatePem());
        var root = _folder.Write("listing.pem", authority.ExportCertificatePem());

        var without = await CertAsync("verify", chain, "--roots", root, "--profile", "rfc5280");
        var with = await CertAsync("verify", chain, "--roots", root, "--profile", "rfc5280", "--crl", crl);

        Assert.Equal(ExitCode.Ok, without.ExitCode);
        Assert.Equal(ExitCode.Certificate, with.ExitCode);
        Assert.Contains("revoked", with.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lint_names_each_broken_rule_with_its_source_and_mender()
    {
        using var key = RSA.Create(1024);
        var request = new CertificateRequest("CN=intranet.local", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("host.local");
        names.AddDnsName("under_score.example.com");
        names.AddIpAddress(IPAddress.Parse("192.168.1.1"));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("2.5.29.37.0")], critical: false));
        var from = new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);
        using var authority = X509Certificate2.CreateFromPem(TestPki.AuthorityPem);
        using var signer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = request.Create(authority.SubjectName, X509SignatureGenerator.CreateForECDsa(signer), from, from.AddDays(398), [1]);

        var result = await CertAsync("lint", _folder.Write("bad.pem", certificate.ExportCertificatePem()), "--json");

        Assert.Equal(ExitCode.Certificate, result.ExitCode);
        using var json = JsonDocument.Parse(result.Output);
        var findings = json.RootElement[0].GetProperty("findings").EnumerateArray().ToLookup(finding => finding.GetProperty("rule").GetString());
        foreach (var rule in (string[])["serial-entropy", "key-size", "lifetime", "internal-name", "underscore", "reserved-address", "common-name", "extended-key-usage", "extended-key-usage-any", "authority-key-identifier", "authority-information", "revocation-pointer", "policy"])
            Assert.True(findings.Contains(rule), rule);
        Assert.Equal("it is valid for 398 days; certificates issued from 2026-03-15 on may be for 200", findings["lifetime"].Single().GetProperty("explanation").GetString());
    }

    [Fact]
    public async Task Lint_finds_nothing_in_a_root_that_keeps_the_rules_and_takes_several_sources()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Good root", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1000));
        var file = _folder.Write("good.pem", root.ExportCertificatePem());

        var good = await CertAsync("lint", file);
        var both = await CertAsync("lint", file, _leaf);

        Assert.Equal(ExitCode.Ok, good.ExitCode);
        Assert.Equal($"CN=Good root from {file}: nothing found\n", good.Output);
        Assert.Equal(ExitCode.Certificate, both.ExitCode);
        Assert.Contains("CN=Good root", both.Output, StringComparison.Ordinal);
        Assert.Contains("policy: ", both.Output, StringComparison.Ordinal);
    }
}

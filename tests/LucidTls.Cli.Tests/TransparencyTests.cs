using System.Security.Cryptography;
using System.Text.Json;
using LucidTls.TestSupport;

namespace LucidTls.Cli.Tests;

/// <summary><c>--ct-logs</c> of <c>cert verify</c> and <c>connect</c>.</summary>
public sealed class TransparencyTests : IDisposable
{
    private static readonly LoggingAuthority Authority = new();
    private static readonly TestLog Alpha = new("Alpha 2026");
    private static readonly TestLog Beta = new("Beta 2026", "Two");
    private static readonly TestLog Unlisted = new("Unlisted");

    private readonly TemporaryFolder _folder = new();
    private readonly string _roots;
    private readonly string _logs;

    public TransparencyTests()
    {
        _roots = _folder.Write("ca.pem", Authority.RootPem);
        _logs = _folder.Write("log_list.json", TestLog.Json([Alpha, Beta], LoggingAuthority.Now));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_certificate_that_two_logs_of_two_operators_vouch_for_is_accepted_and_they_are_named()
    {
        var leaf = Leaf(Alpha, Beta);
        var (text, verdict) = await VerifyAsync(leaf, "--ct-logs", _logs);

        Assert.Equal(ExitCode.Ok, text.ExitCode);
        foreach (var log in (string[])["Alpha 2026", "Beta 2026"])
            Assert.Contains($"✓ logged by {log}", text.Output, StringComparison.Ordinal);
        Assert.Equal(["Alpha 2026", "Beta 2026"], Timestamps(verdict).Select(timestamp => timestamp.GetProperty("log").GetString()));
        Assert.All(Timestamps(verdict), timestamp => Assert.Equal(JsonValueKind.Null, timestamp.GetProperty("problem").ValueKind));
    }

    [Fact]
    public async Task A_certificate_that_too_few_logs_of_the_list_vouch_for_is_refused_with_what_does_not_count()
    {
        var (text, verdict) = await VerifyAsync(Leaf(Alpha, Unlisted), "--ct-logs", _logs);

        Assert.Equal(ExitCode.Certificate, text.ExitCode);
        Assert.StartsWith("refused: certificate transparency: CN=leaf, valid for 90 days, has good timestamps of 1 log inside the certificate, of 2 logs demanded", text.Output, StringComparison.Ordinal);
        Assert.Contains("✓ logged by Alpha 2026", text.Output, StringComparison.Ordinal);
        Assert.Contains("✗ logged by ", text.Output, StringComparison.Ordinal);
        Assert.Equal("transparency", verdict.GetProperty("rule").GetString());
        Assert.Equal([null, "the log list does not have this log"], Timestamps(verdict).Select(timestamp => timestamp.GetProperty("problem").GetString()));
    }

    [Fact]
    public async Task Without_a_log_list_no_timestamps_are_demanded()
    {
        var (text, verdict) = await VerifyAsync(Leaf());

        Assert.Equal(ExitCode.Ok, text.ExitCode);
        Assert.Empty(Timestamps(verdict));
    }

    [Theory]
    [InlineData("no JSON", "The log list is not JSON of the form expected")]
    [InlineData("{}", "The log list has no array \"operators\"")]
    [InlineData("""{"operators":[{"name":"One","logs":[{"description":"Alpha","log_id":"AAAA","key":"AAAA","state":{"usable":{"timestamp":"2026-01-01T00:00:00Z"}}}]}]}""", "The log_id of the log \"Alpha\" is not the SHA-256 of its key.")]
    public async Task A_bad_list_is_named_with_what_is_wrong_in_it(string json, string problem)
    {
        var list = _folder.Write("bad.json", json);
        foreach (var arguments in new string[][] { ["cert", "verify", _roots], ["connect", "localhost:1"] })
        {
            var result = await Tool.RunAsync(_folder.Path, null, [.. arguments, "--ct-logs", list]);
            Assert.Equal(ExitCode.Usage, result.ExitCode);
            Assert.Contains($"The log list {list} cannot be used: {problem}", result.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task It_is_refused_where_it_would_mean_nothing()
    {
        Assert.Equal(ExitCode.Usage, (await Tool.RunAsync(_folder.Path, null, "cert", "verify", _roots, "--ct-logs", _logs, "--purpose", "client")).ExitCode);
        Assert.Equal(ExitCode.Usage, (await Tool.RunAsync(_folder.Path, null, "connect", "localhost:1", "--ct-logs", _logs, "--dangerous-accept-any-certificate")).ExitCode);
    }

    public static MatrixTheoryData<string, bool, bool> Servers => new(["connect", "cert verify --profile rfc5280"], [true, false], [true, false]);

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task The_timestamps_that_come_in_the_handshake_count(string command, bool isStapled, bool isLogged)
    {
        var issued = TestPki.Issue();
        var roots = _folder.Write("roots.pem", TestPki.AuthorityPem);
        var leaf = issued.Identity.Chain[0].ToArray();
        byte[][] timestamps = [.. new[] { Alpha, isLogged ? Beta : Unlisted }.Select(log => log.SignCertificate(leaf, DateTimeOffset.UtcNow.AddDays(-1)))];
        var identity = isStapled ? issued.Identity : issued.Identity.WithTimestamps([.. timestamps.Select(one => (ReadOnlyMemory<byte>)one)]);
        if (isStapled)
            identity.Staples = [TestPki.Staple(issued, timestamps: TestLog.List(timestamps))];
        await using var peer = Peer.Tls(issued, Peer.EchoAsync, options => options.Identities = [identity]);

        var result = await Tool.RunAsync(_folder.Path, "", [.. command.Split(' '), $"localhost:{peer.Port}", "--roots", roots, "--ct-logs", _logs]);

        var text = result.Output + result.Errors;
        Assert.Equal(isLogged ? ExitCode.Ok : ExitCode.Certificate, result.ExitCode);
        Assert.Contains("✓ logged by Alpha 2026", text, StringComparison.Ordinal);
        Assert.Contains(isLogged ? "✓ logged by Beta 2026" : "has good timestamps of 1 log with the handshake, of 2 logs demanded", text, StringComparison.Ordinal);
    }

    private string Leaf(params IReadOnlyList<TestLog> logs)
    {
        var leaf = Authority.Leaf(logs.Count == 0 ? null : tbs => TestLog.List(logs.Select(log => log.SignPrecertificate(tbs, Authority.Key, LoggingAuthority.Now.AddDays(-9)))));
        return _folder.Write("leaf.pem", PemEncoding.WriteString("CERTIFICATE", leaf));
    }

    private async Task<(ToolResult Text, JsonElement Verdict)> VerifyAsync(string leaf, params string[] options)
    {
        string[] arguments = ["cert", "verify", leaf, "--roots", _roots, "--profile", "rfc5280", "--at", LoggingAuthority.Now.ToString("O"), .. options];
        var text = await Tool.RunAsync(_folder.Path, null, arguments);
        var json = await Tool.RunAsync(_folder.Path, null, [.. arguments, "--json"]);
        Assert.Equal(text.ExitCode, json.ExitCode);
        using var document = JsonDocument.Parse(json.Output);
        return (text, document.RootElement.Clone());
    }

    private static IEnumerable<JsonElement> Timestamps(JsonElement verdict) => Assert.Single(verdict.GetProperty("paths").EnumerateArray()).GetProperty("timestamps").EnumerateArray();
}

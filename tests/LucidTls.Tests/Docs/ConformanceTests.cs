using System.Text.Json;

namespace LucidTls.Tests.Docs;

/// <summary>The configuration of BoringSSL's test runner says what this library says.</summary>
public sealed class ConformanceTests
{
    private static readonly JsonElement Configuration = JsonDocument.Parse(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "tests", "LucidTls.BogoShim", "config.json"))).RootElement;

    [Fact]
    public void Every_cause_that_the_runner_is_told_of_exists()
    {
        // ":RecordTooLong:", or ":PeerAlert:RecordOverflow:" with the alert.
        var causes = Configuration.GetProperty("ErrorMap").EnumerateObject().SelectMany(entry => entry.Value.EnumerateArray()).Select(cause => cause.GetString()!).ToArray();
        Assert.NotEmpty(causes);
        Assert.All(causes, cause =>
        {
            var parts = cause.Trim(':').Split(':');
            Assert.True(Enum.TryParse<TlsError>(parts[0], out _), cause);
            Assert.True(parts.Length == 1 || (parts[0] == nameof(TlsError.PeerAlert) && Enum.TryParse<TlsAlert>(parts[1], out _)), cause);
        });
    }

    [Fact]
    public void Every_test_that_is_left_out_is_left_out_for_a_reason_that_the_page_counts()
    {
        var page = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "conformance.md"));
        Assert.All(Configuration.GetProperty("DisabledTests").EnumerateObject(), pattern => Assert.Contains($"| {pattern.Value.GetString()} |", page, StringComparison.Ordinal));
    }
}

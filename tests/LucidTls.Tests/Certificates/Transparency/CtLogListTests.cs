using LucidTls.Certificates.Transparency;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Transparency;

/// <summary>The JSON format of log lists, version 3.</summary>
public sealed class CtLogListTests
{
    private static readonly TestLog Log = new("Alpha", "One")
    {
        More = ""","temporal_interval":{"start_inclusive":"2026-01-01T00:00:00Z","end_exclusive":"2027-01-01T00:00:00Z"},"previous_operators":[{"name":"B","end_time":"2025-01-01T00:00:00Z"},{"name":"A","end_time":"2024-01-01T00:00:00Z"}]""",
    };

    private static readonly string Good = TestLog.Json([Log, new TestLog("Tiles", "Two", isRsa: true) { IsTiled = true }], new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Everything_that_a_list_says_is_read()
    {
        var list = CtLogList.FromJson(Good);
        Assert.Equal(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero), list.Published);
        var log = list.Logs[0];
        Assert.Equal(("Alpha", "One", CtLogState.Usable, true), (log.Description, log.Operator, log.State, log.IsRfc6962));
        Assert.Equal(Log.Id, log.Id);
        Assert.Equal(Log.Key, log.Key);
        Assert.Equal(2020, log.StateSince.Year);
        Assert.Equal((2026, 2027), (log.ExpiryFrom!.Value.Year, log.ExpiryBefore!.Value.Year));
        Assert.Equal(["A", "B"], log.PreviousOperators.Select(previous => previous.Operator));
        Assert.False(list.Logs[1].IsRfc6962);
    }

    [Fact]
    public void Logs_for_tests_are_left_out() =>
        Assert.Empty(CtLogList.FromJson(TestLog.Json([new TestLog("Playground") { More = ",\"log_type\":\"test\"" }])).Logs);

    [Fact]
    public void A_log_without_a_state_is_not_trusted() =>
        Assert.Equal(CtLogState.Pending, CtLogList.FromJson(Good.Replace("\"state\":", "\"estate\":", StringComparison.Ordinal)).Logs[0].State);

    [Theory]
    [InlineData("{", "", "is not JSON")]
    [InlineData("\"operators\":", "\"operator\":", "no array \"operators\"")]
    [InlineData("\"logs\":[", "\"logs\":[7,", "is not JSON of the form expected")]
    [InlineData("\"description\":\"Alpha\",", "", "a log of One without a \"description\"")]
    [InlineData("\"name\":\"One\",", "", "an operator without a \"name\"")]
    [InlineData("\"key\":\"M", "\"key\":\"!", "The key of the log \"Alpha\" is not there or is not base64")]
    [InlineData("\"usable\"", "\"perfect\"", "The state of the log \"Alpha\" is none that is known")]
    [InlineData("\"2020-01-01T00:00:00Z\"", "\"yesterday\"", "A time of the log \"Alpha\" cannot be read")]
    [InlineData("\"timestamp\":\"2020", "\"time\":\"2020", "The state of the log \"Alpha\" has no timestamp")]
    [InlineData("\"end_exclusive\":", "\"end\":", "has no end_exclusive")]
    [InlineData("\"end_time\":", "\"end\":", "has no end_time")]
    public void What_is_malformed_is_named(string old, string changed, string message)
    {
        var at = Good.IndexOf(old, StringComparison.Ordinal);
        var exception = Assert.Throws<FormatException>(() => CtLogList.FromJson(Good[..at] + changed + Good[(at + old.Length)..]));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_id_that_is_not_the_keys_is_refused()
    {
        var other = new TestLog("Other");
        var exception = Assert.Throws<FormatException>(() => CtLogList.FromJson(Good.Replace(Convert.ToBase64String(Log.Id), Convert.ToBase64String(other.Id), StringComparison.Ordinal)));
        Assert.Contains("The log_id of the log \"Alpha\" is not the SHA-256 of its key", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_cannot_be_used_is_refused()
    {
        var weak = System.Security.Cryptography.RSA.Create(512).ExportSubjectPublicKeyInfo();
        var id = System.Security.Cryptography.SHA256.HashData(weak);
        var json = Good.Replace(Convert.ToBase64String(Log.Id), Convert.ToBase64String(id), StringComparison.Ordinal).Replace(Convert.ToBase64String(Log.Key), Convert.ToBase64String(weak), StringComparison.Ordinal);
        Assert.Contains("The key of the log \"Alpha\" cannot be used", Assert.Throws<FormatException>(() => CtLogList.FromJson(json)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_that_stands_twice_is_refused() =>
        Assert.Throws<FormatException>(() => CtLogList.FromJson(TestLog.Json([Log, Log])));
}

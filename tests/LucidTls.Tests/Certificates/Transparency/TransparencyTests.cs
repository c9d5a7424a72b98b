using LucidTls.Certificates;
using LucidTls.Certificates.Transparency;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Transparency;

/// <summary>RFC 6962: certificates are accepted when enough logs vouch for them, and refused when one thing about that is wrong.</summary>
public sealed class TransparencyTests
{
    private static readonly DateTimeOffset Now = LoggingAuthority.Now;
    private static readonly LoggingAuthority Authority = new();
    private static readonly TestLog One = new("Alpha 2026", "One");
    private static readonly TestLog OneToo = new("Beta 2026", "One");
    private static readonly TestLog Two = new("Gamma 2026", "Two", isRsa: true);
    private static readonly TestLog Three = new("Delta 2026", "Three");
    private static readonly string List = TestLog.Json([One, OneToo, Two, Three], Now.AddDays(-5));

    [Fact]
    public async Task Two_logs_of_two_operators_suffice_for_ninety_days()
    {
        var verdict = await Authority.VerifyAsync(Logged([One, Two]), List);
        Assert.True(verdict.IsAccepted, verdict.Explanation);
        Assert.Equal(["Alpha 2026", "Gamma 2026"], verdict.Paths[0].Timestamps.Select(timestamp => timestamp.Log!.Description));
        Assert.All(verdict.Paths[0].Timestamps, timestamp => Assert.Null(timestamp.Problem));
        Assert.Contains("✓ logged by Gamma 2026, 2026-05-31 12:00:00 UTC", verdict.ToTree(), StringComparison.Ordinal);
        Assert.Contains("\"log\": \"Alpha 2026\"", verdict.ToJson(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task The_timestamps_may_stand_anywhere_among_the_extensions(int place)
    {
        var leaf = Authority.Leaf(tbs => TestLog.List(Sign(One, tbs), Sign(Two, tbs)), place: place);
        var verdict = await Authority.VerifyAsync(leaf, List);
        Assert.True(verdict.IsAccepted, verdict.Explanation);
    }

    [Fact]
    public async Task A_certificate_without_timestamps_is_refused() =>
        await RefusedAsync(Authority.Leaf(null), "CN=leaf, valid for 90 days, has no good timestamp inside the certificate, of 2 logs demanded");

    [Fact]
    public async Task One_log_does_not_suffice() =>
        await RefusedAsync(Logged([One]), "good timestamps of 1 log inside the certificate, of 2 logs demanded");

    [Fact]
    public async Task Two_timestamps_of_one_log_are_one() =>
        await RefusedAsync(Authority.Leaf(tbs => TestLog.List(Sign(One, tbs), One.SignPrecertificate(tbs, Authority.Key, Now.AddHours(-5)))), "good timestamps of 1 log inside the certificate");

    [Fact]
    public async Task Two_logs_of_one_operator_do_not_suffice() =>
        await RefusedAsync(Logged([One, OneToo]), "of 2 logs, but of 1 operator (One) where 2 are demanded");

    [Theory]
    [InlineData(180, 2, true)]
    [InlineData(181, 2, false)]
    [InlineData(181, 3, true)]
    public async Task A_certificate_of_more_than_180_days_needs_three_logs(int days, int logs, bool isAccepted)
    {
        var verdict = await Authority.VerifyAsync(Logged([.. new[] { One, Two, Three }.Take(logs)], days), List);
        Assert.Equal(isAccepted, verdict.IsAccepted);
        if (!isAccepted)
            Assert.Contains("valid for 181 days, has good timestamps of 2 logs inside the certificate, of 3 logs demanded", verdict.Explanation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Signature", "its signature is not the log's")]
    [InlineData("Time", "its signature is not the log's")]
    [InlineData("Extensions", "its signature is not the log's")]
    [InlineData("Algorithm", "it is signed with ecdsa_secp384r1_sha384, which logs may not use")]
    [InlineData("Cut", "the list inside the certificate is malformed")]
    [InlineData("Longer", "the list inside the certificate is malformed")]
    [InlineData("Version", "good timestamps of 1 log")]
    public async Task A_timestamp_that_is_wrong_in_one_thing_does_not_count(string wrong, string sentence)
    {
        var leaf = Authority.Leaf(tbs => TestLog.List(Sign(Two, tbs), One.SignPrecertificate(tbs, Authority.Key, Now.AddDays(-1), Enum.Parse<Wrong>(wrong))));
        await RefusedAsync(leaf, sentence);
    }

    [Fact]
    public async Task A_timestamp_of_a_later_version_is_passed_over()
    {
        var leaf = Authority.Leaf(tbs => TestLog.List(Three.SignPrecertificate(tbs, Authority.Key, Now.AddDays(-1), Wrong.Version), Sign(One, tbs), Sign(Two, tbs)));
        Assert.True((await Authority.VerifyAsync(leaf, List)).IsAccepted);
    }

    [Fact]
    public async Task A_wrong_RSA_signature_does_not_count()
    {
        var leaf = Authority.Leaf(tbs => TestLog.List(Sign(One, tbs), Two.SignPrecertificate(tbs, Authority.Key, Now.AddDays(-1), Wrong.Signature)));
        await RefusedAsync(leaf, "not counted: Gamma 2026, 2026-05-31 12:00:00 UTC: its signature is not the log's");
    }

    [Fact]
    public async Task Timestamps_for_another_certificate_do_not_count()
    {
        byte[]? others = null;
        Authority.Leaf(tbs => others = TestLog.List(Sign(One, tbs), Sign(Two, tbs)));
        await RefusedAsync(Authority.Leaf(_ => others!), "or is for another certificate");
    }

    [Fact]
    public async Task Timestamps_for_another_authority_with_the_same_name_do_not_count()
    {
        var other = new LoggingAuthority();
        var leaf = Authority.Leaf(tbs => TestLog.List(One.SignPrecertificate(tbs, other.Key, Now.AddDays(-1)), Sign(Two, tbs)));
        await RefusedAsync(leaf, "or is for another certificate");
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(999, true)]
    [InlineData(1000, false)]
    public async Task A_timestamp_of_the_future_does_not_count(int milliseconds, bool isAccepted)
    {
        var leaf = Authority.Leaf(tbs => TestLog.List(Sign(One, tbs), Two.SignPrecertificate(tbs, Authority.Key, Now.AddMilliseconds(milliseconds))));
        var verdict = await Authority.VerifyAsync(leaf, List);
        Assert.Equal(isAccepted, verdict.IsAccepted);
        if (!isAccepted)
            Assert.Contains("it was made in the future: the clock says 2026-06-01 12:00:00 UTC", verdict.Explanation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"qualified":{"timestamp":"2026-05-31T12:00:00Z"}}""", null)]
    [InlineData("""{"readonly":{"timestamp":"2026-05-31T12:00:00Z","final_tree_head":{"tree_size":1,"sha256_root_hash":""}}}""", null)]
    [InlineData("""{"retired":{"timestamp":"2026-05-31T12:00:01Z"}}""", null)]
    [InlineData("""{"retired":{"timestamp":"2026-05-31T12:00:00Z"}}""", "the log was retired on 2026-05-31, before that")]
    [InlineData("""{"pending":{"timestamp":"2020-01-01T00:00:00Z"}}""", "the log is not accepted yet")]
    [InlineData("""{"rejected":{"timestamp":"2020-01-01T00:00:00Z"}}""", "the log is rejected")]
    public async Task What_a_timestamp_counts_depends_on_the_logs_state(string state, string? problem)
    {
        var log = new TestLog("Epsilon", "Five") { State = state };
        var verdict = await Authority.VerifyAsync(Logged([One, log]), TestLog.Json([One, log]));
        Assert.Equal(problem == null, verdict.IsAccepted);
        if (problem != null)
            Assert.Contains(problem, verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Retired_logs_alone_do_not_suffice()
    {
        const string Retired = """{"retired":{"timestamp":"2026-05-31T23:00:00Z"}}""";
        TestLog[] logs = [new("Old 1", "One") { State = Retired }, new("Old 2", "Two") { State = Retired }];
        await RefusedAsync(Logged(logs), "only of logs that are retired; one in use is demanded", TestLog.Json(logs));
    }

    [Theory]
    [InlineData("2026-01-01T00:00:00Z", "2026-08-20T11:59:59Z", false)]
    [InlineData("2026-01-01T00:00:00Z", "2026-08-20T12:00:00Z", true)]
    [InlineData("2026-08-20T11:59:59Z", "2027-01-01T00:00:00Z", true)]
    [InlineData("2026-08-20T12:00:00Z", "2027-01-01T00:00:00Z", false)]
    public async Task A_log_counts_for_certificates_that_expire_in_its_interval(string from, string before, bool isAccepted)
    {
        var log = new TestLog("Epsilon", "Five") { More = $$""","temporal_interval":{"start_inclusive":"{{from}}","end_exclusive":"{{before}}"}""" };
        var verdict = await Authority.VerifyAsync(Logged([One, log]), TestLog.Json([One, log]));
        Assert.Equal(isAccepted, verdict.IsAccepted);
        if (!isAccepted)
            Assert.Contains($"expire from {from[..10]} and before {before[..10]}, and this one expires on 2026-08-20", verdict.Explanation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2026-05-31T12:00:01Z", false)]
    [InlineData("2026-05-31T12:00:00Z", true)]
    public async Task The_operator_is_the_one_at_the_time_of_the_timestamp(string endTime, bool isAccepted)
    {
        var log = new TestLog("Sold", "Five") { More = $$""","previous_operators":[{"name":"One","end_time":"{{endTime}}"}]""" };
        Assert.Equal(isAccepted, (await Authority.VerifyAsync(Logged([One, log]), TestLog.Json([One, log]))).IsAccepted);
    }

    [Fact]
    public async Task An_unknown_log_does_not_count() =>
        await RefusedAsync(Logged([One, new TestLog("Private")]), "the log list does not have this log");

    [Fact]
    public async Task An_old_log_list_is_named_as_the_likely_cause()
    {
        var verdict = await RefusedAsync(Logged([One, new TestLog("New")]), "; the log list is 100 days old", TestLog.Json([One, Two], Now.AddDays(-100)));
        Assert.Equal(CertificateMender.ThisEnd, verdict.Problem!.Mender);
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(50, false)]
    public async Task A_policy_may_stop_to_enforce_with_an_old_list(int age, bool isAccepted)
    {
        var policy = CtPolicy.Browsers with { LongestListAge = TimeSpan.FromDays(70) };
        Assert.Equal(isAccepted, (await Authority.VerifyAsync(Authority.Leaf(null), TestLog.Json([One], Now.AddDays(-age)), policy)).IsAccepted);
    }

    [Fact]
    public async Task A_policy_may_demand_a_log_with_the_interface_of_RFC_6962()
    {
        TestLog[] logs = [new("Tiles 1", "One") { IsTiled = true }, new("Tiles 2", "Two") { IsTiled = true }];
        Assert.True((await Authority.VerifyAsync(Logged(logs), TestLog.Json(logs))).IsAccepted);
        var verdict = await Authority.VerifyAsync(Logged(logs), TestLog.Json(logs), CtPolicy.Browsers with { RequireRfc6962Log = true });
        Assert.Contains("none of a log with RFC 6962's own interface", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Timestamps_from_the_handshake_suffice_by_themselves()
    {
        var leaf = Authority.Leaf(null, days: 300);
        var list = TestLog.List(One.SignCertificate(leaf, Now.AddDays(-1)), Two.SignCertificate(leaf, Now.AddDays(-1)));
        var verdict = await Authority.VerifyAsync(leaf, List, handshakeList: list);
        Assert.True(verdict.IsAccepted, verdict.Explanation);
        Assert.All(verdict.Paths[0].Timestamps, timestamp => Assert.Equal(CertificateTimestampSource.Handshake, timestamp.Source));
    }

    [Fact]
    public async Task Timestamps_of_a_precertificate_do_not_count_in_the_handshake()
    {
        byte[]? precertificates = null;
        var leaf = Authority.Leaf(tbs => precertificates = TestLog.List(Sign(One, tbs), Sign(Two, tbs)));
        var bare = Authority.Leaf(null);
        Assert.True((await Authority.VerifyAsync(leaf, List)).IsAccepted);
        var verdict = await Authority.VerifyAsync(bare, List, handshakeList: precertificates);
        Assert.Contains("has no good timestamp with the handshake, of 2 logs demanded; not counted: Alpha 2026", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_logs_that_are_retired_nothing_counts_in_the_handshake()
    {
        var log = new TestLog("Old", "Five") { State = """{"retired":{"timestamp":"2026-05-31T23:00:00Z"}}""" };
        var leaf = Authority.Leaf(null);
        var list = TestLog.List(One.SignCertificate(leaf, Now.AddDays(-1)), log.SignCertificate(leaf, Now.AddDays(-1)));
        var verdict = await Authority.VerifyAsync(leaf, TestLog.Json([One, log]), handshakeList: list);
        Assert.Contains("the log was retired on 2026-05-31", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Timestamps_inside_and_outside_are_not_added_up()
    {
        byte[]? bare = null;
        var leaf = Authority.Leaf(tbs => TestLog.List(Sign(One, bare = tbs)));
        var verdict = await Authority.VerifyAsync(leaf, List, handshakeList: TestLog.List(Two.SignCertificate(leaf, Now.AddDays(-1))));
        Assert.False(verdict.IsAccepted);
    }

    [Fact]
    public async Task Without_a_log_list_nothing_is_demanded()
    {
        var verdict = await LoggingAuthority.VerifyAsync(Authority.Leaf(null), new CertificateVerifierOptions { TrustStore = TrustStore.FromCertificates([Authority.Root]) });
        Assert.True(verdict.IsAccepted);
        Assert.Empty(verdict.Paths[0].Timestamps);
    }

    [Fact]
    public async Task Clients_certificates_and_exempt_authorities_need_no_logs()
    {
        var leaf = Authority.Leaf(null);
        var options = new CertificateVerifierOptions { TrustStore = TrustStore.FromCertificates([Authority.Root]), TransparencyLogs = CtLogList.FromJson(List) };
        Assert.True((await LoggingAuthority.VerifyAsync(leaf, options, purpose: CertificatePurpose.Client)).IsAccepted);
        Assert.False((await LoggingAuthority.VerifyAsync(leaf, options)).IsAccepted);
        var exempt = options with { TrustStore = TrustStore.FromAnchors([new TrustAnchor(Authority.Root) { IsExemptFromTransparency = true }]) };
        Assert.True((await LoggingAuthority.VerifyAsync(leaf, exempt)).IsAccepted);
        var pinned = options with { TrustStore = TrustStore.FromCertificates([leaf]) };
        Assert.True((await LoggingAuthority.VerifyAsync(leaf, pinned)).IsAccepted);
    }

    private static byte[] Sign(TestLog log, byte[] tbs) => log.SignPrecertificate(tbs, Authority.Key, Now.AddDays(-1));

    private static byte[] Logged(TestLog[] logs, int days = 90) => Authority.Leaf(tbs => TestLog.List(logs.Select(log => Sign(log, tbs))), days);

    private static async Task<CertificateVerdict> RefusedAsync(byte[] leaf, string sentence, string? list = null)
    {
        var verdict = await Authority.VerifyAsync(leaf, list ?? List);
        Assert.False(verdict.IsAccepted);
        Assert.Equal(CertificateRule.Transparency, verdict.Problem!.Rule);
        Assert.Contains(sentence, verdict.Explanation, StringComparison.Ordinal);
        return verdict;
    }
}

using System.IO.Compression;
using System.Text;
using System.Text.Json;
using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.Tests.Docs;

namespace LucidTls.Tests.Certificates;

/// <summary>The certificate chains of x509-limbo, each through the public verifier with the profile of the web's PKI.</summary>
public sealed class LimboTests
{
    private static readonly JsonElement[] Cases = Load();

    /// <summary>Cases that are judged otherwise than x509-limbo expects, each with the reason.</summary>
    private static readonly Dictionary<string, string> Others = new()
    {
        ["rfc5280::eku::ee-without-eku"] = "in conflict with `webpki::eku::ee-without-eku`, whose side the web's profile takes; the profile `Rfc5280` accepts it",
        ["rfc5280::nc::permitted-dns-match-noncritical"] = "in conflict with `webpki::nc::permitted-dns-match-noncritical`, whose side the web's profile takes",
        ["webpki::san::public-suffix-private-namespace-wildcard-san"] = "marked as optional (`pedantic-public-suffix-wildcard`): owners of such suffixes use these certificates rightly, `*.s3.amazonaws.com` among them; the rule `PrivateSuffixWildcard` refuses it",
    };

    public static TheoryData<string> Ids => [.. Cases.Select(Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task Each_chain_gets_the_verdict_expected(string id)
    {
        var test = Cases.Single(test => Id(test) == id);
        var verdict = await JudgeAsync(test, CertificateProfile.WebPki);
        if (Others.TryGetValue(id, out var reason))
            Assert.False(verdict.IsAccepted == IsExpected(test), $"This is judged as expected now; take it off the list ({reason}).");
        else
            Assert.True(verdict.IsAccepted == IsExpected(test), $"expected {(IsExpected(test) ? "acceptance" : "refusal")}: {verdict.Explanation}");
    }

    [Theory]
    [InlineData("rfc5280::eku::ee-without-eku")]
    public async Task What_only_the_other_side_of_a_conflict_expects_the_other_profile_gives(string id)
    {
        var test = Cases.Single(test => Id(test) == id);
        Assert.Equal(IsExpected(test), (await JudgeAsync(test, CertificateProfile.Rfc5280)).IsAccepted);
    }

    [Fact]
    public async Task A_wildcard_below_a_private_suffix_is_refused_when_asked()
    {
        var test = Cases.Single(test => Id(test) == "webpki::san::public-suffix-private-namespace-wildcard-san");
        var verdict = await JudgeAsync(test, CertificateProfile.WebPki.With(CertificateRule.PrivateSuffixWildcard));
        Assert.Equal(CertificateRule.PrivateSuffixWildcard, verdict.Problem?.Rule);
    }

    [Fact]
    public async Task Docs_limbo_md_says_what_the_verifier_says()
    {
        var path = Path.Combine(RepositoryFiles.Root, "docs", "limbo.md");
        var expected = await RenderAsync();
        if (Environment.GetEnvironmentVariable("LUCIDTLS_UPDATE_DOCS") == "1")
            await File.WriteAllTextAsync(path, expected, TestContext.Current.CancellationToken);
        Assert.Equal(expected, await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken), ignoreLineEndingDifferences: true);
    }

    private static async Task<string> RenderAsync()
    {
        var rows = new StringBuilder();
        var (right, accepted, refused) = (0, 0, 0);
        foreach (var test in Cases)
        {
            var verdict = await JudgeAsync(test, CertificateProfile.WebPki);
            if (verdict.IsAccepted == IsExpected(test))
                right++;
            else if (verdict.IsAccepted)
                accepted++;
            else
                refused++;
            var said = verdict.Problem is { } problem ? $"refused: `{problem.Rule}`" : "accepted";
            rows.Append($"| `{Id(test)}` | {(IsExpected(test) ? "acceptance" : "refusal")} | {said} | {Others.GetValueOrDefault(Id(test), "")} |\n");
        }
        return $"""
            # The verifier on x509-limbo

            [x509-limbo](https://x509-limbo.com) is a collection of certificate chains, most of them wrong in one thing, with the verdict that each should get. All {Cases.Length} cases of the copy in `tests/vectors/x509-limbo`, the optional and pedantic ones included, run in the tests through the public `CertificateVerifier` with the profile `WebPki`, with the revocation lists of the case as hard-fail, and this page is what they print.

            **{right} of {Cases.Length} as expected**; {accepted} accepted that x509-limbo wants refused, {refused} refused that it wants accepted. The last column says why.

            | case | expected | verdict | why otherwise |
            | --- | --- | --- | --- |
            {rows}
            """;
    }

    private static async Task<CertificateVerdict> JudgeAsync(JsonElement test, CertificateProfile profile)
    {
        ReadOnlyMemory<byte>[] chain = [Der(test.GetProperty("peer_certificate")), .. test.GetProperty("untrusted_intermediates").EnumerateArray().Select(Der)];
        CertificateRevocationList[] lists = [.. test.GetProperty("crls").EnumerateArray().SelectMany(pem => CertificateRevocationList.FromPem(pem.GetString()!))];
        var verifier = new CertificateVerifier(new CertificateVerifierOptions
        {
            TrustStore = TrustStore.FromCertificates(test.GetProperty("trusted_certs").EnumerateArray().Select(Der)),
            Profile = profile,
            Revocation = lists.Length == 0 ? RevocationOptions.Off : new RevocationOptions { GivenLists = lists, Lists = RevocationMode.HardFail },
            MaxDepth = test.GetProperty("max_chain_depth") is { ValueKind: JsonValueKind.Number } depth ? depth.GetInt32() : null,
        });
        var names = test.GetProperty("expected_peer_names").EnumerateArray();
        var peer = test.GetProperty("expected_peer_name");
        return await verifier.VerifyAsync(new CertificateVerificationRequest
        {
            Chain = chain,
            Names = [.. (peer.ValueKind == JsonValueKind.Object ? names.Prepend(peer) : names).Select(Name)],
            Purpose = test.GetProperty("validation_kind").GetString() == "SERVER" ? CertificatePurpose.Server : CertificatePurpose.Client,
            Time = test.GetProperty("validation_time") is { ValueKind: JsonValueKind.String } time ? time.GetDateTimeOffset() : null,
        }, TestContext.Current.CancellationToken);
    }

    private static string Id(JsonElement test) => test.GetProperty("id").GetString()!;

    private static bool IsExpected(JsonElement test) => test.GetProperty("expected_result").GetString() == "SUCCESS";

    private static PeerName Name(JsonElement name)
    {
        var value = name.GetProperty("value").GetString()!;
        return name.GetProperty("kind").GetString() == "RFC822" ? PeerName.Email(value) : PeerName.Parse(value);
    }

    private static ReadOnlyMemory<byte> Der(JsonElement pem) => LucidTls.Certificates.Parsing.PemReader.Certificates(pem.GetString()!)[0];

    private static JsonElement[] Load()
    {
        using var file = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "vectors", "x509-limbo", "limbo.json.gz")), CompressionMode.Decompress);
        return [.. JsonDocument.Parse(file).RootElement.GetProperty("testcases").EnumerateArray()];
    }
}

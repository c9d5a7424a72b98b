using System.Globalization;
using System.Text.RegularExpressions;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary>wrk and h2load against Kestrel and <c>lucidtls serve</c>: what they ask for is all answered, and no handshake fails.</summary>
[Collection(nameof(HygieneTests))]
public sealed partial class LoadTests(PkiFixture pki)
{
    private const int Many = 100_000;

    [Theory]
    [InlineData("--h1", "-m1", 20)]
    [InlineData("--npn-list=h2", "-m10", 20)]
    [InlineData("--npn-list=h2", "-m100", 2)]
    public async Task Hundred_thousand_requests_to_Kestrel_are_all_answered(string protocol, string atOnce, int connections)
    {
        using var meters = new ServerMeters();
        await using var server = await KestrelServer.StartAsync(pki.ServerOptions());

        AssertAllGood(await H2LoadAsync(protocol, atOnce, $"-n{Many}", $"-c{connections}", server.Url()), Many);

        await meters.WaitUntilIdleAsync();
        Assert.Equal(Many, server.Requests);
        Assert.Equal(connections, meters.Handshakes);
        Assert.Empty(meters.Failures);
        Assert.Empty(server.Warnings);
    }

    [Theory]
    [InlineData("--h1")]
    [InlineData("--npn-list=h2")]
    public async Task Connections_with_one_request_each_to_Kestrel_are_all_answered(string protocol)
    {
        const int count = 2000;
        using var meters = new ServerMeters();
        await using var server = await KestrelServer.StartAsync(pki.ServerOptions());

        // As many connections as requests, made in groups of 50.
        AssertAllGood(await H2LoadAsync(protocol, $"-n{count}", $"-c{count}", "-r50", "--rate-period=100ms", server.Url()), count);

        await meters.WaitUntilIdleAsync();
        Assert.Equal(count, server.Requests);
        Assert.Equal(count, meters.Handshakes);
        Assert.Empty(meters.Failures);
        Assert.Empty(server.Warnings);
    }

    [Theory]
    [InlineData("--h1", false)]
    [InlineData("--h1", true)]
    [InlineData("--npn-list=h2", false)]
    [InlineData("--npn-list=h2", true)]
    public async Task Megabytes_go_either_way_between_Kestrel_and_h2load(string protocol, bool isUpload)
    {
        const int count = 200;
        using var meters = new ServerMeters();
        using var folder = new TempFolder();
        File.WriteAllBytes(folder.File("body"), new byte[KestrelServer.LargeBody]);
        await using var server = await KestrelServer.StartAsync(pki.ServerOptions());

        var report = await H2LoadAsync([protocol, $"-n{count}", "-c4", .. isUpload ? ["-d", folder.File("body")] : Array.Empty<string>(), server.Url("/large")]);

        AssertAllGood(report, count);
        Assert.Equal(isUpload ? count * "1000000 bytes".Length : (long)count * KestrelServer.LargeBody, NumberAt(DataBytes(), report));
        await meters.WaitUntilIdleAsync();
        Assert.Equal(4, meters.Handshakes);
        Assert.Empty(meters.Failures);
        Assert.Empty(server.Warnings);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Connection: close")]
    public async Task Wrk_gets_nothing_but_answers_from_Kestrel(string? header)
    {
        using var meters = new ServerMeters();
        await using var server = await KestrelServer.StartAsync(pki.ServerOptions());

        var report = await WrkAsync([.. header is null ? Array.Empty<string>() : ["-H", header], server.Url()]);

        // It leaves when its time is over, whatever is under way.
        await meters.WaitUntilIdleAsync();
        Assert.DoesNotMatch("Socket errors|Non-2xx", report);
        Assert.InRange(server.Requests - NumberAt(WrkRequests(), report), 0, 50);
        Assert.True(server.Requests > 100, report);
        Assert.InRange(meters.Failures.Count, 0, 50);
        Assert.All(meters.Failures, failure => Assert.Contains(failure, (string[])[nameof(TlsError.ClosedDuringHandshake), nameof(TlsError.TransportFailed)]));
        Assert.Empty(server.Warnings);
    }

    [Theory]
    [InlineData("--h1", "-m1")]
    [InlineData("--npn-list=h2", "-m10")]
    public async Task Hundred_thousand_requests_to_the_tool_are_all_answered(string protocol, string atOnce)
    {
        using var tool = await Tool.ServeAsync();
        AssertAllGood(await H2LoadAsync(protocol, atOnce, $"-n{Many}", "-c20", tool.Url.ToString()), Many);
        Assert.DoesNotContain("error", tool.Process.Text, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<string> H2LoadAsync(params IEnumerable<string> arguments) => await RunAsync(Peer.Find("h2load", "nghttp2-client"), arguments);

    private static Task<string> WrkAsync(IEnumerable<string> arguments) => RunAsync(Peer.Find("wrk", "wrk"), ["-t2", "-c50", "-d3s", "--timeout", "60s", .. arguments]);

    private static async Task<string> RunAsync(string program, IEnumerable<string> arguments)
    {
        using var process = PeerProcess.Start(program, arguments);
        Assert.Equal(0, await process.WaitForExitAsync(TimeSpan.FromMinutes(3)));
        return process.Text;
    }

    private static void AssertAllGood(string report, int count)
    {
        Assert.Contains($"requests: {count} total, {count} started, {count} done, {count} succeeded, 0 failed, 0 errored, 0 timeout", report, StringComparison.Ordinal);
        Assert.Contains($"status codes: {count} 2xx, 0 3xx, 0 4xx, 0 5xx", report, StringComparison.Ordinal);
    }

    private static long NumberAt(Regex regex, string report)
    {
        var match = regex.Match(report);
        Assert.True(match.Success, report);
        return long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"\((\d+)\) data")]
    private static partial Regex DataBytes();

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex WrkRequests();
}

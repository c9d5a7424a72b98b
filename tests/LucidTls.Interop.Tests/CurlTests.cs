using System.Text;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

public sealed class CurlTests(PkiFixture pki)
{
    public static TheoryData<KeyKind> KeyKinds => [.. Enum.GetValues<KeyKind>()];

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task It_gets_a_page_under_each_kind_of_certificate(KeyKind kind)
    {
        await using var server = new EchoServer(pki.ServerOptions(kind), ServeAsync);
        using var curl = Start("--cacert", pki.RootFile, $"https://localhost:{server.Port}/");
        Assert.Equal(0, await curl.WaitForExitAsync());
        await curl.WaitForAsync("served over TLS 1.3");
    }

    [Fact]
    public async Task It_gets_a_page_by_address()
    {
        await using var server = new EchoServer(pki.ServerOptions(), ServeAsync);
        using var curl = Start("--cacert", pki.RootFile, $"https://127.0.0.1:{server.Port}/");
        Assert.Equal(0, await curl.WaitForExitAsync());
        Assert.Null((await server.SessionAsync()).ServerName);
    }

    [Fact]
    public async Task It_refuses_us_without_the_root_and_we_say_so()
    {
        await using var server = new EchoServer(pki.ServerOptions(), ServeAsync);
        using var curl = Start($"https://localhost:{server.Port}/");
        Assert.Equal(60, await curl.WaitForExitAsync());
        var failure = await server.FailureAsync();
        Assert.Equal((TlsError.PeerAlert, TlsAlert.UnknownCA, TlsFailureSource.Peer), (failure.Error, failure.Alert, failure.Source));
    }

    [Fact]
    public async Task It_shows_its_certificate()
    {
        var (chain, key) = pki.Pki.Client().WriteTo(pki.Folder, "curl-client");
        await using var server = new EchoServer(pki.MutualOptions(), ServeAsync);
        using var curl = Start("--cacert", pki.RootFile, "--cert", chain, "--key", key, $"https://localhost:{server.Port}/");
        Assert.Equal(0, await curl.WaitForExitAsync());
        Assert.True((await server.SessionAsync()).PeerVerdict!.IsAccepted);
    }

    [Fact]
    public async Task It_is_told_that_a_name_is_not_ours_before_it_sends_its_request()
    {
        await using var server = new EchoServer(pki.ServerOptions(), ServeAsync);
        using var curl = Start("--cacert", pki.RootFile, "--resolve", $"other.example:{server.Port}:127.0.0.1", $"https://other.example:{server.Port}/");
        Assert.Equal(60, await curl.WaitForExitAsync());
        Assert.Contains("other.example", curl.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--http1.1", "HTTP/1.1")]
    [InlineData("--http2", "HTTP/2")]
    public async Task It_gets_the_page_of_the_tool_over_either_HTTP(string option, string version)
    {
        using var tool = await Tool.ServeAsync();
        using var curl = Start("--cacert", tool.AuthorityFile, option, "--include", tool.Url.ToString());
        Assert.Equal(0, await curl.WaitForExitAsync());
        Assert.StartsWith($"{version} 200", curl.Text, StringComparison.Ordinal);
        Assert.Contains("TLS 1.3", curl.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_HTTP_to_the_TLS_port_is_named_as_what_it_is()
    {
        await using var server = new EchoServer(pki.ServerOptions(), ServeAsync);
        using var curl = Start($"http://127.0.0.1:{server.Port}/");
        await curl.WaitForExitAsync();
        Assert.Equal(TlsError.PlainHttpRequest, (await server.FailureAsync()).Error);
    }

    private static PeerProcess Start(params IEnumerable<string> arguments) =>
        PeerProcess.Start(Peer.Find("curl", "curl"), ["--silent", "--show-error", "--max-time", "60", "--tlsv1.3", .. arguments]);

    internal static async Task ServeAsync(TlsStream tls)
    {
        await Client.ReadUntilAsync(tls, "\r\n\r\n");
        var page = $"served over {tls.Session.Version}\n";
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {page.Length}\r\n\r\n{page}"));
        await tls.ShutdownAsync();
    }
}

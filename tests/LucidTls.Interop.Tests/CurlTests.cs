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
    public async Task Plain_HTTP_to_the_TLS_port_is_named_as_what_it_is()
    {
        await using var server = new EchoServer(pki.ServerOptions(), ServeAsync);
        using var curl = Start($"http://127.0.0.1:{server.Port}/");
        await curl.WaitForExitAsync();
        Assert.Equal(TlsError.PlainHttpRequest, (await server.FailureAsync()).Error);
    }

    private static PeerProcess Start(params IEnumerable<string> arguments) =>
        PeerProcess.Start(Peer.Find("curl", "curl"), ["--silent", "--show-error", "--max-time", "20", "--tlsv1.3", .. arguments]);

    internal static async Task ServeAsync(TlsStream tls)
    {
        await Client.ReadUntilAsync(tls, "\r\n\r\n");
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nserved over {tls.Session.Version}\n"));
        await tls.ShutdownAsync();
    }
}

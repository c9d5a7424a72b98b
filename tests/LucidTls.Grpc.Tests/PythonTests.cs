using Grpc.Core;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;
using Samples.Stocks;

namespace LucidTls.Grpc.Tests;

/// <summary>gRPC's C core with its own TLS (BoringSSL or OpenSSL), as Python's grpcio has it, against our ends of it; each end proves itself with a certificate.</summary>
public sealed class PythonTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Its_client_makes_calls_of_all_kinds_to_our_server()
    {
        await using var server = await GrpcServer.StartAsync(new StockService(), host: "localhost");
        using var client = await StartAsync("ask", server.Port, Spiffe.ServicePem("spiffe://prod.example/shop"));

        Assert.Equal(0, await client.WaitForExitAsync(TimeSpan.FromMinutes(2)));

        Assert.Equal(
            ["price tea 300", "refused INVALID_ARGUMENT Fewer than none cannot be had.", "watch 12502500", "deliver 500500 spiffe://prod.example/shop", $"haggle {Enumerable.Range(0, 500).Sum(i => i + 1 + i * 100)}"],
            client.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Its_client_is_refused_for_another_identity()
    {
        await using var server = await GrpcServer.StartAsync(new StockService(), host: "localhost", accepted: ["spiffe://prod.example/shop"]);
        using var client = await StartAsync("ask", server.Port, Spiffe.ServicePem("spiffe://prod.example/mail"));

        Assert.Equal(0, await client.WaitForExitAsync(TimeSpan.FromMinutes(2)));

        Assert.Contains("failed UNAVAILABLE", client.Text, StringComparison.Ordinal);
        Assert.Contains("spiffe://prod.example/mail", (await server.Log.WaitForTextAsync("another name")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Our_client_makes_calls_of_all_kinds_to_its_server()
    {
        using var server = await StartServerAsync("spiffe://prod.example/stock");
        using var channel = GrpcServer.Connect(server.Address, GrpcServer.Client("spiffe://prod.example/shop", "spiffe://prod.example/stock"));
        var stock = new Stock.StockClient(channel);

        Assert.Equal(new Quote { Name = "tea", Cents = 300 }, await stock.PriceAsync(new Item { Name = "tea", Count = 3 }, cancellationToken: Cancel));
        var failure = await Assert.ThrowsAsync<RpcException>(() => stock.PriceAsync(new Item { Count = -1 }, cancellationToken: Cancel).ResponseAsync);
        Assert.Equal((StatusCode.InvalidArgument, "Fewer than none cannot be had."), (failure.StatusCode, failure.Status.Detail));
        using var watch = stock.Watch(new Item { Name = "tea", Count = 5000 }, cancellationToken: Cancel);
        Assert.Equal(12_502_500, await watch.ResponseStream.ReadAllAsync(Cancel).Select(quote => quote.Cents).SumAsync(Cancel));
        using var deliver = stock.Deliver(cancellationToken: Cancel);
        for (var i = 1; i <= 1000; i++)
            await deliver.RequestStream.WriteAsync(new Item { Count = i }, Cancel);
        await deliver.RequestStream.CompleteAsync();
        Assert.Equal(new Receipt { Count = 500_500, From = "spiffe://prod.example/shop" }, await deliver);
        using var haggle = stock.Haggle(cancellationToken: Cancel);
        for (var i = 0; i < 500; i++)
        {
            await haggle.RequestStream.WriteAsync(new Quote { Name = new string('x', i * 100), Cents = i }, Cancel);
            Assert.True(await haggle.ResponseStream.MoveNext(Cancel));
            Assert.Equal((i + 1, i * 100), (haggle.ResponseStream.Current.Cents, haggle.ResponseStream.Current.Name.Length));
        }
        await haggle.RequestStream.CompleteAsync();
        Assert.False(await haggle.ResponseStream.MoveNext(Cancel));
    }

    [Fact]
    public async Task Its_server_is_refused_for_another_identity_and_refuses_who_has_none_of_its_authority()
    {
        using var server = await StartServerAsync("spiffe://prod.example/mail");
        using var wary = GrpcServer.Connect(server.Address, GrpcServer.Client("spiffe://prod.example/shop", "spiffe://prod.example/stock"));
        var tls = GrpcServer.Client("spiffe://prod.example/shop", "spiffe://prod.example/mail");
        tls.Identity = null;
        using var nameless = GrpcServer.Connect(server.Address, tls);

        var refused = await Assert.ThrowsAsync<RpcException>(() => new Stock.StockClient(wary).PriceAsync(new Item(), cancellationToken: Cancel).ResponseAsync);
        var refusing = await Assert.ThrowsAsync<RpcException>(() => new Stock.StockClient(nameless).PriceAsync(new Item(), cancellationToken: Cancel).ResponseAsync);

        Assert.Contains("spiffe://prod.example/mail; accepted: spiffe://prod.example/stock", refused.Status.DebugException?.Message, StringComparison.Ordinal);
        Assert.True(refusing.StatusCode is StatusCode.Unavailable or StatusCode.Internal, refusing.ToString());
    }

    private async Task<Server> StartServerAsync(string uri)
    {
        var port = PeerProcess.FreePort();
        var process = await StartAsync("serve", port, Spiffe.ServicePem(uri, "localhost"));
        await process.WaitForAsync("serving");
        return new Server(process, new Uri($"https://localhost:{port}"));
    }

    private async Task<PeerProcess> StartAsync(string role, int port, (string Certificate, string Key) identity)
    {
        await File.WriteAllTextAsync(_folder.File("chain.pem"), identity.Certificate, Cancel);
        await File.WriteAllTextAsync(_folder.File("key.pem"), identity.Key, Cancel);
        await File.WriteAllTextAsync(_folder.File("roots.pem"), Spiffe.AuthorityPem, Cancel);
        var programs = Path.Combine(AppContext.BaseDirectory, "Peers", "Programs");
        using var compiler = PeerProcess.Start(Peer.Find("protoc", "protobuf-compiler"), [$"--python_out={_folder.Path}", $"--proto_path={programs}", "stock.proto"]);
        Assert.True(await compiler.WaitForExitAsync() == 0, compiler.Text);
        return PeerProcess.Start(Python(), [Path.Combine(programs, "stock.py"), role, _folder.Path, $"{port}"], environment: new Dictionary<string, string> { ["no_grpc_proxy"] = "localhost", ["PYTHONDONTWRITEBYTECODE"] = "1" });
    }

    /// <summary>Debian's own Python, which has Debian's packages.</summary>
    private static string Python()
    {
        const string Path = "/usr/bin/python3";
        if (File.Exists(Path) && Directory.Exists("/usr/lib/python3/dist-packages/grpc"))
            return Path;
        const string Message = "Python's gRPC is not installed; on Debian it is in the package python3-grpcio, with python3-protobuf.";
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", Message);
        throw new InvalidOperationException(Message);
    }

    private sealed record Server(PeerProcess Process, Uri Address) : IDisposable
    {
        public void Dispose() => Process.Dispose();
    }
}

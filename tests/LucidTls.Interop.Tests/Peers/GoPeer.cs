using LucidTls.TestSupport;

[assembly: AssemblyFixture(typeof(LucidTls.Interop.Tests.Peers.GoPeer))]

namespace LucidTls.Interop.Tests.Peers;

/// <summary>Go's crypto/tls and net/http: small programs of ours, built once for all tests.</summary>
public sealed class GoPeer : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _programs = [];

    internal PeerProcess Start(params IEnumerable<string> arguments) => PeerProcess.Start(Build("peer"), arguments);

    /// <summary>A server of HTTP/1.1 and HTTP/2 that says at /who who asks, and at /echo what it was told.</summary>
    internal async Task<(PeerProcess Process, int Port)> StartWebAsync((string ChainPath, string KeyPath) files, string roots)
    {
        var port = PeerProcess.FreePort();
        var process = PeerProcess.Start(Build("web"), [$"127.0.0.1:{port}", files.ChainPath, files.KeyPath, roots]);
        await process.WaitForPortAsync(port);
        return (process, port);
    }

    /// <summary>A server with a certificate of that kind that sends each line back.</summary>
    internal async Task<(PeerProcess Process, int Port)> StartServerAsync((string ChainPath, string KeyPath) files, params IEnumerable<string> arguments)
    {
        var port = PeerProcess.FreePort();
        var process = Start(["-cert", files.ChainPath, "-key", files.KeyPath, .. arguments, "server", $"127.0.0.1:{port}"]);
        await process.WaitForPortAsync(port);
        return (process, port);
    }

    public void Dispose() => _folder.Dispose();

    private string Build(string name)
    {
        lock (_lock)
        {
            if (_programs.TryGetValue(name, out var built))
                return built;
            var program = _folder.File(name);
            using var build = PeerProcess.Start(Peer.Find("go", "golang-go"), ["build", "-o", program, Path.Combine(AppContext.BaseDirectory, "Peers", "Programs", $"{name}.go")],
                environment: new Dictionary<string, string> { ["GO111MODULE"] = "off", ["GOFLAGS"] = "", ["GOCACHE"] = _folder.File("cache"), ["HOME"] = _folder.Path, ["GOTOOLCHAIN"] = "local" });
            Assert.True(build.WaitForExitAsync(TimeSpan.FromMinutes(5)).GetAwaiter().GetResult() == 0, build.Text);
            return _programs[name] = program;
        }
    }
}

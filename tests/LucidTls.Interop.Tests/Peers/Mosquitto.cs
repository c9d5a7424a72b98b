using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>The MQTT broker mosquitto, for anybody, with three listeners.</summary>
internal sealed class Mosquitto : IDisposable
{
    private readonly PeerProcess _process;
    private readonly TempFolder _folder;

    private Mosquitto(PeerProcess process, TempFolder folder, int[] ports) => (_process, _folder, PlainPort, TlsPort, MutualPort) = (process, folder, ports[0], ports[1], ports[2]);

    /// <summary>Where it speaks no TLS.</summary>
    public int PlainPort { get; }

    /// <summary>Where it shows its certificate.</summary>
    public int TlsPort { get; }

    /// <summary>Where it wants one of the client too.</summary>
    public int MutualPort { get; }

    public static async Task<Mosquitto> StartAsync(PkiFixture pki)
    {
        var program = Peer.Find("mosquitto", "mosquitto");
        var folder = new TempFolder();
        var (chain, key) = pki.ServerFiles();
        int[] ports = [PeerProcess.FreePort(), PeerProcess.FreePort(), PeerProcess.FreePort()];
        var tls = $"certfile {chain}\nkeyfile {key}";
        // It would go on as a user that cannot read the files, where root starts it.
        File.WriteAllText(folder.File("mosquitto.conf"), $"""
            per_listener_settings true
            user {Environment.UserName}
            listener {ports[0]} 127.0.0.1
            allow_anonymous true
            listener {ports[1]} 127.0.0.1
            allow_anonymous true
            {tls}
            listener {ports[2]} 127.0.0.1
            allow_anonymous true
            {tls}
            cafile {pki.RootFile}
            require_certificate true

            """);
        var process = PeerProcess.Start(program, ["-c", folder.File("mosquitto.conf")]);
        foreach (var port in ports)
            await process.WaitForPortAsync(port);
        return new Mosquitto(process, folder, ports);
    }

    /// <summary>Publishes by a client of its own; the broker keeps the message for whoever subscribes.</summary>
    public static Task PublishAsync(int port, string topic, params IEnumerable<string> arguments) => RunAsync("mosquitto_pub", port, topic, ["-r", .. arguments]);

    /// <summary>What a client of its own says of the first message that it gets.</summary>
    public static Task<string> ReceiveAsync(int port, string topic, params IEnumerable<string> arguments) => RunAsync("mosquitto_sub", port, topic, ["-C", "1", .. arguments]);

    public void Dispose()
    {
        _process.Dispose();
        _folder.Dispose();
    }

    private static async Task<string> RunAsync(string program, int port, string topic, IEnumerable<string> arguments)
    {
        using var process = PeerProcess.Start(Peer.Find(program, "mosquitto-clients"), ["-h", "localhost", "-p", $"{port}", "-t", topic, "-q", "2", .. arguments]);
        Assert.True(await process.WaitForExitAsync() == 0, process.Text);
        return process.Text;
    }
}

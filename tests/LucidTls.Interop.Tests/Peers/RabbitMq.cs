using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>RabbitMQ with a folder, a node name and an Erlang port mapper of its own, all on loopback. Over TLS it wants a certificate of the client too.</summary>
internal sealed class RabbitMq : IDisposable
{
    // An Erlang system loads a few hundred modules first.
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);

    private readonly PeerProcess _process;
    private readonly PeerProcess _portMapper;
    private readonly TempFolder _folder;

    private RabbitMq(PeerProcess process, PeerProcess portMapper, TempFolder folder, int plainPort, int tlsPort) =>
        (_process, _portMapper, _folder, PlainPort, TlsPort) = (process, portMapper, folder, plainPort, tlsPort);

    /// <summary>Where it speaks no TLS.</summary>
    public int PlainPort { get; }

    /// <summary>Where it speaks TLS.</summary>
    public int TlsPort { get; }

    public static async Task<RabbitMq> StartAsync(PkiFixture pki)
    {
        // What is in the path goes on as another user, in folders of the system's.
        const string releases = "/usr/lib/rabbitmq/lib";
        var program = Directory.Exists(releases) ? Directory.GetDirectories(releases, "rabbitmq_server-*").Max() + "/sbin/rabbitmq-server" : Peer.Find("rabbitmq-server", "rabbitmq-server");
        var folder = new TempFolder();
        var (chain, key) = pki.ServerFiles();
        int[] ports = [PeerProcess.FreePort(), PeerProcess.FreePort(), PeerProcess.FreePort(), PeerProcess.FreePort()];
        File.WriteAllText(folder.File("rabbitmq.conf"), $"""
            listeners.tcp.1 = 127.0.0.1:{ports[0]}
            listeners.ssl.1 = 127.0.0.1:{ports[1]}
            ssl_options.certfile = {chain}
            ssl_options.keyfile = {key}
            ssl_options.cacertfile = {pki.RootFile}
            ssl_options.verify = verify_peer
            ssl_options.fail_if_no_peer_cert = true
            log.console = true
            log.file = false

            """);
        File.WriteAllText(folder.File("nothing"), "[].\n");
        var environment = new Dictionary<string, string>
        {
            ["HOME"] = folder.Path,
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["ERL_EPMD_PORT"] = $"{ports[2]}",
            ["RABBITMQ_NODENAME"] = $"lucidtls{ports[0]}@localhost",
            ["RABBITMQ_DIST_PORT"] = $"{ports[3]}",
            ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
            ["RABBITMQ_CONFIG_FILE"] = folder.File("rabbitmq.conf"),
            ["RABBITMQ_ADVANCED_CONFIG_FILE"] = folder.File("nothing"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = folder.File("nothing"),
            ["RABBITMQ_MNESIA_BASE"] = folder.File("data"),
            ["RABBITMQ_LOG_BASE"] = folder.File("log"),
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1} +S 1",
        };
        // Erlang would start one that stays.
        var portMapper = PeerProcess.Start(Peer.Find("epmd", "rabbitmq-server"), ["-port", $"{ports[2]}", "-address", "127.0.0.1"]);
        await portMapper.WaitForPortAsync(ports[2]);
        var server = new RabbitMq(PeerProcess.Start(program, [], environment: environment), portMapper, folder, ports[0], ports[1]);
        try
        {
            foreach (var port in ports[..2])
                await server._process.WaitForPortAsync(port, StartPatience);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _process.Terminate();
        // It would start its port mapper again.
        _process.WaitForExitAsync(StartPatience).GetAwaiter().GetResult();
        _process.Dispose();
        _portMapper.Dispose();
        _folder.Dispose();
    }
}

/// <summary>One RabbitMQ for the tests of a class, since it takes its time to start; none when none of them needs it.</summary>
public sealed class RabbitMqFixture(PkiFixture pki) : IAsyncDisposable
{
    private readonly Lazy<Task<RabbitMq>> _server = new(() => RabbitMq.StartAsync(pki));

    internal Task<RabbitMq> StartAsync() => _server.Value;

    public async ValueTask DisposeAsync()
    {
        if (_server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            (await _server.Value).Dispose();
    }
}

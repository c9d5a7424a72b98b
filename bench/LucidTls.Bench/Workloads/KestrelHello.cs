using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using LucidTls.Bench.Measuring;
using LucidTls.Bench.Stacks;
using LucidTls.Certificates;
using LucidTls.Sessions;

namespace LucidTls.Bench.Workloads;

/// <summary>
/// A "hello" of Kestrel over LucidTls, over SslStream (UseHttps) and without TLS. The client is the same for all, and only the server's process is
/// measured. The servers take turns within each round.
/// </summary>
internal static class KestrelHello
{
    public const string Ours = "LucidTls";
    public const string Theirs = "UseHttps";
    public const string KeepAlive = "request, HTTP/1.1 keep-alive";
    public const string Http2 = "request, HTTP/2";
    public const string FullHandshake = "connection, full handshake";
    public const string ResumedHandshake = "connection, resumed";

    private const int KeepAliveConnections = 64;
    private const int KeepAliveRequests = 200;
    private const int Http2Connections = 4;
    private const int Http2Streams = 16;
    private const int Http2Requests = 100;
    private const int NewConnections = 480;
    /// <summary>So many that the server always has work: threads that run out of it spin for a while, and that would be counted.</summary>
    private const int NewConnectionsAtOnce = 48;

    private const int IdleConnections = 2000;

    /// <summary>Requests of a connection before it idles. With one alone the socket may still expect data that came along with the end of the handshake, and hold a block of 4 KiB for it, whatever the TLS.</summary>
    private const int RequestsBeforeIdling = 3;

    /// <summary>Until the just-in-time compiler has come to rest: a server runs for weeks.</summary>
    private const int WarmUpRounds = 20;

    private static readonly byte[] Request = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {TlsStack.HostName}\r\n\r\n");

    public static async Task<(IReadOnlyList<Result> Results, IReadOnlyList<(string Stack, Footprint Footprint)> Memory)> MeasureAsync(int rounds)
    {
        var servers = new List<KestrelServer>();
        try
        {
            foreach (var stack in (string[])[Ours, Theirs, NoTls.StackName])
                servers.Add(await KestrelServer.StartAsync(stack));
            var contest = new List<(string Workload, KestrelServer Server, Func<Task<int>> RunAsync, List<Cost> Costs)>();
            foreach (var server in servers)
            {
                contest.Add((KeepAlive, server, () => KeepAliveAsync(server), []));
                contest.Add((FullHandshake, server, () => ConnectionsAsync(server, null), []));
                if (server.Stack == NoTls.StackName)
                    continue;
                contest.Add((Http2, server, () => Http2Async(server), []));
                // As many clients as there are connections at once, each with a cache of its own: one alone keeps a few tickets of a server, and most connections would have none.
                var clients = Enumerable.Range(0, NewConnectionsAtOnce).Select(_ => ClientOptions(server, SslApplicationProtocol.Http11, new TlsSessionCache())).ToArray();
                contest.Add((ResumedHandshake, server, () => ConnectionsAsync(server, clients), []));
            }
            for (var round = -WarmUpRounds; round < rounds; round++)
            {
                foreach (var (_, server, runAsync, costs) in contest)
                {
                    var before = await server.SpentAsync();
                    var count = await runAsync();
                    var after = await server.SpentAsync();
                    if (round >= 0)
                        costs.Add(new Cost((after.Cpu - before.Cpu) / count, 0, (after.Allocated - before.Allocated) / count));
                }
            }
            var memory = new List<(string, Footprint)>();
            foreach (var server in servers)
                memory.Add((server.Stack, await IdleAsync(server)));
            var results = contest.Select(one => new Result(new Contender(one.Workload, "TCP", one.Server.Stack, _ => Task.CompletedTask), one.Costs));
            return ([.. results.OrderBy(result => Array.IndexOf([KeepAlive, Http2, FullHandshake, ResumedHandshake], result.Contender.Workload))], memory);
        }
        finally
        {
            foreach (var server in servers)
                server.Dispose();
        }
    }

    private static async Task<int> KeepAliveAsync(KestrelServer server)
    {
        await Task.WhenAll(Enumerable.Range(0, KeepAliveConnections).Select(_ => Task.Run(async () =>
        {
            await using var stream = await OpenAsync(server, ClientOptions(server, SslApplicationProtocol.Http11, null));
            var buffer = new byte[1024];
            for (var i = 0; i < KeepAliveRequests; i++)
                await AskAsync(stream, buffer);
        })));
        return KeepAliveConnections * KeepAliveRequests;
    }

    private static async Task<int> Http2Async(KestrelServer server)
    {
        await Task.WhenAll(Enumerable.Range(0, Http2Connections).Select(_ => Task.Run(async () =>
        {
            using var client = new HttpClient(new SocketsHttpHandler
            {
                UseProxy = false,
                ConnectCallback = async (_, _) => await OpenAsync(server, ClientOptions(server, SslApplicationProtocol.Http2, null)),
            })
            { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
            // The TLS is inside the stream that the handler is given, so that it knows of none.
            var url = new Uri($"http://{TlsStack.HostName}/");
            await client.GetStringAsync(url);
            await Task.WhenAll(Enumerable.Range(0, Http2Streams).Select(async _ =>
            {
                for (var i = 0; i < Http2Requests; i++)
                    await client.GetStringAsync(url);
            }));
        })));
        return Http2Connections * Http2Streams * Http2Requests;
    }

    private static async Task<int> ConnectionsAsync(KestrelServer server, TlsClientOptions[]? resuming)
    {
        var resumed = 0;
        await Task.WhenAll(Enumerable.Range(0, NewConnectionsAtOnce).Select(client => Task.Run(async () =>
        {
            var buffer = new byte[1024];
            for (var i = 0; i < NewConnections / NewConnectionsAtOnce; i++)
            {
                await using var stream = await OpenAsync(server, resuming?[client] ?? ClientOptions(server, SslApplicationProtocol.Http11, null));
                await AskAsync(stream, buffer);
                if (stream is TlsStream { Session.Resumed: true })
                    Interlocked.Increment(ref resumed);
            }
        })));
        // But for each client's first one, if it comes without a ticket.
        if (resuming != null && resumed < NewConnections - NewConnectionsAtOnce)
            throw new InvalidOperationException($"{server.Stack} resumed {resumed} of {NewConnections} sessions.");
        return NewConnections;
    }

    /// <summary>Connections that have had some requests each and wait for the next.</summary>
    private static async Task<Footprint> IdleAsync(KestrelServer server)
    {
        var open = new List<Stream>(IdleConnections);
        try
        {
            var buffer = new byte[1024];
            var before = await server.FootprintAsync();
            for (var i = 0; i < IdleConnections; i++)
            {
                var stream = await OpenAsync(server, ClientOptions(server, SslApplicationProtocol.Http11, null));
                open.Add(stream);
                for (var request = 0; request < RequestsBeforeIdling; request++)
                    await AskAsync(stream, buffer);
            }
            var after = await server.FootprintAsync();
            return new Footprint((after.Resident - before.Resident) / IdleConnections, (after.Managed - before.Managed) / IdleConnections);
        }
        finally
        {
            foreach (var stream in open)
                await stream.DisposeAsync();
        }
    }

    private static async Task<Stream> OpenAsync(KestrelServer server, TlsClientOptions options)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, server.Port);
        var tcp = new NetworkStream(socket, ownsSocket: true);
        if (server.Stack == NoTls.StackName)
            return tcp;
        var tls = new TlsStream(tcp);
        await tls.AuthenticateAsClientAsync(options);
        return tls;
    }

    private static async Task AskAsync(Stream stream, byte[] buffer)
    {
        await stream.WriteAsync(Request);
        var count = 0;
        while (!buffer.AsSpan(0, count).EndsWith("hello"u8))
        {
            var read = await stream.ReadAsync(buffer.AsMemory(count));
            count += read > 0 ? read : throw new IOException("The server ended the connection.");
        }
    }

    private static TlsClientOptions ClientOptions(KestrelServer server, SslApplicationProtocol protocol, TlsSessionCache? cache) => new()
    {
        TargetHost = TlsStack.HostName,
        MinimumVersion = TlsVersion.Tls13,
        Groups = [NamedGroup.X25519],
        ApplicationProtocols = [protocol],
        CertificateVerifier = CertificateVerifier.FromRoots([server.Root]),
        SessionCache = cache,
    };
}

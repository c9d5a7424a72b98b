using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Interop.Tests.Peers;
using LucidTls.Sessions;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary>Certificates that are replaced on disk, in every way that tools and people do it, while clients come without a pause.</summary>
[Collection(nameof(HygieneTests))]
public sealed class ReplacementTests(PkiFixture pki) : IDisposable
{
    private const int PerSecond = 200;
    private const int Connections = 60 * PerSecond;
    private const int Lasting = 10;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly TempFolder _folder = new();
    private readonly TlsSessionCache _sessions = new();
    private readonly ConcurrentQueue<(int Number, string Leaf)> _seen = new();
    private int _begun;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string ChainFile => _folder.File("server.pem");

    private string KeyFile => _folder.File("server.key");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Certificates_are_replaced_under_200_connections_a_second_and_nothing_fails()
    {
        using var meters = new ServerMeters();
        // Which leaf is the latest, and how many connections had begun when its files were complete.
        var replacements = new List<(string Leaf, int Begun)> { (await ReplaceAsync(InOneStepAsync), 0) };
        await using var server = await KestrelServer.StartConfiguredAsync(("Certificate:Path", ChainFile), ("Certificate:KeyPath", KeyFile));
        using var stop = new CancellationTokenSource();
        var lasting = Enumerable.Range(0, Lasting).Select(_ => AskOverOneConnectionAsync(server.Port, stop.Token)).ToArray();

        var load = LoadAsync(server.Port);
        Func<TestCertificate, Task>[] ways = [InOneStepAsync, InPlaceAsync, InPiecesAsync, KeyLongBeforeChainAsync, ChainLongBeforeKeyAsync, AfterDeletingAsync];
        while (!load.IsCompleted)
        {
            var leaf = await ReplaceAsync(ways[replacements.Count % ways.Length]);
            replacements.Add((leaf, Volatile.Read(ref _begun)));
            await Task.WhenAny(load, Task.Delay(Pause, Cancel));
        }
        await load;
        await stop.CancelAsync();
        var asked = (await Task.WhenAll(lasting)).Sum();
        await meters.WaitUntilIdleAsync();

        Assert.Empty(meters.Failures);
        Assert.Equal(Connections + Lasting, meters.Handshakes);
        Assert.Equal(Connections + asked, server.Requests);
        AssertSoonServed(replacements);
    }

    /// <summary>
    /// A second is as many connections as begin in one, so that a machine that stands still for a moment, server and clients alike, is not mistaken for a slow server:
    /// of those that began after the files were complete, at most that many got an older certificate.
    /// </summary>
    private void AssertSoonServed(List<(string Leaf, int Begun)> replacements)
    {
        var order = replacements.Select((one, at) => (one.Leaf, at)).ToDictionary(one => one.Leaf, one => one.at);
        var seen = _seen.Select(one => (one.Number, Age: order[one.Leaf])).ToList();
        // The last may have come too late to be served.
        var late = Enumerable.Range(1, replacements.Count - 2).Select(at => seen.Count(one => one.Number > replacements[at].Begun && one.Age < at)).ToList();
        TestContext.Current.TestOutputHelper?.WriteLine($"{late.Count} replacements; connections that got an older certificate afterwards: {string.Join(", ", late)}");
        Assert.True(late.Count > 10);
        Assert.All(late, count => Assert.InRange(count, 0, PerSecond));
        Assert.Equal(Enumerable.Range(0, replacements.Count - 1), seen.Select(one => one.Age).Distinct().Order().Take(replacements.Count - 1));
    }

    /// <summary>So many connections in each tick of the clock, of which each does a handshake and one request.</summary>
    private async Task LoadAsync(int port)
    {
        var all = new List<Task>(Connections);
        // Beyond that many at once, a slow machine is given time.
        using var room = new SemaphoreSlim(2 * PerSecond);
        using var clock = new PeriodicTimer(Tick);
        while (all.Count < Connections)
        {
            await clock.WaitForNextTickAsync(Cancel);
            for (var i = 0; i < PerSecond / 20; i++)
            {
                await room.WaitAsync(Cancel);
                var number = Interlocked.Increment(ref _begun);
                all.Add(Task.Run(async () =>
                {
                    await (number % 4 == 0 ? AskThePlatformsWayAsync(port, number) : AskAsync(port, number));
                    room.Release();
                }, Cancel));
            }
        }
        await Task.WhenAll(all);
    }

    private async Task AskAsync(int port, int number)
    {
        var options = pki.ClientOptions();
        options.SessionCache = number % 5 == 0 ? _sessions : null;
        options.MaximumVersion = number % 3 == 0 ? TlsVersion.Tls12 : TlsVersion.Tls13;
        await using var tls = await Client.ConnectAsync(port, options);
        if (!tls.Session.Resumed)
            _seen.Enqueue((number, Convert.ToHexString(tls.Session.PeerCertificates[0].Span)));
        await AskAsync(tls, "Connection: close\r\n");
    }

    private async Task AskThePlatformsWayAsync(int port, int number)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port, Cancel);
        await using var ssl = new SslStream(tcp.GetStream());
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(pki.Pki.Root));
        // In a resumed session it would show the certificate of the first.
        await ssl.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = policy, AllowTlsResume = false }, Cancel);
        _seen.Enqueue((number, Convert.ToHexString(ssl.RemoteCertificate!.GetRawCertData())));
        await AskAsync(ssl, "Connection: close\r\n");
    }

    /// <summary>A connection that lasts over all replacements.</summary>
    /// <returns>How many requests were answered on it.</returns>
    private async Task<int> AskOverOneConnectionAsync(int port, CancellationToken stop)
    {
        await using var tls = await Client.ConnectAsync(port, pki.ClientOptions());
        for (var count = 0; ; count++)
        {
            if (stop.IsCancellationRequested)
                return count;
            await AskAsync(tls, "");
            await Task.Delay(100, Cancel);
        }
    }

    private static async Task AskAsync(Stream stream, string header)
    {
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: localhost\r\n{header}\r\n"), Cancel);
        // The answer's last chunk: "well", and that it is the last.
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await Client.ReadUntilAsync(stream, "4\r\nwell\r\n0\r\n\r\n"), StringComparison.Ordinal);
    }

    private async Task<string> ReplaceAsync(Func<TestCertificate, Task> way)
    {
        var next = pki.Pki.Server();
        await way(next);
        return Convert.ToHexString(next.Chain[0]);
    }

    private Task InOneStepAsync(TestCertificate next)
    {
        Rename(KeyFile, next.KeyPem);
        Rename(ChainFile, next.ChainPem);
        return Task.CompletedTask;
    }

    private Task InPlaceAsync(TestCertificate next)
    {
        File.WriteAllText(ChainFile, next.ChainPem);
        File.WriteAllText(KeyFile, next.KeyPem);
        return Task.CompletedTask;
    }

    private async Task InPiecesAsync(TestCertificate next)
    {
        await WriteAsync(KeyFile, next.KeyPem, next.KeyPem.Length / 2);
        // What stands there in between is a chain without the intermediate, that no client would take.
        await WriteAsync(ChainFile, next.ChainPem, PemEncoding.WriteString("CERTIFICATE", next.Chain[0]).Length + 1);
    }

    private async Task KeyLongBeforeChainAsync(TestCertificate next)
    {
        Rename(KeyFile, next.KeyPem);
        await Task.Delay(700, Cancel);
        Rename(ChainFile, next.ChainPem);
    }

    private async Task ChainLongBeforeKeyAsync(TestCertificate next)
    {
        Rename(ChainFile, next.ChainPem);
        await Task.Delay(700, Cancel);
        Rename(KeyFile, next.KeyPem);
    }

    private async Task AfterDeletingAsync(TestCertificate next)
    {
        File.Delete(ChainFile);
        File.Delete(KeyFile);
        await Task.Delay(700, Cancel);
        File.WriteAllText(KeyFile, next.KeyPem);
        File.WriteAllText(ChainFile, next.ChainPem);
    }

    private static async Task WriteAsync(string file, string text, int first)
    {
        await using var writer = new StreamWriter(file);
        await writer.WriteAsync(text.AsMemory(0, first), Cancel);
        await writer.FlushAsync(Cancel);
        await Task.Delay(100, Cancel);
        await writer.WriteAsync(text.AsMemory(first), Cancel);
    }

    private static void Rename(string file, string text)
    {
        File.WriteAllText(file + ".new", text);
        File.Move(file + ".new", file, overwrite: true);
    }
}

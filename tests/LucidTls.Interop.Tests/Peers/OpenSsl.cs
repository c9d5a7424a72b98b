using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>OpenSSL's client and server as processes.</summary>
internal static class OpenSsl
{
    public static string Find() => Peer.Find("openssl", "openssl");

    /// <summary>A client that trusts our root and asks for localhost. What it reads from its input it sends; a line with a single Q, K or k is a command.</summary>
    public static PeerProcess StartClient(PkiFixture pki, int port, params IEnumerable<string> arguments) =>
        PeerProcess.Start(Find(), ["s_client", "-connect", $"127.0.0.1:{port}", "-servername", "localhost", "-CAfile", pki.RootFile, .. arguments]);

    /// <summary>A server with a certificate of that kind that sends each line back in reverse.</summary>
    public static Task<Server> StartServerAsync(PkiFixture pki, KeyKind kind, params string[] arguments) => StartServerAsync(pki.ServerFiles(kind), collectOutput: true, ["-rev", .. arguments]);

    public static async Task<Server> StartServerAsync((string ChainPath, string KeyPath) files, bool collectOutput = true, params string[] arguments)
    {
        var port = PeerProcess.FreePort();
        var process = PeerProcess.Start(Find(), ["s_server", "-accept", $"127.0.0.1:{port}", "-cert", files.ChainPath, "-cert_chain", IntermediatesOf(files.ChainPath), "-key", files.KeyPath, .. arguments], collectOutput);
        await process.WaitForPortAsync(port);
        return new Server(process, port);
    }

    /// <summary>Sends a line to a server that was started with -rev and gets it back.</summary>
    public static async Task ReverseAsync(TlsStream tls)
    {
        await tls.WriteAsync("hello\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await Client.ReadUntilAsync(tls, "olleh");
    }

    // It takes the leaf from one file and the rest of the chain from another. Each call writes a file of its own, for tests run at the same time.
    private static string IntermediatesOf(string chainPath)
    {
        const string End = "-----END CERTIFICATE-----";
        var path = $"{chainPath}.{Guid.NewGuid():N}.intermediates";
        var pem = File.ReadAllText(chainPath);
        File.WriteAllText(path, pem[(pem.IndexOf(End, StringComparison.Ordinal) + End.Length)..]);
        return path;
    }

    public sealed record Server(PeerProcess Process, int Port) : IDisposable
    {
        public void Dispose() => Process.Dispose();
    }
}

namespace LucidTls.Interop.Tests.Peers;

/// <summary>Java's own TLS: a small program of ours, compiled by java as it starts.</summary>
internal static class JavaPeer
{
    private const string Nothing = "-";

    public static PeerProcess StartClient(PkiFixture pki, int port, string ownFile = Nothing, string group = Nothing, int times = 1) =>
        Start("client", $"{port}", pki.RootFile, ownFile, "1.3", group, $"{times}");

    /// <summary>A server that sends each line back.</summary>
    public static async Task<(PeerProcess Process, int Port)> StartServerAsync(PkiFixture pki, string ownFile, string group = Nothing, bool asksForCertificate = false)
    {
        var port = PeerProcess.FreePort();
        string[] asks = asksForCertificate ? ["ask"] : [];
        var process = Start(["server", $"{port}", pki.RootFile, ownFile, "1.3", group, "1", .. asks]);
        await process.WaitForPortAsync(port);
        return (process, port);
    }

    private static PeerProcess Start(params IEnumerable<string> arguments) =>
        PeerProcess.Start(Peer.Find("java", "default-jdk-headless"), ["-XX:TieredStopAtLevel=1", "-Djdk.tls.client.enableSessionTicketExtension=true", Path.Combine(AppContext.BaseDirectory, "Peers", "Programs", "JavaPeer.java"), .. arguments]);
}

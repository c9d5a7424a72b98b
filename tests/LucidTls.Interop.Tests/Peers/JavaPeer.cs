namespace LucidTls.Interop.Tests.Peers;

/// <summary>Java's own TLS: a small program of ours, compiled by java as it starts.</summary>
internal static class JavaPeer
{
    private const string Nothing = "-";

    /// <param name="pki">Whose root it trusts.</param>
    /// <param name="port">Where it connects to.</param>
    /// <param name="ownFile">Its own key and chain.</param>
    /// <param name="group">The one group that it knows; all when left out.</param>
    /// <param name="times">How many connections it makes, with one cache of sessions.</param>
    /// <param name="version">The one version that it speaks.</param>
    /// <param name="properties">System properties, each as NAME=VALUE.</param>
    public static PeerProcess StartClient(PkiFixture pki, int port, string ownFile = Nothing, string group = Nothing, int times = 1, string version = "1.3", params IEnumerable<string> properties) =>
        Start(properties, "client", $"{port}", pki.RootFile, ownFile, version, group, $"{times}");

    /// <summary>A server that sends each line back.</summary>
    public static async Task<(PeerProcess Process, int Port)> StartServerAsync(PkiFixture pki, string ownFile, string group = Nothing, bool asksForCertificate = false, string version = "1.3", params IEnumerable<string> properties)
    {
        var port = PeerProcess.FreePort();
        string[] asks = asksForCertificate ? ["ask"] : [];
        var process = Start(properties, ["server", $"{port}", pki.RootFile, ownFile, version, group, "1", .. asks]);
        await process.WaitForPortAsync(port);
        return (process, port);
    }

    private static PeerProcess Start(IEnumerable<string> properties, params IEnumerable<string> arguments) =>
        PeerProcess.Start(Peer.Find("java", "default-jdk-headless"), ["-XX:TieredStopAtLevel=1", "-Djdk.tls.client.enableSessionTicketExtension=true", .. properties.Select(property => $"-D{property}"), Path.Combine(AppContext.BaseDirectory, "Peers", "Programs", "JavaPeer.java"), .. arguments]);
}

using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>NSS's client and server as processes, and the database that they want their certificates in.</summary>
internal static class Nss
{
    private const string Package = "libnss3-tools";

    /// <summary>What PKCS#12 files are imported by.</summary>
    public const string Password = "secret";

    /// <summary>The nickname of the certificate with a key in a database.</summary>
    private const string Nickname = "own";

    /// <summary>A client that trusts the database's roots and asks for localhost; what it reads from its input it sends.</summary>
    public static PeerProcess StartClient(TempFolder database, int port, params IEnumerable<string> arguments) =>
        PeerProcess.Start(Peer.Find("tstclnt", Package), ["-h", "127.0.0.1", "-a", "localhost", "-p", $"{port}", "-d", Name(database), .. arguments]);

    /// <summary>A client that also has the database's own certificate to show.</summary>
    public static PeerProcess StartClientWithCertificate(TempFolder database, int port, params IEnumerable<string> arguments) => StartClient(database, port, ["-n", Nickname, .. arguments]);

    /// <summary>A server that answers requests with a page about itself.</summary>
    public static async Task<(PeerProcess Process, int Port)> StartServerAsync(TempFolder database, params IEnumerable<string> arguments)
    {
        var port = PeerProcess.FreePort();
        var process = PeerProcess.Start(Peer.Find("selfserv", Package), ["-d", Name(database), "-n", Nickname, "-p", $"{port}", "-v", .. arguments]);
        await process.WaitForPortAsync(port);
        return (process, port);
    }

    /// <summary>A database with a certificate, its key, and the root that is trusted for servers and clients.</summary>
    public static async Task<TempFolder> MakeDatabaseAsync(TestCertificate certificate, string rootFile)
    {
        var folder = new TempFolder();
        await FillDatabaseAsync(folder.Path, [rootFile], [certificate.ToPkcs12(Password)]);
        // The name that the import gave is the leaf's subject.
        using var list = PeerProcess.Start(Peer.Find("certutil", Package), ["-L", "-d", Name(folder)]);
        await list.WaitForAsync("u,u,u");
        var imported = list.Text.Split('\n').First(line => line.Contains("u,u,u", StringComparison.Ordinal)).Split("   ")[0].Trim();
        await RunAsync("certutil", "--rename", "-d", Name(folder), "-n", imported, "--new-n", Nickname);
        return folder;
    }

    /// <summary>Makes a database in a folder, with roots that are trusted, and certificates with their keys as PKCS#12 under <see cref="Password"/>.</summary>
    public static async Task FillDatabaseAsync(string folder, IEnumerable<string> rootFiles, IEnumerable<byte[]> own)
    {
        var name = $"sql:{Directory.CreateDirectory(folder).FullName}";
        await RunAsync("certutil", "-N", "-d", name, "--empty-password");
        foreach (var (at, file) in rootFiles.Index())
            await RunAsync("certutil", "-A", "-d", name, "-n", $"root {at}", "-t", "CT,,", "-a", "-i", file);
        foreach (var (at, pkcs12) in own.Index())
        {
            var file = Path.Combine(folder, $"own{at}.p12");
            File.WriteAllBytes(file, pkcs12);
            await RunAsync("pk12util", "-i", file, "-d", name, "-W", Password, "-K", "");
        }
    }

    /// <summary>Runs one of the tools to its end, which must be a good one.</summary>
    public static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = PeerProcess.Start(Peer.Find(program, Package), arguments);
        Assert.True(await process.WaitForExitAsync() == 0, $"{program} {string.Join(' ', arguments)}: {process.Text}");
    }

    private static string Name(TempFolder database) => $"sql:{database.Path}";
}

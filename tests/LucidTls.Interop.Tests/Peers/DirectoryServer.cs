using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>OpenLDAP's slapd with a folder of its own and one entry, dc=example.</summary>
internal sealed class DirectoryServer : IDisposable
{
    public const string Entry = "Lucid Example";

    private readonly TempFolder _folder;

    private DirectoryServer(PeerProcess process, TempFolder folder, int port) => (Process, _folder, Port) = (process, folder, port);

    public PeerProcess Process { get; }
    public int Port { get; }

    /// <param name="certificate">The files of its certificate, without which it has no TLS; with it, nothing is served before StartTLS.</param>
    public static async Task<DirectoryServer> StartAsync((string Chain, string Key)? certificate = null)
    {
        var program = File.Exists("/usr/sbin/slapd") ? "/usr/sbin/slapd" : Peer.Find("slapd", "slapd");
        var folder = new TempFolder();
        Directory.CreateDirectory(folder.File("db"));
        var tls = certificate is var (chain, key) ? $"TLSCertificateFile {chain}\nTLSCertificateKeyFile {key}\nsecurity ssf=128" : "";
        File.WriteAllText(folder.File("slapd.conf"), $"""
            include /etc/ldap/schema/core.schema
            modulepath /usr/lib/ldap
            moduleload back_mdb
            pidfile {folder.File("pid")}
            {tls}
            database mdb
            suffix "dc=example"
            directory {folder.File("db")}

            """);
        File.WriteAllText(folder.File("seed.ldif"), $"dn: dc=example\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: {Entry}\n");
        using (var seed = PeerProcess.Start(program, ["-T", "add", "-f", folder.File("slapd.conf"), "-l", folder.File("seed.ldif")]))
            Assert.True(await seed.WaitForExitAsync() == 0, seed.Text);
        var port = PeerProcess.FreePort();
        var process = PeerProcess.Start(program, ["-h", $"ldap://127.0.0.1:{port}", "-f", folder.File("slapd.conf"), "-d", "0"]);
        await process.WaitForPortAsync(port);
        return new DirectoryServer(process, folder, port);
    }

    public void Dispose()
    {
        Process.Dispose();
        _folder.Dispose();
    }
}

using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>Database servers with a folder of their own.</summary>
internal sealed class Database : IDisposable
{
    private readonly TempFolder _folder;

    private readonly string _signal;

    private Database(PeerProcess process, TempFolder folder, int port, string signal) => (Process, _folder, Port, _signal) = (process, folder, port, signal);

    public PeerProcess Process { get; }
    public int Port { get; }

    /// <summary>PostgreSQL, with TLS where a certificate is given, and then for clients with TLS alone. Anybody is user "postgres"; a user "app", once made, needs the password.</summary>
    public static async Task<Database> StartPostgresAsync(PkiFixture pki, bool hasTls)
    {
        var programs = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Max() + "/bin" : null;
        var postgres = programs is null ? Peer.Find("postgres", "postgresql") : Path.Combine(programs, "postgres");
        var folder = new TempFolder();
        var data = folder.File("data");
        // It does not run as root.
        string[] asUser = Environment.UserName == "root" ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : [];
        if (asUser.Length > 0)
            await RunAsync("chown", "postgres", folder.Path);
        await RunAsync([.. asUser, Path.Combine(Path.GetDirectoryName(postgres)!, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8"]);
        var (chain, key) = pki.ServerFiles();
        File.Copy(chain, folder.File("server.pem"));
        File.Copy(key, folder.File("server.key"));
        await RunAsync("chmod", "600", folder.File("server.key"));
        if (asUser.Length > 0)
            await RunAsync("chown", "postgres", folder.File("server.pem"), folder.File("server.key"));
        var kind = hasTls ? "hostssl" : "host";
        File.WriteAllText(Path.Combine(data, "pg_hba.conf"), $"{kind} all app 127.0.0.1/32 scram-sha-256\n{kind} all all 127.0.0.1/32 trust\n");
        var port = PeerProcess.FreePort();
        string[] tls = hasTls ? ["-c", "ssl=on", "-c", $"ssl_cert_file={folder.File("server.pem")}", "-c", $"ssl_key_file={folder.File("server.key")}"] : [];
        string[] command = [.. asUser, postgres, "-D", data, "-p", $"{port}", "-c", "listen_addresses=127.0.0.1", "-c", $"unix_socket_directories={data}", "-c", "fsync=off", .. tls];
        // With TERM it would wait for its clients.
        var database = await StartAsync(folder, port, command, "INT");
        // It listens before it lets anybody in.
        await database.Process.WaitForAsync("ready to accept connections");
        return database;
    }

    /// <summary>
    /// MariaDB with a user "app" and the password "secret", with TLS where a certificate is given, and then over TLS alone. Without it, there are a user "signer" of ed25519 with the same password, "first" and "second"
    /// who need none, and "strict" who would have to come over TLS.
    /// </summary>
    public static async Task<Database> StartMariaDbAsync(PkiFixture pki, bool hasTls)
    {
        var server = Peer.Find("mariadbd", "mariadb-server");
        var folder = new TempFolder();
        await RunAsync(Peer.Find("mariadb-install-db", "mariadb-server"), "--no-defaults", $"--datadir={folder.File("data")}", "--auth-root-authentication-method=normal", "--skip-test-db", $"--user={Environment.UserName}");
        File.WriteAllText(folder.File("init.sql"), hasTls
            ? "CREATE DATABASE app;\nCREATE USER 'app'@'%' IDENTIFIED BY 'secret' REQUIRE SSL;\nGRANT ALL ON app.* TO 'app'@'%';\n"
            : """
                INSTALL SONAME 'auth_ed25519';
                CREATE DATABASE app;
                CREATE USER 'app'@'%' IDENTIFIED BY 'secret';
                GRANT ALL ON app.* TO 'app'@'%';
                CREATE USER 'signer'@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret');
                CREATE USER 'first'@'%';
                CREATE USER 'second'@'%';
                CREATE USER 'strict'@'%' IDENTIFIED BY 'secret' REQUIRE SSL;

                """);
        var (chain, key) = pki.ServerFiles(KeyKind.Rsa2048);
        string[] tls = hasTls ? [$"--ssl-cert={chain}", $"--ssl-key={key}"] : ["--skip-ssl"];
        var port = PeerProcess.FreePort();
        return await StartAsync(folder, port, [server, "--no-defaults", $"--user={Environment.UserName}", $"--datadir={folder.File("data")}", $"--socket={folder.File("s")}", $"--pid-file={folder.File("pid")}",
            "--bind-address=127.0.0.1", $"--port={port}", $"--init-file={folder.File("init.sql")}", "--max-allowed-packet=64M", .. tls]);
    }

    /// <summary>Redis with TLS alone.</summary>
    public static Task<Database> StartRedisAsync(PkiFixture pki)
    {
        var server = Peer.Find("redis-server", "redis-server");
        var folder = new TempFolder();
        var (chain, key) = pki.ServerFiles();
        var port = PeerProcess.FreePort();
        return StartAsync(folder, port, [server, "--port", "0", "--tls-port", $"{port}", "--bind", "127.0.0.1", "--dir", folder.Path, "--save", "", "--tls-cert-file", chain, "--tls-key-file", key, "--tls-ca-cert-file", pki.RootFile, "--tls-auth-clients", "no"]);
    }

    public void Dispose()
    {
        // It has children, and files that it closes.
        Process.Terminate(_signal);
        Process.WaitForExitAsync(PeerProcess.Patience).GetAwaiter().GetResult();
        Process.Dispose();
        _folder.Dispose();
    }

    private static async Task<Database> StartAsync(TempFolder folder, int port, string[] command, string signal = "TERM")
    {
        var process = PeerProcess.Start(Peer.Find(Path.GetFileName(command[0]), command[0]), command[1..]);
        await process.WaitForPortAsync(port);
        return new Database(process, folder, port, signal);
    }

    private static async Task RunAsync(params string[] command)
    {
        using var process = PeerProcess.Start(command[0], command[1..]);
        var exitCode = await process.WaitForExitAsync(TimeSpan.FromMinutes(2));
        Assert.True(exitCode == 0, $"{string.Join(' ', command)} ended with {exitCode}: {process.Text}");
    }
}

using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>Prosody with a folder of its own, and the users a and b at localhost with the password "secret".</summary>
internal sealed class ChatServer : IDisposable
{
    private readonly TempFolder _folder;

    private ChatServer(PeerProcess process, TempFolder folder, int port) => (Process, _folder, Port) = (process, folder, port);

    public PeerProcess Process { get; }
    public int Port { get; }

    /// <param name="certificate">The files of its certificate, without which it has no TLS; with it, nobody logs in before STARTTLS.</param>
    public static async Task<ChatServer> StartAsync((string Chain, string Key)? certificate = null)
    {
        var program = Peer.Find("prosody", "prosody");
        var folder = new TempFolder();
        Directory.CreateDirectory(folder.File("data"));
        var port = PeerProcess.FreePort();
        var hasTls = certificate is not null;
        var tls = certificate is var (chain, key) ? $$"""ssl = { certificate = "{{chain}}"; key = "{{key}}" }""" : "";
        File.WriteAllText(folder.File("prosody.cfg.lua"), $$"""
            daemonize = false
            run_as_root = true
            pidfile = "{{folder.File("pid")}}"
            data_path = "{{folder.File("data")}}"
            certificates = "{{folder.Path}}"
            modules_enabled = { "disco", "roster", "saslauth", "ping"{{(hasTls ? ", \"tls\"" : "")}} }
            modules_disabled = { "s2s" }
            interfaces = { "127.0.0.1" }
            c2s_ports = { {{port}} }
            c2s_require_encryption = {{(hasTls ? "true" : "false")}}
            allow_unencrypted_plain_auth = true
            authentication = "internal_hashed"
            log = { info = "*console" }
            VirtualHost "localhost"
            {{tls}}

            """);
        foreach (var user in (string[])["a", "b"])
        {
            using var register = PeerProcess.Start(Peer.Find("prosodyctl", "prosody"), ["--config", folder.File("prosody.cfg.lua"), "register", user, "localhost", "secret"]);
            Assert.True(await register.WaitForExitAsync() == 0, register.Text);
        }
        var process = PeerProcess.Start(program, ["--config", folder.File("prosody.cfg.lua"), "-F"]);
        await process.WaitForPortAsync(port);
        return new ChatServer(process, folder, port);
    }

    public void Dispose()
    {
        Process.Dispose();
        _folder.Dispose();
    }
}

using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>nginx, HAProxy and Caddy with a configuration of the test's own, as servers and in front of servers of ours.</summary>
internal sealed class Proxy : IDisposable
{
    private readonly TempFolder _folder;

    private Proxy(PeerProcess process, TempFolder folder, int port) => (Process, _folder, Port) = (process, folder, port);

    public PeerProcess Process { get; }
    public int Port { get; }

    /// <param name="server">What stands in the server block beside where it listens; PORT is replaced.</param>
    public static Task<Proxy> StartNginxAsync(string server) => StartAsync(Peer.Find("nginx", "nginx-light"), (folder, port) =>
        $$"""
        daemon off;
        master_process off;
        worker_processes 1;
        pid {{folder.File("nginx.pid")}};
        error_log stderr notice;
        events { worker_connections 64; }
        http {
          access_log off;
          client_body_temp_path {{folder.File("body")}};
          proxy_temp_path {{folder.File("proxy")}};
          fastcgi_temp_path {{folder.File("fastcgi")}};
          uwsgi_temp_path {{folder.File("uwsgi")}};
          scgi_temp_path {{folder.File("scgi")}};
          server {
            {{server.Replace("PORT", $"127.0.0.1:{port}", StringComparison.Ordinal)}}
          }
        }
        """, file => ["-c", file]);

    /// <param name="sections">The sections beside "global" and "defaults"; PORT is replaced.</param>
    public static Task<Proxy> StartHAProxyAsync(string sections) => StartAsync(Peer.Find("haproxy", "haproxy"), (_, port) =>
        $"""
        global
          nbthread 1
        defaults
          mode http
          timeout connect 5s
          timeout client 20s
          timeout server 20s
        {sections.Replace("PORT", $"127.0.0.1:{port}", StringComparison.Ordinal)}

        """, file => ["-db", "-f", file]);

    /// <param name="site">What stands in the block of the site https://localhost.</param>
    public static Task<Proxy> StartCaddyAsync(string site) => StartAsync(Peer.Find("caddy", "caddy"), (folder, port) =>
        $$"""
        {
          admin off
          auto_https disable_redirects
          skip_install_trust
          storage file_system {{folder.Path}}
          servers {
            protocols h1 h2
          }
        }
        https://localhost:{{port}} {
          bind 127.0.0.1
          {{site}}
        }

        """, file => ["run", "--adapter", "caddyfile", "--config", file]);

    public void Dispose()
    {
        Process.Dispose();
        _folder.Dispose();
    }

    private static async Task<Proxy> StartAsync(string program, Func<TempFolder, int, string> configuration, Func<string, string[]> arguments)
    {
        var folder = new TempFolder();
        var port = PeerProcess.FreePort();
        File.WriteAllText(folder.File("proxy.conf"), configuration(folder, port));
        var process = PeerProcess.Start(program, arguments(folder.File("proxy.conf")), environment: new Dictionary<string, string> { ["HOME"] = folder.Path, ["XDG_CONFIG_HOME"] = folder.Path, ["XDG_DATA_HOME"] = folder.Path });
        await process.WaitForPortAsync(port);
        return new Proxy(process, folder, port);
    }
}

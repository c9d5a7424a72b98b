using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>Dovecot and Postfix with a folder of their own. They start as root and go on as the users of their packages, so elsewhere their tests are skipped.</summary>
internal sealed class MailServer : IDisposable
{
    private readonly TempFolder _folder;

    private readonly string[] _stop;

    private MailServer(PeerProcess process, TempFolder folder, string[] stop, int plainPort, int tlsPort, int otherPort) =>
        (Process, _folder, _stop, PlainPort, TlsPort, OtherPort) = (process, folder, stop, plainPort, tlsPort, otherPort);

    public PeerProcess Process { get; }

    /// <summary>Where IMAP or submission begins in plain text.</summary>
    public int PlainPort { get; }

    /// <summary>Where it speaks TLS from the first byte.</summary>
    public int TlsPort { get; }

    /// <summary>Dovecot's POP3, which begins in plain text.</summary>
    public int OtherPort { get; }

    /// <summary>Anybody's password is "secret".</summary>
    public static async Task<MailServer> StartDovecotAsync(TestCertificate certificate)
    {
        var program = Find("dovecot", "dovecot-imapd");
        var folder = await MakeFolderAsync();
        Directory.CreateDirectory(folder.File("mail"));
        await RunAsync("chown", "mail:mail", folder.File("mail"));
        var (chain, key) = certificate.WriteTo(folder.Path, "server");
        int[] ports = [PeerProcess.FreePort(), PeerProcess.FreePort(), PeerProcess.FreePort()];
        File.WriteAllText(folder.File("dovecot.conf"), $$"""
            base_dir = {{folder.File("run")}}
            state_dir = {{folder.File("state")}}
            log_path = /dev/stderr
            protocols = imap pop3
            listen = 127.0.0.1
            ssl = required
            ssl_cert = <{{chain}}
            ssl_key = <{{key}}
            ssl_min_protocol = TLSv1.2
            auth_mechanisms = plain login
            mail_location = maildir:~/Maildir
            first_valid_uid = 1
            passdb {
              driver = static
              args = password=secret
            }
            userdb {
              driver = static
              args = uid=mail gid=mail home={{folder.File("mail")}}/%u
            }
            service imap-login {
              inet_listener imap {
                port = {{ports[0]}}
              }
              inet_listener imaps {
                port = {{ports[1]}}
                ssl = yes
              }
            }
            service pop3-login {
              inet_listener pop3 {
                port = {{ports[2]}}
              }
              inet_listener pop3s {
                port = 0
              }
            }
            """);
        var process = PeerProcess.Start(program, ["-F", "-c", folder.File("dovecot.conf")]);
        foreach (var port in ports)
            await process.WaitForPortAsync(port);
        return new MailServer(process, folder, ["kill", $"{process.ProcessId}"], ports[0], ports[1], ports[2]);
    }

    /// <summary>Takes any message from loopback, and throws it away.</summary>
    public static async Task<MailServer> StartPostfixAsync(TestCertificate certificate)
    {
        var program = Find("postfix", "postfix");
        var folder = await MakeFolderAsync();
        foreach (var name in (string[])["etc", "queue", "data"])
            Directory.CreateDirectory(folder.File(name));
        await RunAsync("chown", "postfix", folder.File("data"));
        var (chain, key) = certificate.WriteTo(folder.Path, "server");
        int[] ports = [PeerProcess.FreePort(), PeerProcess.FreePort()];
        File.WriteAllText(folder.File("etc/main.cf"), $"""
            compatibility_level = 3.6
            queue_directory = {folder.File("queue")}
            data_directory = {folder.File("data")}
            mail_owner = postfix
            setgid_group = postdrop
            myhostname = localhost
            mydestination = localhost
            mynetworks = 127.0.0.0/8
            inet_protocols = ipv4
            alias_maps =
            local_recipient_maps =
            local_transport = discard:
            default_transport = discard:
            maillog_file = /dev/stdout
            smtpd_tls_cert_file = {chain}
            smtpd_tls_key_file = {key}
            smtpd_tls_loglevel = 1

            """);
        File.WriteAllText(folder.File("etc/master.cf"), $"""
            127.0.0.1:{ports[0]} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
            127.0.0.1:{ports[1]} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
            pickup unix n - n 60 1 pickup
            cleanup unix n - n - 0 cleanup
            qmgr unix n - n 300 1 qmgr
            rewrite unix - - n - - trivial-rewrite
            bounce unix - - n - 0 bounce
            defer unix - - n - 0 bounce
            trace unix - - n - 0 bounce
            proxymap unix - - n - - proxymap
            error unix - - n - - error
            retry unix - - n - - error
            discard unix - - n - - discard
            anvil unix - - n - 1 anvil
            tlsmgr unix - - n 1000? 1 tlsmgr
            postlog unix-dgram n - n - 1 postlogd

            """);
        var process = PeerProcess.Start(program, ["-c", folder.File("etc"), "start-fg"]);
        foreach (var port in ports)
            await process.WaitForPortAsync(port);
        return new MailServer(process, folder, [program, "-c", folder.File("etc"), "abort"], ports[0], ports[1], 0);
    }

    public void Dispose()
    {
        // The processes that they have started end with them.
        using (var stop = PeerProcess.Start(_stop[0], _stop[1..]))
            stop.WaitForExitAsync(PeerProcess.Patience).GetAwaiter().GetResult();
        Process.WaitForExitAsync(PeerProcess.Patience).GetAwaiter().GetResult();
        Process.Dispose();
        _folder.Dispose();
    }

    private static string Find(string program, string package)
    {
        var path = Peer.Find(program, package);
        Assert.SkipUnless(Environment.UserName == "root" || Environment.GetEnvironmentVariable("CI") == "true", $"{program} has to be started by root.");
        return path;
    }

    private static async Task<TempFolder> MakeFolderAsync()
    {
        var folder = new TempFolder();
        await RunAsync("chmod", "755", folder.Path);
        return folder;
    }

    private static async Task RunAsync(params string[] command)
    {
        using var process = PeerProcess.Start(command[0], command[1..]);
        var exitCode = await process.WaitForExitAsync(PeerProcess.Patience);
        Assert.True(exitCode == 0, $"{string.Join(' ', command)} ended with {exitCode}: {process.Text}");
    }
}

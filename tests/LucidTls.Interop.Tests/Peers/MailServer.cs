using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>Dovecot with a folder of its own: IMAP and POP3 that ask for TLS before a password, and IMAP over TLS from the start. Anybody's password is "secret".</summary>
internal sealed class MailServer : IDisposable
{
    private readonly PeerProcess _process;
    private readonly TempFolder _folder;

    private MailServer(PeerProcess process, TempFolder folder, int imap, int imaps, int pop3) =>
        (_process, _folder, ImapPort, ImapsPort, Pop3Port) = (process, folder, imap, imaps, pop3);

    public int ImapPort { get; }
    public int ImapsPort { get; }
    public int Pop3Port { get; }

    public static async Task<MailServer> StartAsync(PkiFixture pki)
    {
        var program = Peer.Find("dovecot", "dovecot-imapd");
        var folder = new TempFolder();
        var (chain, key) = pki.ServerFiles();
        var (imap, imaps, pop3) = (PeerProcess.FreePort(), PeerProcess.FreePort(), PeerProcess.FreePort());
        // As root it hands mail to a user that is not root; as anybody else it can be nobody else.
        var isRoot = Environment.UserName == "root";
        var mailUser = isRoot ? "mail" : Environment.UserName;
        var users = isRoot ? "" : $"default_internal_user = {mailUser}\ndefault_login_user = {mailUser}\n";
        Directory.CreateDirectory(folder.File("mail"));
        if (isRoot)
        {
            await RunAsync("chown", mailUser, folder.File("mail"));
            await RunAsync("chmod", "755", folder.Path);
        }
        File.WriteAllText(folder.File("dovecot.conf"), $$"""
            {{users}}base_dir = {{folder.File("run")}}
            log_path = /dev/stderr
            protocols = imap pop3
            listen = 127.0.0.1
            ssl = required
            ssl_cert = <{{chain}}
            ssl_key = <{{key}}
            first_valid_uid = 1
            mail_location = maildir:{{folder.File("mail")}}/%u
            passdb {
              driver = static
              args = password=secret
            }
            userdb {
              driver = static
              args = uid={{mailUser}} gid={{mailUser}} home={{folder.File("mail")}}/%u
            }
            service anvil {
              chroot =
            }
            service imap-login {
              chroot =
              inet_listener imap {
                port = {{imap}}
              }
              inet_listener imaps {
                port = {{imaps}}
                ssl = yes
              }
            }
            service pop3-login {
              chroot =
              inet_listener pop3 {
                port = {{pop3}}
              }
              inet_listener pop3s {
                port = 0
              }
            }

            """);
        var process = PeerProcess.Start(program, ["-F", "-c", folder.File("dovecot.conf")]);
        await process.WaitForPortAsync(imap);
        return new MailServer(process, folder, imap, imaps, pop3);
    }

    public void Dispose()
    {
        // It has children to end.
        using (var kill = PeerProcess.Start("kill", ["-TERM", $"{_process.ProcessId}"]))
            kill.WaitForExitAsync(PeerProcess.Patience).GetAwaiter().GetResult();
        _process.WaitForExitAsync(PeerProcess.Patience).GetAwaiter().GetResult();
        _process.Dispose();
        _folder.Dispose();
    }

    private static async Task RunAsync(params string[] command)
    {
        using var process = PeerProcess.Start(command[0], command[1..]);
        Assert.Equal(0, await process.WaitForExitAsync(PeerProcess.Patience));
    }
}

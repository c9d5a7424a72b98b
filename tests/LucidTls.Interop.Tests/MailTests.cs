using System.Net;
using System.Net.Sockets;
using LucidTls.Interop.Tests.Peers;
using LucidTls.StartTls;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Net.Pop3;
using MailKit.Security;
using MimeKit;

namespace LucidTls.Interop.Tests;

/// <summary>MailKit over our stream against Dovecot, with TLS from the start and asked for.</summary>
public sealed class MailTests(PkiFixture pki)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task MailKit_reads_Dovecot_s_mail_over_our_stream()
    {
        using var server = await MailServer.StartAsync(pki);

        var overTls = new TlsStream(await DialAsync(server.ImapsPort));
        await overTls.AuthenticateAsClientAsync(pki.ClientOptions(), Cancellation);
        await AppendAndReadAsync(overTls);

        var asked = await StartTlsProtocol.Imap.ConnectAsync(await DialAsync(server.ImapPort), pki.ClientOptions(), Cancellation);
        Assert.True(asked.Session.PeerVerdict!.IsAccepted);
        await AppendAndReadAsync(StartTlsProtocol.Imap.WithGreeting(asked));

        var pop3 = await StartTlsProtocol.Pop3.ConnectAsync(await DialAsync(server.Pop3Port), pki.ClientOptions(), Cancellation);
        Assert.True(pop3.Session.PeerVerdict!.IsAccepted);
        using var client = new Pop3Client();
        await client.ConnectAsync(StartTlsProtocol.Pop3.WithGreeting(pop3), "localhost", server.Pop3Port, SecureSocketOptions.None, Cancellation);
        await client.AuthenticateAsync("ada", "secret", Cancellation);
        // What the two IMAP connections left.
        Assert.Equal(2, client.Count);
        Assert.Equal(Body, ((TextPart)(await client.GetMessageAsync(0, Cancellation)).Body!).Text.ReplaceLineEndings("\n"));
        await client.DisconnectAsync(true, Cancellation);
    }

    private static string Body => string.Concat(Enumerable.Repeat("A line of a letter that spans many records.\n", 5_000));

    private static async Task AppendAndReadAsync(Stream stream)
    {
        using var client = new ImapClient();
        await client.ConnectAsync(stream, "localhost", 143, SecureSocketOptions.None, Cancellation);
        await client.AuthenticateAsync("ada", "secret", Cancellation);
        var inbox = client.Inbox!;
        await inbox.OpenAsync(FolderAccess.ReadWrite, Cancellation);
        using var letter = new MimeMessage { Subject = "Letter", Body = new TextPart("plain") { Text = Body } };
        await inbox.AppendAsync(new AppendRequest(letter), Cancellation);
        await inbox.CheckAsync(Cancellation);
        using var read = await inbox.GetMessageAsync(inbox.Count - 1, Cancellation);
        Assert.Equal(Body, ((TextPart)read.Body!).Text.ReplaceLineEndings("\n"));
        await client.DisconnectAsync(true, Cancellation);
    }

    private static async Task<NetworkStream> DialAsync(int port)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port, Cancellation);
        return tcp.GetStream();
    }
}

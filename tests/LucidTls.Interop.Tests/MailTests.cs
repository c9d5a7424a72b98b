using System.Net;
using System.Net.Sockets;
using System.Text;
using LucidTls.Interop.Tests.Peers;
using LucidTls.StartTls;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Net.Pop3;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace LucidTls.Interop.Tests;

/// <summary>Mail: MailKit over our streams with Dovecot and Postfix, and swaks with our front.</summary>
public sealed class MailTests(PkiFixture pki)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task MailKit_reads_mail_of_Dovecot_over_our_streams()
    {
        using var server = await MailServer.StartDovecotAsync(pki.Server());
        foreach (var startTls in (bool[])[true, false])
        {
            using var client = startTls ? new ImapClient() : await Samples.MailClients.ReadAsync("localhost", server.TlsPort, pki.ClientOptions(), Cancellation);
            if (startTls)
                await client.ConnectAsync(await GreetedAsync(StartTlsProtocol.Imap, server.PlainPort), "localhost", server.PlainPort, SecureSocketOptions.None, Cancellation);
            await client.AuthenticateAsync("somebody", "secret", Cancellation);
            await client.Inbox.OpenAsync(FolderAccess.ReadWrite, Cancellation);
            await client.Inbox.AppendAsync(Message("over TLS"), MessageFlags.None, Cancellation);
            await client.NoOpAsync(Cancellation);
            Assert.Equal("over TLS", (await client.Inbox.GetMessageAsync(client.Inbox.Count - 1, Cancellation)).Subject);
            await client.DisconnectAsync(quit: true, Cancellation);
        }
        using var pop = new Pop3Client();
        await pop.ConnectAsync(await GreetedAsync(StartTlsProtocol.Pop3, server.OtherPort), "localhost", server.OtherPort, SecureSocketOptions.None, Cancellation);
        await pop.AuthenticateAsync("somebody", "secret", Cancellation);
        Assert.Equal(2, await pop.GetMessageCountAsync(Cancellation));
        await pop.DisconnectAsync(quit: true, Cancellation);
    }

    [Fact]
    public async Task MailKit_sends_mail_by_Postfix_over_our_streams()
    {
        using var server = await MailServer.StartPostfixAsync(pki.Server());
        foreach (var startTls in (bool[])[true, false])
        {
            using var client = startTls ? await Samples.MailClients.SendAsync("localhost", server.PlainPort, pki.ClientOptions(), Cancellation) : new SmtpClient();
            if (!startTls)
                await client.ConnectAsync(await SecuredAsync(server.TlsPort), "localhost", server.TlsPort, SecureSocketOptions.None, Cancellation);
            Assert.Contains("queued", await client.SendAsync(Message("over TLS"), Cancellation), StringComparison.Ordinal);
            await client.DisconnectAsync(quit: true, Cancellation);
        }
        await server.Process.WaitForMatchAsync("(?s)TLS connection established.*TLSv1.3.*TLS connection established.*TLSv1.3");
    }

    [Fact]
    public async Task MailKit_reads_mail_of_a_Dovecot_and_sends_it_by_a_Postfix_that_our_front_asks_for_TLS()
    {
        using var reading = await MailServer.StartDovecotAsync(pki.Server());
        using var sending = await MailServer.StartPostfixAsync(pki.Server());
        int[] ports = [PeerProcess.FreePort(), PeerProcess.FreePort(), PeerProcess.FreePort()];
        var (chain, key) = pki.ServerFiles();
        string Site(string protocol, int port) => $"sites: [{{certificate: '{chain}', key: '{key}', to: 'tls://localhost:{port}', upstream: {{starttls: {protocol}, roots: '{pki.RootFile}'}}}}]";
        using var front = await Tool.ConfiguredAsync($"services: [{{listen: {ports[0]}, {Site("imap", reading.PlainPort)}}}, {{listen: {ports[1]}, starttls: imap, {Site("imap", reading.PlainPort)}}}, {{listen: {ports[2]}, starttls: smtp, {Site("smtp", sending.PlainPort)}}}]");
        foreach (var startTls in (bool[])[false, true])
        {
            using var client = startTls ? new ImapClient() : await Samples.MailClients.ReadAsync("localhost", ports[0], pki.ClientOptions(), Cancellation);
            if (startTls)
                await client.ConnectAsync(await GreetedAsync(StartTlsProtocol.Imap, ports[1]), "localhost", ports[1], SecureSocketOptions.None, Cancellation);
            await client.AuthenticateAsync("somebody", "secret", Cancellation);
            await client.Inbox.OpenAsync(FolderAccess.ReadWrite, Cancellation);
            await client.Inbox.AppendAsync(Message("over two links"), MessageFlags.None, Cancellation);
            await client.NoOpAsync(Cancellation);
            Assert.Equal("over two links", (await client.Inbox.GetMessageAsync(client.Inbox.Count - 1, Cancellation)).Subject);
            await client.DisconnectAsync(quit: true, Cancellation);
        }
        await reading.Process.WaitForMatchAsync("(?s)Login: user=<somebody>[^\n]* TLS.*Login: user=<somebody>[^\n]* TLS");

        using var sender = await Samples.MailClients.SendAsync("localhost", ports[2], pki.ClientOptions(), Cancellation);
        Assert.Contains("queued", await sender.SendAsync(Message("over two links"), Cancellation), StringComparison.Ordinal);
        await sender.DisconnectAsync(quit: true, Cancellation);
        await sending.Process.WaitForMatchAsync("TLS connection established.*TLSv1.3");
    }

    [Fact]
    public async Task Swaks_sends_mail_to_a_server_without_TLS_over_our_front()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var received = ReceiveAsync(listener);
        using var front = await Tool.ServeAsync("--starttls", "smtp", "--to", $"tcp://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        using var swaks = PeerProcess.Start(Peer.Find("swaks", "swaks"), ["--server", "127.0.0.1", "--port", $"{front.Url.Port}", "--tls", "--tls-verify", "--tls-ca-path", front.AuthorityFile, "--helo", "client.example", "--from", "a@client.example", "--to", "b@localhost", "--header", "Subject: by swaks"]);
        Assert.True(await swaks.WaitForExitAsync(PeerProcess.Patience) == 0, swaks.Text);
        Assert.Contains("TLSv1.3", swaks.Text, StringComparison.Ordinal);
        Assert.Contains("Subject: by swaks", await received.WaitAsync(PeerProcess.Patience, Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Swaks_refuses_a_front_that_it_does_not_trust_and_both_ends_say_so()
    {
        using var front = await Tool.ServeAsync("--starttls", "smtp", "--to", "tcp://127.0.0.1:1");
        using var swaks = PeerProcess.Start(Peer.Find("swaks", "swaks"), ["--server", "127.0.0.1", "--port", $"{front.Url.Port}", "--tls", "--tls-verify", "--tls-ca-path", pki.RootFile, "--helo", "client.example", "--from", "a@client.example", "--to", "b@localhost"]);
        Assert.NotEqual(0, await swaks.WaitForExitAsync(PeerProcess.Patience));
        Assert.Contains("certificate verify failed", swaks.Text, StringComparison.Ordinal);
        await front.Process.WaitForAsync("unknown_ca");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task MailKit_gets_no_stream_to_a_server_of_another_name_and_both_ends_say_so(bool startTls)
    {
        using var server = await MailServer.StartDovecotAsync(pki.OtherName());
        var failure = await Assert.ThrowsAsync<System.Security.Authentication.AuthenticationException>(async () =>
        {
            if (startTls)
                await GreetedAsync(StartTlsProtocol.Imap, server.PlainPort);
            else
                await Samples.MailClients.ReadAsync("localhost", server.TlsPort, pki.ClientOptions(), Cancellation);
        });
        Assert.Equal(TlsError.CertificateWrongName, Assert.IsType<TlsException>(failure.InnerException).Error);
        Assert.Contains("a.example, *.b.example; asked for: localhost", failure.Message, StringComparison.Ordinal);
        await server.Process.WaitForMatchAsync("(?i)alert certificate unknown");
    }

    private static MimeMessage Message(string subject)
    {
        var message = new MimeMessage { Subject = subject, Body = new TextPart("plain") { Text = new string('x', 100_000) } };
        message.From.Add(MailboxAddress.Parse("somebody@localhost"));
        message.To.Add(MailboxAddress.Parse("else@localhost"));
        return message;
    }

    private async Task<Stream> GreetedAsync(StartTlsProtocol protocol, int port)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port, Cancellation);
        return protocol.WithGreeting(await protocol.ConnectAsync(tcp.GetStream(), pki.ClientOptions(), Cancellation));
    }

    private async Task<Stream> SecuredAsync(int port)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port, Cancellation);
        var tls = new TlsStream(tcp.GetStream());
        await tls.AuthenticateAsClientAsync(pki.ClientOptions(), Cancellation);
        return tls;
    }

    /// <summary>A mail server as simple as can be.</summary>
    private static async Task<string> ReceiveAsync(TcpListener listener)
    {
        using var tcp = await listener.AcceptTcpClientAsync(Cancellation);
        await using var stream = tcp.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII);
        await SayAsync("220 plain");
        while (await reader.ReadLineAsync(Cancellation) is { } line)
        {
            if (line != "DATA")
            {
                await SayAsync(line == "QUIT" ? "221 bye" : "250 ok");
                continue;
            }
            await SayAsync("354 go on");
            var message = new StringBuilder();
            while (await reader.ReadLineAsync(Cancellation) is { } text && text != ".")
                message.AppendLine(text);
            await SayAsync("250 taken");
            await SayAsync(await reader.ReadLineAsync(Cancellation) == "QUIT" ? "221 bye" : "250 ok");
            return message.ToString();
        }
        return "";

        async Task SayAsync(string line) => await stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"), Cancellation);
    }
}

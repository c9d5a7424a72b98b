using System.Net.Sockets;
using LucidTls;
using LucidTls.StartTls;
using MailKit.Net.Imap;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace Samples;

/// <summary>The examples of docs/clients.md about mail.</summary>
internal static class MailClients
{
    public static async Task<ImapClient> ReadAsync(string host, int port, TlsClientOptions options, CancellationToken cancellationToken)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(host, port, cancellationToken); // 993: TLS from the first byte
        var tls = new TlsStream(tcp.GetStream());
        await tls.AuthenticateAsClientAsync(options, cancellationToken);
        var client = new ImapClient();
        await client.ConnectAsync(tls, host, port, SecureSocketOptions.None, cancellationToken);
        return client;
    }

    public static async Task<SmtpClient> SendAsync(string host, int port, TlsClientOptions options, CancellationToken cancellationToken)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(host, port, cancellationToken); // 587: submission with STARTTLS
        var tls = await StartTlsProtocol.Smtp.ConnectAsync(tcp.GetStream(), options, cancellationToken);
        var client = new SmtpClient();
        await client.ConnectAsync(StartTlsProtocol.Smtp.WithGreeting(tls), host, port, SecureSocketOptions.None, cancellationToken);
        return client;
    }
}

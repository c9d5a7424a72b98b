using System.Net.Sockets;
using LucidTls;
using LucidTls.StartTls;

namespace Samples;

/// <summary>The examples of docs/starttls.md.</summary>
internal static class StartTlsSamples
{
    public static async Task<TlsStream> ClientAsync(CancellationToken cancellationToken)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync("mail.example.org", 143, cancellationToken);
        var options = new TlsClientOptions { TargetHost = "mail.example.org" };
        var tls = await StartTlsProtocol.Imap.ConnectAsync(tcp.GetStream(), options, cancellationToken);
        return tls;
    }

    public static async Task<Stream> LibraryAsync(TcpClient tcp, TlsClientOptions options, CancellationToken cancellationToken)
    {
        var tls = await StartTlsProtocol.Smtp.ConnectAsync(tcp.GetStream(), options, cancellationToken);
        var stream = StartTlsProtocol.Smtp.WithGreeting(tls);
        return stream;
    }

    public static async Task ServerAsync(TcpClient client, TlsServerOptions options, CancellationToken cancellationToken)
    {
        await using var tls = await StartTlsProtocol.Postgres.AcceptAsync(client.GetStream(), options, cancellationToken: cancellationToken);
    }

    public static async Task FrontAsync(TcpClient client, TcpClient server, TlsServerOptions options, CancellationToken cancellationToken)
    {
        await using var tls = await StartTlsProtocol.MySql.AcceptForAsync(client.GetStream(), options, server.GetStream(), cancellationToken: cancellationToken);
    }
}

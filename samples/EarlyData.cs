using System.Text;
using LucidTls;

namespace Samples;

/// <summary>The examples of docs/early-data.md.</summary>
internal static class EarlyData
{
    public static async Task ClientAsync(Stream tcp, TlsClientOptions options)
    {
        var request = "GET /prices HTTP/1.1\r\nHost: shop.example\r\n\r\n"u8.ToArray();

        var once = options.Clone();
        once.EarlyData = request;
        await using var tls = new TlsStream(tcp);
        await tls.AuthenticateAsClientAsync(once);
        if (tls.Session.EarlyData != TlsEarlyDataStatus.Accepted)
            await tls.WriteAsync(request);
        await ReadResponseAsync(tls);
    }

    public static void Server(TlsIdentity identity)
    {
        var options = new TlsServerOptions
        {
            Identities = [identity],
            MaxEarlyDataSize = 16 * 1024,
        };
        _ = options;
    }

    public static async Task ServeAsync(TlsStream tls)
    {
        if (!tls.EarlyData.IsEmpty)
            await AnswerAsync(tls, tls.EarlyData, mayBeReplayed: true);
        var buffer = new byte[4096];
        int count;
        while ((count = await tls.ReadAsync(buffer)) > 0)
            await AnswerAsync(tls, buffer.AsMemory(0, count), mayBeReplayed: false);
    }

    public static void AnswerAtOnce(TlsServerOptions options)
    {
        options.EarlyDataHandler = async (early, cancellationToken) =>
        {
            var buffer = new byte[4096];
            var count = await early.ReadAsync(buffer, cancellationToken);
            var request = Encoding.ASCII.GetString(buffer, 0, count);
            if (request.StartsWith("GET /prices ", StringComparison.Ordinal))
                await early.WriteAsync(await PricesAsync(cancellationToken), cancellationToken);
            else
                await early.WriteAsync("HTTP/1.1 425 Too Early\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), cancellationToken);
        };
    }

    private static Task ReadResponseAsync(Stream tls) => tls.CopyToAsync(Stream.Null);

    private static Task AnswerAsync(Stream tls, ReadOnlyMemory<byte> request, bool mayBeReplayed) => Task.FromResult((tls, request, mayBeReplayed));

    private static Task<byte[]> PricesAsync(CancellationToken cancellationToken) => Task.FromResult(new byte[cancellationToken.IsCancellationRequested ? 0 : 1]);
}

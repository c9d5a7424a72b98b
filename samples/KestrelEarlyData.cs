using LucidTls;
using LucidTls.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Samples;

/// <summary>Answers to requests that come along with the ClientHello.</summary>
internal static class KestrelEarlyData
{
    public static void Listen(ListenOptions listen)
    {
        listen.UseLucidTls(tls =>
        {
            tls.Identities = [TlsIdentity.FromPemFile("server.pem", "server.key")];
            tls.MaxEarlyDataSize = 16 * 1024;
        });
    }

    public static void Map(WebApplication app, Func<string> prices, Action<string> order)
    {
        app.UseRouting();
        app.UseEarlyData();
        app.MapGet("/prices", prices).AllowEarlyData();
        app.MapPost("/orders", order);
    }
}

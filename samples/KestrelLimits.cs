using LucidTls;
using LucidTls.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Samples;

/// <summary>What an endpoint does around TLS.</summary>
internal static class KestrelLimits
{
    public static void Listen(ListenOptions listen, TlsServerOptions options)
    {
        listen.UseLucidTls(options, new LucidTlsEndpointOptions { MaxConcurrentHandshakes = 1000 });
    }

    public static void Guard(WebApplication app)
    {
        app.UseServerNameCheck();
    }
}

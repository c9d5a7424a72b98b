using LucidTls;
using LucidTls.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Samples;

/// <summary>TLS for the endpoints of appsettings.json, and for addresses from elsewhere.</summary>
internal static class KestrelConfiguration
{
    public static void Configure(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.WebHost.UseLucidTls();
    }

    public static void ConfigureUrls(WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen =>
            listen.UseLucidTls(tls => tls.Identities = [TlsIdentity.FromPemFile("server.pem", "server.key")])));
    }
}

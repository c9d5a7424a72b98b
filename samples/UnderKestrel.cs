using LucidTls;
using LucidTls.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Samples;

/// <summary>TLS under a Kestrel endpoint.</summary>
internal static class UnderKestrel
{
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(8443, listen =>
            listen.UseLucidTls(tls => tls.Identities = [TlsIdentity.FromPemFile("server.pem", "server.key")])));
    }
}

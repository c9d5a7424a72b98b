using LucidTls;
using LucidTls.AspNetCore;
using LucidTls.Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Samples;

/// <summary>What Kestrel's connections agreed on, and clients that prove themselves.</summary>
internal static class KestrelSessions
{
    public static void Map(WebApplication app)
    {
        app.MapGet("/tls", (HttpContext context) =>
        {
            var session = context.Features.GetRequiredFeature<ITlsSessionFeature>().Session;
            return $"{session.Version}, {session.CipherSuite}, {session.Group}, {session.HandshakeDuration.TotalMilliseconds:0.0} ms";
        });
    }

    public static void DemandClientCertificates(ListenOptions listen)
    {
        listen.UseLucidTls(tls =>
        {
            tls.Identities = [TlsIdentity.FromPemFile("server.pem", "server.key")];
            tls.ClientCertificateMode = ClientCertificateMode.Required;
            tls.ClientCertificateVerifier = CertificateVerifier.FromPemFile("clients-ca.pem");
        });
    }
}

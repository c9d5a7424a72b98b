using System.Security.Cryptography.X509Certificates;
using LucidTls;
using LucidTls.AspNetCore;
using LucidTls.Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Samples;

/// <summary>What a request knows of its client.</summary>
internal static class KestrelClientCertificates
{
    public static void AskLater(ListenOptions listen)
    {
        listen.UseLucidTls(tls =>
        {
            tls.Identities = [TlsIdentity.FromPemFile("server.pem", "server.key")];
            tls.PostHandshakeAuthentication = true;
            tls.ClientCertificateVerifier = CertificateVerifier.FromPemFile("clients-ca.pem");
        });
    }

    public static void Map(WebApplication app)
    {
        app.MapGet("/whoami", (HttpContext context) =>
            context.Connection.ClientCertificate?.GetNameInfo(X509NameType.SimpleName, forIssuer: false) ?? "a stranger");

        app.MapGet("/account", async (HttpContext context) =>
            await context.Connection.GetClientCertificateAsync() is { } certificate ? Results.Text(certificate.Subject) : Results.Forbid());
    }
}

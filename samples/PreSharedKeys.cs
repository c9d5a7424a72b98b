using System.Security.Cryptography;
using System.Text;
using LucidTls;

namespace Samples;

/// <summary>The examples of docs/pre-shared-keys.md.</summary>
internal static class PreSharedKeys
{
    public static byte[] Make() => RandomNumberGenerator.GetBytes(32);

    public static async Task ClientAsync(Stream tcp, byte[] key)
    {
        var options = new TlsClientOptions
        {
            PreSharedKeys = [TlsPreSharedKey.Imported("sensor-7"u8, key, context: "client sensor-7, server gateway"u8)],
        };
        await using var tls = new TlsStream(tcp);
        await tls.AuthenticateAsClientAsync(options);
    }

    public static void Server(Func<string, byte[]?> findKey)
    {
        var options = new TlsServerOptions
        {
            PreSharedKeyResolver = (request, cancellationToken) =>
            {
                var name = Encoding.UTF8.GetString(request.Identity.Span);
                var context = Encoding.UTF8.GetBytes($"client {name}, server gateway");
                var key = findKey(name);
                return ValueTask.FromResult(key is null ? null : TlsPreSharedKey.Imported(request.Identity.Span, key, context));
            },
        };
        _ = options;
    }

    public static string Who(TlsStream tls) => tls.Session.PeerProof switch
    {
        TlsPeerProof.PreSharedKey => $"holds the key of {Encoding.UTF8.GetString(tls.Session.PreSharedKeyIdentity!.Value.Span)}",
        TlsPeerProof.Certificate => "showed a certificate",
        TlsPeerProof.None => "showed nothing",
    };

    public static void Plain(byte[] key)
    {
        var options = new TlsClientOptions { PreSharedKeys = [TlsPreSharedKey.External("sensor-7"u8, key, HashAlgorithmName.SHA256)] };
        _ = options;
    }
}

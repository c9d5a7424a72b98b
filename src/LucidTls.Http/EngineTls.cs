using System.Net.Security;

namespace LucidTls.Http;

/// <summary>The TLS options of the engine itself, which is never to do TLS.</summary>
internal static class EngineTls
{
    /// <exception cref="InvalidOperationException">Something was set that would have no effect here.</exception>
    public static void DemandUntouched(SslClientAuthenticationOptions options)
    {
        if (options.RemoteCertificateValidationCallback != null || options.ClientCertificates is { Count: > 0 } || options.ClientCertificateContext != null || options.LocalCertificateSelectionCallback != null
            || options.CertificateChainPolicy != null || options.CipherSuitesPolicy != null || options.TargetHost != null || options.ApplicationProtocols is { Count: > 0 }
#pragma warning disable CA5398 // Nothing is chosen here: the default is compared with.
            || options.EnabledSslProtocols != System.Security.Authentication.SslProtocols.None)
#pragma warning restore CA5398
            throw new InvalidOperationException("SslOptions of the engine have no effect under LucidTls: set LucidTlsHttpOptions.Tls.");
    }

    public static SslClientAuthenticationOptions RefuseAll() => new() { RemoteCertificateValidationCallback = (_, _, _, _) => false };
}

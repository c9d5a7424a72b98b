namespace LucidTls.Certificates;

/// <summary>What a certificate is asked to prove.</summary>
public enum CertificatePurpose
{
    /// <summary>A TLS server (id-kp-serverAuth).</summary>
    Server,
    /// <summary>A TLS client (id-kp-clientAuth).</summary>
    Client,
}

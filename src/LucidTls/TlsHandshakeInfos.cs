using System.Net.Security;

namespace LucidTls;

/// <summary>What a client said of itself in its ClientHello, for choosing an identity or options by.</summary>
public sealed class TlsClientHelloInfo
{
    internal TlsClientHelloInfo(string? serverName, IReadOnlyList<SslApplicationProtocol> applicationProtocols, IReadOnlyList<TlsVersion> versions, IReadOnlyList<CipherSuite> cipherSuites, IReadOnlyList<NamedGroup> groups, IReadOnlyList<SignatureScheme> signatureSchemes, IReadOnlyList<ReadOnlyMemory<byte>> certificateAuthorities)
    {
        ServerName = serverName;
        ApplicationProtocols = applicationProtocols;
        Versions = versions;
        CipherSuites = cipherSuites;
        Groups = groups;
        SignatureSchemes = signatureSchemes;
        CertificateAuthorities = certificateAuthorities;
    }

    /// <summary>The DNS name asked for (SNI), or null.</summary>
    public string? ServerName { get; }

    /// <summary>The application protocols offered, most wanted first.</summary>
    public IReadOnlyList<SslApplicationProtocol> ApplicationProtocols { get; }

    /// <summary>The versions offered.</summary>
    public IReadOnlyList<TlsVersion> Versions { get; }

    /// <summary>The cipher suites offered.</summary>
    public IReadOnlyList<CipherSuite> CipherSuites { get; }

    /// <summary>The groups offered.</summary>
    public IReadOnlyList<NamedGroup> Groups { get; }

    /// <summary>The signature schemes that the client can verify.</summary>
    public IReadOnlyList<SignatureScheme> SignatureSchemes { get; }

    /// <summary>The certificate authorities that the client says it trusts, distinguished names in DER; usually empty.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> CertificateAuthorities { get; }
}

/// <summary>A server's wish for a client certificate (RFC 8446 §4.3.2, RFC 5246 §7.4.4).</summary>
public sealed class TlsCertificateRequest
{
    internal TlsCertificateRequest(IReadOnlyList<SignatureScheme> signatureSchemes, IReadOnlyList<ReadOnlyMemory<byte>> certificateAuthorities, bool isAfterHandshake)
    {
        IsAfterHandshake = isAfterHandshake;
        SignatureSchemes = signatureSchemes;
        CertificateAuthorities = certificateAuthorities;
    }

    /// <summary>Whether the server asks on a connection that is in use already (<see cref="TlsOptions.PostHandshakeAuthentication"/>).</summary>
    public bool IsAfterHandshake { get; }

    /// <summary>The signature schemes that the server can verify.</summary>
    public IReadOnlyList<SignatureScheme> SignatureSchemes { get; }

    /// <summary>The authorities that the server accepts, distinguished names in DER; empty when it does not say.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> CertificateAuthorities { get; }
}

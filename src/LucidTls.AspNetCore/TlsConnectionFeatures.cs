using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace LucidTls.AspNetCore;

/// <summary>
/// What Kestrel and applications ask a connection about its TLS. Kestrel takes "https" as the scheme when <see cref="ITlsConnectionFeature"/>
/// is there, picks HTTP/2 by <see cref="ITlsApplicationProtocolFeature"/>, and refuses HTTP/2 over anything older than TLS 1.2 by
/// <see cref="ITlsHandshakeFeature"/> (RFC 9113 §9.2).
/// </summary>
internal sealed class TlsConnectionFeatures(TlsSessionInfo session) : ITlsSessionFeature, ITlsConnectionFeature, ITlsHandshakeFeature, ITlsApplicationProtocolFeature, IDisposable
{
    private X509Certificate2? _clientCertificate = session.PeerCertificates is [var leaf, ..] ? X509CertificateLoader.LoadCertificate(leaf.Span) : null;

    public TlsSessionInfo Session => session;

    public X509Certificate2? ClientCertificate { get => _clientCertificate; set => _clientCertificate = value; }

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(_clientCertificate);

    public ReadOnlyMemory<byte> ApplicationProtocol => session.ApplicationProtocol.Protocol;

    public SslProtocols Protocol => session.Version == TlsVersion.Tls13 ? SslProtocols.Tls13 : SslProtocols.Tls12;

    public TlsCipherSuite? NegotiatedCipherSuite => (TlsCipherSuite)session.CipherSuite.Value;

    public string HostName => session.ServerName ?? "";

#pragma warning disable SYSLIB0058 // The interface still demands these; since TLS 1.3 the suite and the group say it all.
    public CipherAlgorithmType CipherAlgorithm => CipherAlgorithmType.None;

    public int CipherStrength => 0;

    public HashAlgorithmType HashAlgorithm => HashAlgorithmType.None;

    public int HashStrength => 0;

    public ExchangeAlgorithmType KeyExchangeAlgorithm => ExchangeAlgorithmType.None;

    public int KeyExchangeStrength => 0;
#pragma warning restore SYSLIB0058

    public void Dispose() => _clientCertificate?.Dispose();
}

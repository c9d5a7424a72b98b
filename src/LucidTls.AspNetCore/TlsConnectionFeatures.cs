using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.Certificates.Names;
using LucidTls.Certificates.Parsing;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace LucidTls.AspNetCore;

/// <summary>
/// What Kestrel and applications ask a connection about its TLS. Kestrel takes "https" as the scheme when <see cref="ITlsConnectionFeature"/>
/// is there, picks HTTP/2 by <see cref="ITlsApplicationProtocolFeature"/>, and refuses HTTP/2 over anything older than TLS 1.2 by
/// <see cref="ITlsHandshakeFeature"/> (RFC 9113 §9.2).
/// </summary>
internal sealed class TlsConnectionFeatures(TlsStream stream, EarlyPlaintext? early, ConnectionContext connection, DelayedCertificateLog log) : ITlsSessionFeature, ITlsConnectionFeature, ITlsHandshakeFeature, ITlsApplicationProtocolFeature, IDisposable
{
    private X509Certificate2? _clientCertificate;
    private bool _isSet;
    private SharedQuestion? _question;
    private volatile bool _wasAsked;
    private int _isLogged;

    public TlsSessionInfo Session => stream.IsAuthenticated ? stream.Session : throw new InvalidOperationException("The session is known when the handshake is done, and this request came before, as early data: see IEarlyDataFeature.");

    /// <summary>The exchange of early data while the handshake is not done.</summary>
    private TlsEarlyDataExchange? Early => stream.IsAuthenticated ? null : early?.Exchange;

    /// <summary>Whether the connection was opened for that host: an HTTP host without its port, an IPv6 address in brackets.</summary>
    public bool IsFor(string host)
    {
        // A dot at the end names the same host, and SNI has none (RFC 6066 §3).
        host = host.TrimEnd('.');
        if ((Early is { } exchange ? exchange.ServerName : Session.ServerName) is { } name)
            return host.Equals(name, StringComparison.OrdinalIgnoreCase);
        var bare = host.StartsWith('[') ? host.Trim('[', ']') : host;
        return Early == null && ServerNames.IsName(bare) && Session.LocalCertificates is [var leaf, ..] && Certificate.TryParse(leaf) is { } certificate && NameMatching.Find(certificate.Facts.AlternativeNames, PeerName.Parse(bare)) != null;
    }

    /// <summary>Made when it is first asked for: most requests never look.</summary>
    public X509Certificate2? ClientCertificate
    {
        get
        {
            lock (this)
            {
                if (!_isSet && Early == null && Session.PeerCertificates is [var leaf, ..])
                    (_clientCertificate, _isSet) = (X509CertificateLoader.LoadCertificate(leaf.Span), true);
                return _clientCertificate;
            }
        }
        set
        {
            lock (this)
                (_clientCertificate, _isSet) = (value, true);
        }
    }

    /// <summary>Asks the client if that can be done and was not done before; whoever asks meanwhile gets the same answer.</summary>
    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken)
    {
        if (Early != null)
            return AfterHandshakeAsync(cancellationToken);
        if (_wasAsked || ClientCertificate != null || !MayAsk())
            return Task.FromResult(ClientCertificate);
        var question = _question ?? Interlocked.CompareExchange(ref _question, new SharedQuestion(AskAsync), null) ?? _question;
        return AnswerAsync(question, cancellationToken);
    }

    // RFC 8740 §3: not in HTTP/2, where requests share the connection.
    private bool MayAsk()
    {
        if (Session.ApplicationProtocol != SslApplicationProtocol.Http2)
            return stream.CanRequestClientCertificate;
        if (stream.WantsToAskLater && Interlocked.Exchange(ref _isLogged, 1) == 0)
            log.NotOverHttp2(connection);
        return false;
    }

    private async Task<X509Certificate2?> AfterHandshakeAsync(CancellationToken cancellationToken)
    {
        await early!.WaitForHandshakeAsync(cancellationToken).ConfigureAwait(false);
        return await GetClientCertificateAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<X509Certificate2?> AnswerAsync(SharedQuestion question, CancellationToken cancellationToken)
    {
        await question.WaitAsync(cancellationToken).ConfigureAwait(false);
        return ClientCertificate;
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        // Answered while this one was on its way.
        if (_wasAsked)
            return;
        await stream.RequestClientCertificateAsync(cancellationToken).ConfigureAwait(false);
        _wasAsked = true;
    }

    public ReadOnlyMemory<byte> ApplicationProtocol => (Early is { } exchange ? exchange.ApplicationProtocol : Session.ApplicationProtocol).Protocol;

    public SslProtocols Protocol => Early != null || Session.Version == TlsVersion.Tls13 ? SslProtocols.Tls13 : SslProtocols.Tls12;

    public TlsCipherSuite? NegotiatedCipherSuite => Early != null ? null : (TlsCipherSuite)Session.CipherSuite.Value;

    public string HostName => (Early is { } exchange ? exchange.ServerName : Session.ServerName) ?? "";

#pragma warning disable SYSLIB0058 // The interface still demands these. They are as SslStream fills them; the suite and the group say it better.
    public CipherAlgorithmType CipherAlgorithm => CipherStrength switch
    {
        128 => CipherAlgorithmType.Aes128,
        256 when !IsChaCha20 => CipherAlgorithmType.Aes256,
        _ => CipherAlgorithmType.None,
    };

    public int CipherStrength => Session.CipherSuite.Value is 0x1301 or 0xC02B or 0xC02F ? 128 : 256;

    public HashAlgorithmType HashAlgorithm => HashAlgorithmType.None;

    public int HashStrength => 0;

    public ExchangeAlgorithmType KeyExchangeAlgorithm => Session.Version == TlsVersion.Tls12 ? ExchangeAlgorithmType.DiffieHellman : ExchangeAlgorithmType.None;

    public int KeyExchangeStrength => 0;
#pragma warning restore SYSLIB0058

    private bool IsChaCha20 => Session.CipherSuite.Value is 0x1303 or 0xCCA8 or 0xCCA9;

    public void Dispose() => _clientCertificate?.Dispose();
}

using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.Http;

/// <summary>
/// A TLS server in memory, of one thread, that agrees on whatever protocol the <see cref="SslStream"/> laid over it offers. Nothing else ever passes through it: it exists because that is the only way to have
/// an SslStream say which protocol was agreed on elsewhere. It has no part in the security of the connection.
/// </summary>
internal sealed class ProtocolEcho : Stream
{
    private const string Name = "http2.invalid";

    private static readonly Lazy<Ends> Made = new(MakeEnds);

    private TlsConnection? _server;
    private bool _isDone;

    /// <summary>What an SslStream over this stream needs for its handshake, after which its protocol is HTTP/2 or HTTP/1.1.</summary>
    public static SslClientAuthenticationOptions OptionsFor(bool isHttp2) => isHttp2 ? Made.Value.Http2 : Made.Value.Http11;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Lets go of the server: nothing is said any more.</summary>
    public void Finish()
    {
        _isDone = true;
        _server?.Dispose();
        _server = null;
    }

    public override int Read(Span<byte> buffer) => _server?.TakeOutput(buffer) ?? 0;

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (!_isDone)
            (_server ??= TlsConnection.CreateServer(Made.Value.Server)).Receive(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Finish();
        base.Dispose(disposing);
    }

    private static Ends MakeEnds()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={Name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Name);
        request.CertificateExtensions.Add(names.Build());
        var made = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var certificate = request.CreateSelfSigned(made, made.AddYears(1));
        var trust = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            // The key lives as long as this process does, and no clock is to end it.
            VerificationTime = made.AddDays(1).UtcDateTime,
        };
        trust.CustomTrustStore.Add(certificate);
        var server = new TlsServerOptions
        {
            Identities = [TlsIdentity.FromKey([certificate.RawData], key)],
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            KeyLog = _ => { },
        };
        return new Ends(server, Client(SslApplicationProtocol.Http2), Client(SslApplicationProtocol.Http11));

        SslClientAuthenticationOptions Client(SslApplicationProtocol protocol) => new()
        {
            TargetHost = Name,
            ApplicationProtocols = [protocol],
            CertificateChainPolicy = trust,
#pragma warning disable CA5398 // Of all that must be done again and again, a resumed session of TLS 1.2 is the cheapest.
            EnabledSslProtocols = SslProtocols.Tls12,
#pragma warning restore CA5398
        };
    }

    private sealed record Ends(TlsServerOptions Server, SslClientAuthenticationOptions Http2, SslClientAuthenticationOptions Http11);
}

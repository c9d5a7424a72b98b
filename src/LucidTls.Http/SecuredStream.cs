using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.Http;

/// <summary>
/// A <see cref="TlsStream"/> in the shape of an <see cref="SslStream"/>, since that is what the engine accepts as TLS that is done. All that is read, written and asked goes to the TlsStream. The one thing
/// that cannot be overridden is <see cref="SslStream.NegotiatedApplicationProtocol"/>, by which the engine knows HTTP/2: where it will ask, the base agrees on the same once more, with a <see cref="ProtocolEcho"/>.
/// </summary>
internal sealed class SecuredStream : SslStream
{
    private readonly TlsStream _tls;
    private readonly EarlyStart? _start;
    private readonly bool _isHttp2;
    private bool _awaitsPreface;
    private volatile bool _isAnswered;
    private X509Certificate2? _localCertificate;
    private X509Certificate2? _remoteCertificate;

    private SecuredStream(TlsStream tls, EarlyStart? start, ProtocolEcho echo, bool isHttp2) : base(echo)
    {
        _tls = tls;
        _start = start;
        _isHttp2 = isHttp2;
        _awaitsPreface = isHttp2;
    }

    /// <param name="tls">The connection.</param>
    /// <param name="isAsked">Whether the engine will ask which protocol was agreed on, as it does where HTTP/2 is possible.</param>
    /// <param name="start">The handshake, if it is still to be done.</param>
    public static SecuredStream Over(TlsStream tls, bool isAsked, EarlyStart? start = null)
    {
        var isHttp2 = start is EarlyStartHttp2 || start == null && tls.NegotiatedApplicationProtocol == SslApplicationProtocol.Http2;
        var echo = new ProtocolEcho();
        var secured = new SecuredStream(tls, start, echo, isHttp2);
        if (isAsked || EngineTrace.IsOn)
            secured.AuthenticateAsClient(ProtocolEcho.OptionsFor(isHttp2));
        echo.Finish();
        return secured;
    }

    public override bool IsAuthenticated => _tls.IsAuthenticated;

    public override bool IsMutuallyAuthenticated => _tls.IsMutuallyAuthenticated;

    public override bool IsEncrypted => _tls.IsEncrypted;

    public override bool IsSigned => _tls.IsSigned;

    public override bool IsServer => false;

    // What waits for its early data is for TLS 1.3.
    public override SslProtocols SslProtocol => IsWaiting || _tls.Session.Version == TlsVersion.Tls13 ? SslProtocols.Tls13 : SslProtocols.Tls12;

    public override TlsCipherSuite NegotiatedCipherSuite => (TlsCipherSuite)_tls.Session.CipherSuite.Value;

    public override X509Certificate? LocalCertificate => _localCertificate ??= Leaf(_tls.Session.LocalCertificates);

    public override X509Certificate? RemoteCertificate => _remoteCertificate ??= Leaf(_tls.Session.PeerCertificates);

    public override bool CanRead => IsWaiting || _tls.CanRead;

    public override bool CanWrite => IsWaiting || _tls.CanWrite;

    public override bool CanTimeout => _tls.CanTimeout;

    public override int ReadTimeout { get => _tls.ReadTimeout; set => _tls.ReadTimeout = value; }

    public override int WriteTimeout { get => _tls.WriteTimeout; set => _tls.WriteTimeout = value; }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = IsWaiting ? _start!.ReadAsync(buffer, cancellationToken) : _tls.ReadAsync(buffer, cancellationToken);
        return read.IsCompletedSuccessfully ? new(Received(read.Result)) : AwaitAsync(read);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override int Read(Span<byte> buffer)
    {
        if (!IsWaiting)
            return ReadNow(buffer);
        var bytes = new byte[buffer.Length];
        var count = ReadAsync(bytes, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        bytes.AsSpan(0, count).CopyTo(buffer);
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    public override int ReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        return Read(one) == 0 ? -1 : one[0];
    }

    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? asyncCallback, object? asyncState) =>
        TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), asyncCallback, asyncState);

    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        DemandPreface(buffer.Span);
        Asked(buffer.Length);
        if (IsWaiting)
            return _start!.WriteAsync(buffer, cancellationToken);
        var written = _tls.WriteAsync(buffer, cancellationToken);
        return written.IsCompletedSuccessfully ? written : AwaitAsync(written);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        DemandPreface(buffer);
        Asked(buffer.Length);
        if (IsWaiting)
            _start!.WriteAsync(buffer.ToArray(), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        else
            _tls.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    public override void WriteByte(byte value) => Write([value]);

    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? asyncCallback, object? asyncState) =>
        TaskToAsyncResult.Begin(WriteAsync(buffer, offset, count, CancellationToken.None), asyncCallback, asyncState);

    public override void EndWrite(IAsyncResult asyncResult) => TaskToAsyncResult.End(asyncResult);

    public override void Flush() => _tls.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => _tls.FlushAsync(cancellationToken);

    public override Task ShutdownAsync() => _tls.ShutdownAsync();

    public override Task NegotiateClientCertificateAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException("A server asks for the client's certificate, not the client.");

    public override async ValueTask DisposeAsync()
    {
        _start?.Close();
        await _tls.DisposeAsync().ConfigureAwait(false);
        ForgetCertificates();
        await base.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _start?.Close();
            _tls.Dispose();
            ForgetCertificates();
        }
        base.Dispose(disposing);
    }

    /// <summary>Whether the handshake is still to be done.</summary>
    private bool IsWaiting => _start is { IsDone: false };

    /// <exception cref="IOException">The engine speaks HTTP/1.1 where HTTP/2 was agreed on, as it may for a server that wants NTLM or Negotiate.</exception>
    private void DemandPreface(ReadOnlySpan<byte> first)
    {
        if (!_awaitsPreface)
            return;
        if (!first.StartsWith("PRI * HTTP/2.0\r\n"u8))
            throw new IOException("HTTP/2 was agreed on with the server, and a request was to be sent with HTTP/1.1: ask for version 1.1.");
        _awaitsPreface = false;
    }

    private void Asked(int count)
    {
        if (count > 0)
            _isAnswered = false;
    }

    private int ReadNow(Span<byte> buffer)
    {
        try
        {
            return Received(_tls.Read(buffer));
        }
        catch (IOException failure) when (IsTruncation(failure))
        {
            throw Ended(failure);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> AwaitAsync(ValueTask<int> read)
    {
        try
        {
            return Received(await read.ConfigureAwait(false));
        }
        catch (IOException failure) when (IsTruncation(failure))
        {
            throw Ended(failure);
        }
    }

    private static bool IsTruncation(IOException failure) => failure.InnerException is TlsException { Error: TlsError.Truncated };

    // The engine finds such an end itself where a stream just ends, and tells it from other failures.
    private HttpIOException Ended(IOException failure) =>
        _isHttp2 || _isAnswered ? new HttpIOException(HttpRequestError.ResponseEnded, failure.Message, failure) : new UnansweredException(failure);

    private int Received(int count)
    {
        if (count > 0)
            _isAnswered = true;
        return count;
    }

    // HTTP/2's reader disposes of a connection that the server ended; its writer must not report that, but why.
    private async ValueTask AwaitAsync(ValueTask written)
    {
        try
        {
            await written.ConfigureAwait(false);
        }
        catch (ObjectDisposedException) when (_tls.Failure is { } failure)
        {
            throw new IOException(failure.Message, failure);
        }
    }

    private void ForgetCertificates()
    {
        _localCertificate?.Dispose();
        _remoteCertificate?.Dispose();
    }

    private static X509Certificate2? Leaf(IReadOnlyList<ReadOnlyMemory<byte>> chain) => chain.Count == 0 ? null : X509CertificateLoader.LoadCertificate(chain[0].Span);
}

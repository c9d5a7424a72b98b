using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Text;
using LucidTls.Diagnostics;
using LucidTls.Handshake;
using LucidTls.Records;

namespace LucidTls;

/// <summary>
/// A TLS connection over another stream, used as <see cref="SslStream"/> is: authenticate as one of the two ends, then read and
/// write. One read and one write may be under way at the same time. A failed handshake throws
/// <see cref="AuthenticationException"/>, a later failure <see cref="IOException"/>; the inner exception is a <see cref="TlsException"/>
/// that says what happened, by which rule, and what to do.
/// </summary>
public sealed partial class TlsStream : Stream
{
    private static readonly TimeSpan GoodbyeTime = TimeSpan.FromSeconds(1);

    private readonly Stream _inner;
    private readonly bool _leaveInnerStreamOpen;
    private readonly ITransport _transport;
    private BlockingStreamTransport? _blockingTransport;
    private EstablishedConnection? _connection;
    private TlsException? _failure;
    private TlsException? _writeFailure;
    private int _authenticating;
    private readonly Gate _reading = new();
    private readonly Gate _writing = new();
    private int _alertSent;
    private bool _closed;
    private volatile bool _disposed;

    /// <summary>Wraps a stream, which is disposed with this one unless told otherwise.</summary>
    /// <param name="innerStream">The stream that carries the encrypted bytes: readable and writable.</param>
    /// <param name="leaveInnerStreamOpen">Whether <paramref name="innerStream"/> stays open when this stream is disposed.</param>
    public TlsStream(Stream innerStream, bool leaveInnerStreamOpen = false)
    {
        ArgumentNullException.ThrowIfNull(innerStream);
        if (!innerStream.CanRead || !innerStream.CanWrite)
            throw new ArgumentException("The stream must be readable and writable.", nameof(innerStream));
        _inner = innerStream;
        _leaveInnerStreamOpen = leaveInnerStreamOpen;
        _transport = new StreamTransport(innerStream, isOurs: !leaveInnerStreamOpen);
    }

    /// <summary>Over a transport that is no stream, which stays its owner's. Only the asynchronous members can be used.</summary>
    internal TlsStream(ITransport transport)
    {
        _inner = Null;
        _leaveInnerStreamOpen = true;
        _transport = transport;
    }

    /// <summary>What the handshake agreed on.</summary>
    /// <exception cref="InvalidOperationException">There was no successful handshake yet.</exception>
    public TlsSessionInfo Session => Connection.Session;

    /// <summary>
    /// At a server, the early data (0-RTT) that was taken from the client and that <see cref="TlsServerOptions.EarlyDataHandler"/> left unread; empty when there was none. It is never
    /// among what is read from this stream. Somebody may have sent it before (RFC 8446 §8).
    /// </summary>
    public ReadOnlyMemory<byte> EarlyData => _connection?.EarlyData ?? default;

    /// <summary>The evidence that the peer is who it should be.</summary>
    internal VerifiedPeer Peer => Connection.Peer;

    /// <summary>What broke the connection; null when nothing has.</summary>
    internal TlsException? Failure => _failure ?? _writeFailure;

    /// <summary>Whether the handshake succeeded.</summary>
    public bool IsAuthenticated => _connection != null;

    /// <summary>Whether the handshake succeeded and both ends proved themselves: with a certificate each, or with a key that both were given beforehand.</summary>
    public bool IsMutuallyAuthenticated => _connection is { Session: { PeerCertificates.Count: > 0, LocalCertificates.Count: > 0 } or { PeerProof: TlsPeerProof.PreSharedKey } };

    /// <summary>Whether data are encrypted: always, once the handshake succeeded.</summary>
    public bool IsEncrypted => IsAuthenticated;

    /// <summary>Whether changes of data on the way are detected: always, once the handshake succeeded.</summary>
    public bool IsSigned => IsAuthenticated;

    /// <summary>Whether this end is the server.</summary>
    public bool IsServer => _connection is { IsServer: true };

    /// <summary>The application protocol agreed on (ALPN), or the default value.</summary>
    public SslApplicationProtocol NegotiatedApplicationProtocol => _connection?.Session.ApplicationProtocol ?? default;

    /// <summary>Shakes hands as the client and trusts the system's roots.</summary>
    /// <param name="targetHost">The server's DNS name or IP address.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="AuthenticationException">The handshake failed; the inner <see cref="TlsException"/> says why.</exception>
    public Task AuthenticateAsClientAsync(string targetHost, CancellationToken cancellationToken = default) =>
        AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = targetHost }, cancellationToken);

    /// <summary>Shakes hands as the client.</summary>
    /// <param name="options">What to offer and demand; frozen from now on.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="AuthenticationException">The handshake failed; the inner <see cref="TlsException"/> says why.</exception>
    /// <exception cref="InvalidOperationException">The options are contradictory, or there was a handshake already.</exception>
    public Task AuthenticateAsClientAsync(TlsClientOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return AuthenticateAsync(options, _transport, cancellationToken).AsTask();
    }

    /// <summary>Shakes hands as the server.</summary>
    /// <param name="options">What to accept and show; frozen from now on.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="AuthenticationException">The handshake failed; the inner <see cref="TlsException"/> says why.</exception>
    /// <exception cref="InvalidOperationException">The options are contradictory, or there was a handshake already.</exception>
    public Task AuthenticateAsServerAsync(TlsServerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return AuthenticateAsync(options, _transport, cancellationToken).AsTask();
    }

    /// <inheritdoc cref="AuthenticateAsClientAsync(TlsClientOptions, CancellationToken)"/>
    public void AuthenticateAsClient(TlsClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        AuthenticateBlocking(options);
    }

    /// <inheritdoc cref="AuthenticateAsServerAsync(TlsServerOptions, CancellationToken)"/>
    public void AuthenticateAsServer(TlsServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        AuthenticateBlocking(options);
    }

    /// <summary>Sends close_notify: this end writes no more, reading goes on (half-close, RFC 8446 §6.1).</summary>
    /// <param name="cancellationToken">Gives up; the connection is then broken.</param>
    public async Task ShutdownAsync(CancellationToken cancellationToken = default)
    {
        var connection = Connection;
        await BeginWriteAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_closed)
                return;
            _closed = true;
            connection.Writer.AppendAlert(TlsAlert.CloseNotify);
            await SendAsync(_transport, connection, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            EndWrite();
        }
    }

    /// <summary>Changes the keys of the writing direction, and asks the peer to change its own if wanted (RFC 8446 §4.6.3). Long connections do so by themselves in time.</summary>
    /// <param name="requestPeerUpdate">Whether the peer shall change its keys too.</param>
    /// <param name="cancellationToken">Gives up; the connection is then broken.</param>
    public async ValueTask UpdateKeysAsync(bool requestPeerUpdate = false, CancellationToken cancellationToken = default)
    {
        var connection = Connection;
        await BeginWriteAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            DemandWritable();
            connection.AppendKeyUpdate(requestPeerUpdate);
            await SendAsync(_transport, connection, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            EndWrite();
        }
    }

    /// <summary>Exports keying material that both ends, and nobody else, can compute (RFC 8446 §7.5, RFC 5705).</summary>
    /// <param name="label">The label, for example "EXPORTER-Channel-Binding".</param>
    /// <param name="context">The context, which may be empty. In TLS 1.2 an empty one gives other bytes than <see cref="ExportKeyingMaterial(string, int)"/>.</param>
    /// <param name="length">Bytes wanted, 1 to 8,160 (255 hashes of 32 bytes).</param>
    /// <exception cref="InvalidOperationException">The connection speaks TLS 1.2 without extended_master_secret, so that another connection may have the same secrets (RFC 7627 §5.4).</exception>
    public byte[] ExportKeyingMaterial(string label, ReadOnlySpan<byte> context, int length) => Export(label, context, hasContext: true, length);

    /// <summary>Exports keying material without a context (RFC 8446 §7.5, RFC 5705).</summary>
    /// <param name="label">The label.</param>
    /// <param name="length">Bytes wanted, 1 to 8,160.</param>
    /// <exception cref="InvalidOperationException">The connection speaks TLS 1.2 without extended_master_secret (RFC 7627 §5.4).</exception>
    public byte[] ExportKeyingMaterial(string label, int length) => Export(label, default, hasContext: false, length);

    private byte[] Export(string label, ReadOnlySpan<byte> context, bool hasContext, int length)
    {
        ArgumentNullException.ThrowIfNull(label);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, 255 * 32);
        ObjectDisposedException.ThrowIf(_disposed, this);
        var output = new byte[length];
        Connection.Export(Encoding.ASCII.GetBytes(label), context, hasContext, output);
        return output;
    }

    /// <summary>The channel binding "tls-exporter" (RFC 9266): 32 bytes that tie an outer authentication to this connection.</summary>
    /// <exception cref="InvalidOperationException">The connection speaks TLS 1.2 without extended_master_secret, so that nothing ties it to this connection (RFC 9266 §4.2).</exception>
    public byte[] GetChannelBinding() => Connection.Session.ExtendedMasterSecret
        ? ExportKeyingMaterial("EXPORTER-Channel-Binding", default, 32)
        : throw new InvalidOperationException("TLS 1.2 without extended_master_secret has no channel binding.");

    /// <inheritdoc/>
    public override bool CanRead => IsAuthenticated && !_disposed;

    /// <inheritdoc/>
    public override bool CanWrite => IsAuthenticated && !_disposed && !_closed;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanTimeout => _inner.CanTimeout;

    /// <inheritdoc/>
    public override int ReadTimeout { get => _inner.ReadTimeout; set => _inner.ReadTimeout = value; }

    /// <inheritdoc/>
    public override int WriteTimeout { get => _inner.WriteTimeout; set => _inner.WriteTimeout = value; }

    /// <summary>Not supported.</summary>
    public override long Length => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Reads what has been decrypted, or waits for more. An empty buffer waits until there is something to read.</summary>
    /// <returns>The bytes read; 0 when the peer has said that it sends no more.</returns>
    /// <exception cref="IOException">The connection broke, or ended without saying so; the inner <see cref="TlsException"/> says how.</exception>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ReadAsync(_transport, buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(_transport, buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        var reading = ReadAsync(BlockingTransport, buffer.AsMemory(offset, count), CancellationToken.None);
        return reading.IsCompleted ? reading.GetAwaiter().GetResult() : reading.AsTask().GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public override int ReadByte()
    {
        var one = new byte[1];
        return Read(one, 0, 1) == 0 ? -1 : one[0];
    }

    /// <summary>Encrypts and sends. When it returns, the transport has taken all records.</summary>
    /// <exception cref="IOException">The connection broke; the inner <see cref="TlsException"/> says how.</exception>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => WriteAsync(_transport, buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(_transport, buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        var writing = WriteAsync(BlockingTransport, buffer.AsMemory(offset, count), CancellationToken.None);
        if (writing.IsCompleted)
            writing.GetAwaiter().GetResult();
        else
            writing.AsTask().GetAwaiter().GetResult();
    }

    /// <summary>Does nothing: every write is sent at once.</summary>
    public override void Flush()
    {
    }

    /// <summary>Does nothing: every write is sent at once.</summary>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), callback, state);

    /// <inheritdoc/>
    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    /// <inheritdoc/>
    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(WriteAsync(buffer, offset, count, CancellationToken.None), callback, state);

    /// <inheritdoc/>
    public override void EndWrite(IAsyncResult asyncResult) => TaskToAsyncResult.End(asyncResult);

    /// <summary>Not supported.</summary>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Sends close_notify if that was not done and can be done within a second, then closes.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (MustSayGoodbye())
        {
            using var limit = new CancellationTokenSource(GoodbyeTime);
            await SayGoodbyeAsync(limit.Token).ConfigureAwait(false);
        }
        ReleaseKeys();
        if (!_leaveInnerStreamOpen)
            await _inner.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    /// <summary>Sends close_notify if that was not done and the transport takes it without waiting, then closes.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            if (MustSayGoodbye())
                _ = SayGoodbyeAsync(CancellationToken.None);
            ReleaseKeys();
            if (!_leaveInnerStreamOpen)
                _inner.Dispose();
        }
        base.Dispose(disposing);
    }

    private EstablishedConnection Connection => _connection ?? throw new InvalidOperationException("There was no successful handshake: call AuthenticateAsClientAsync or AuthenticateAsServerAsync first.");

    private BlockingStreamTransport BlockingTransport => _blockingTransport ??= new BlockingStreamTransport(_inner, isOurs: !_leaveInnerStreamOpen);

    private async ValueTask AuthenticateAsync(TlsOptions options, ITransport transport, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        options.DemandUsable();
        if (Interlocked.Exchange(ref _authenticating, 1) == 1)
            throw new InvalidOperationException("A stream authenticates once.");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (options.HandshakeTimeout != Timeout.InfiniteTimeSpan)
            limit.CancelAfter(options.HandshakeTimeout);
        var telemetry = HandshakeTelemetry.Begin(options);
        try
        {
            _connection = await HandshakeRunner.RunAsync(options, transport, limit.Token).ConfigureAwait(false);
            telemetry.Succeeded(_connection.Session);
        }
        catch (Exception exception) when (exception is OperationCanceledException or TlsException)
        {
            // A transport that breaks because the time is up reports the same as one that is cancelled.
            var wasInterrupted = exception is OperationCanceledException || (exception is TlsException { Source: TlsFailureSource.Transport } && limit.IsCancellationRequested);
            if (wasInterrupted && cancellationToken.IsCancellationRequested)
            {
                _failure = new TlsException(TlsError.Cancelled, null, exception);
                telemetry.Failed(_failure);
                throw new OperationCanceledException(_failure.Message, _failure, cancellationToken);
            }
            _failure = wasInterrupted
                ? new TlsException(TlsError.HandshakeTimeout, $"{options.HandshakeTimeout.TotalSeconds:0.#} seconds", exception)
                : (TlsException)exception;
            telemetry.Failed(_failure);
            throw new AuthenticationException(_failure.Message, _failure);
        }
        catch (Exception exception)
        {
            telemetry.Failed(exception);
            throw;
        }
    }

    private void AuthenticateBlocking(TlsOptions options)
    {
        using (BlockingTransport.LimitTo(options.HandshakeTimeout))
            AuthenticateAsync(options, BlockingTransport, CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadAsync(ITransport transport, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var connection = Connection;
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_reading.TryEnter() && await WaitToReadAsync(connection, buffer, cancellationToken).ConfigureAwait(false) is { } served)
            return served;
        try
        {
            ThrowIfFailed();
            int count;
            while (!connection.TryRead(buffer.Span, out count))
            {
                AnswerRequests(connection);
                if (transport.KeepsInput && !connection.Reader.HasInput)
                    await transport.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
                var received = await transport.ReadAsync(connection.Reader.GetSpace(), cancellationToken).ConfigureAwait(false);
                if (received == 0)
                    throw new TlsException(TlsError.Truncated, connection.Reader.HasInput ? "in the middle of a record" : null);
                connection.Reader.Added(received);
            }
            AnswerRequests(connection);
            return count;
        }
        catch (TlsException exception)
        {
            await FailAsync(transport, connection, exception).ConfigureAwait(false);
            throw new IOException(exception.Message, exception);
        }
        finally
        {
            EndRead();
        }
    }

    /// <summary>
    /// For an owner of the transport that waits for it itself, so that a connection that waits has no task of this stream's: as if a read were under way, until
    /// <see cref="EndWait"/>. False when there may be something to read or to report, or when the stream may read by itself; then <see cref="ReadAsync(Memory{byte}, CancellationToken)"/> is asked.
    /// </summary>
    internal bool TryBeginWait()
    {
        if (_connection == null || _failure != null || _disposed || !_reading.TryEnter())
            return false;
        if (_connection.IsDrained && _failure == null && !_disposed)
            return true;
        EndRead();
        return false;
    }

    /// <summary>After <see cref="TryBeginWait"/>: the transport has something, or has failed.</summary>
    internal void EndWait() => EndRead();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteAsync(ITransport transport, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        var connection = Connection;
        await BeginWriteAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            DemandWritable();
            while (!buffer.IsEmpty)
            {
                var piece = buffer[..Math.Min(buffer.Length, EstablishedConnection.MostPerWrite)];
                buffer = buffer[piece.Length..];
                connection.Seal(piece.Span);
                await SendAsync(transport, connection, cancellationToken).ConfigureAwait(false);
            }
            if (_failure != null)
                await SendAlertAsync(connection, _failure).ConfigureAwait(false);
        }
        catch (TlsException exception)
        {
            _writeFailure ??= exception;
            throw new IOException(exception.Message, exception);
        }
        catch (IOException) when (!_disposed)
        {
            if (await FindAlertAsync(connection).ConfigureAwait(false) is { } refusal)
                throw new IOException(refusal.Message, refusal);
            throw;
        }
        finally
        {
            EndWrite();
        }
    }

    /// <summary>
    /// A peer that refuses this end says so and closes, and then writing fails before anybody has read what it said. In TLS 1.3 a server refuses a client's
    /// certificate that way, after the client's handshake is done.
    /// </summary>
    /// <returns>The alert, if that is what comes next from the peer.</returns>
    private async ValueTask<TlsException?> FindAlertAsync(EstablishedConnection connection)
    {
        using var limit = new CancellationTokenSource(GoodbyeTime);
        try
        {
            // Whoever is reading comes upon it, perhaps a moment after the write has failed.
            if (await _reading.EnterOwnAsync(limit.Token).ConfigureAwait(false))
                await ReadUpToAlertAsync(connection, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The peer has said nothing.
        }
        return _failure is { Source: TlsFailureSource.Peer } ? _failure : null;
    }

    private async ValueTask ReadUpToAlertAsync(EstablishedConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            while (_failure == null && !connection.TryRead(default, out _))
            {
                var received = await _transport.ReadAsync(connection.Reader.GetSpace(), cancellationToken).ConfigureAwait(false);
                if (received == 0)
                    return;
                connection.Reader.Added(received);
            }
        }
        catch (TlsException exception)
        {
            _failure ??= exception;
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The peer has left nothing to read.
        }
        finally
        {
            EndRead();
        }
    }

    // What was sealed must go out whole: when that fails, the peer can make nothing of what follows. What it sent can still be read.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAsync(ITransport transport, EstablishedConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await transport.WriteAsync(connection.Writer.Pending, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            _writeFailure ??= new TlsException(TlsError.TransportFailed, exception.Message, exception);
            throw;
        }
        finally
        {
            connection.Writer.Clear();
        }
    }

    /// <summary>Remembers the failure and tells the peer, now or at the end of the write that is under way.</summary>
    /// <param name="transport">What this end reads from.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="exception">Why it ends.</param>
    /// <param name="isReader">Whether the caller is the one who reads.</param>
    private async ValueTask FailAsync(ITransport transport, EstablishedConnection connection, TlsException exception, bool isReader = true)
    {
        _failure ??= exception;
        connection.FailQuestions(_failure);
        if (!_writing.TryEnterOwn())
            return;
        try
        {
            // A client that ends the connection has got what it wanted to know; a server's reason is what the client needs.
            if (await SendAlertAsync(connection, _failure).ConfigureAwait(false) && connection.IsServer && isReader)
                await transport.LingerAsync(CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            EndWrite();
        }
    }

    /// <returns>Whether there was an alert to send.</returns>
    private async ValueTask<bool> SendAlertAsync(EstablishedConnection connection, TlsException failure)
    {
        // RFC 8446 §6.1: nothing follows a close_notify; and the peer can make nothing of what follows a write that failed.
        if (_closed || _writeFailure != null || failure is not { Source: TlsFailureSource.Local, Alert: { } alert } || Interlocked.Exchange(ref _alertSent, 1) == 1)
            return false;
        connection.Writer.AppendAlert(alert);
        using var limit = new CancellationTokenSource(GoodbyeTime);
        await TrySendAsync(connection, limit.Token).ConfigureAwait(false);
        return true;
    }

    private bool MustSayGoodbye() => !_disposed && _connection != null && _failure == null && _writeFailure == null && !_closed;

    private async Task SayGoodbyeAsync(CancellationToken cancellationToken)
    {
        if (!_writing.TryEnterOwn())
            return;
        try
        {
            _closed = true;
            Connection.Writer.AppendAlert(TlsAlert.CloseNotify);
            await TrySendAsync(Connection, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            EndWrite();
        }
    }

    private async ValueTask TrySendAsync(EstablishedConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(_transport, connection, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // The connection is over; that the peer could not be told changes nothing for this end.
        }
    }

    private void DemandWritable()
    {
        ThrowIfFailed();
        if (_writeFailure is { } failure)
            throw new IOException(failure.Message, failure);
        if (_closed)
            throw new InvalidOperationException("This end has said that it writes no more (ShutdownAsync).");
    }

    private void ThrowIfFailed()
    {
        if (_failure is { } failure)
            throw new IOException(failure.Message, failure);
    }

    private async ValueTask BeginWriteAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_writing.TryEnter() && await _writing.EnterAsync(null, cancellationToken).ConfigureAwait(false) == GateEntry.Refused)
            throw Busy("write");
    }

    /// <returns>The bytes read when some that were kept will do; null when it is the caller's turn to read.</returns>
    private async ValueTask<int?> WaitToReadAsync(EstablishedConnection connection, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var count = 0;
        return await _reading.EnterAsync(() => connection.TryTakeHeld(buffer.Span, out count), cancellationToken).ConfigureAwait(false) switch
        {
            GateEntry.Entered => null,
            GateEntry.Served => count,
            GateEntry.Refused => throw Busy("read"),
        };
    }

    private Exception Busy(string what) => _disposed
        ? new ObjectDisposedException(nameof(TlsStream))
        : new NotSupportedException($"Another {what} is under way; one at a time.");

    private void EndWrite()
    {
        _writing.Leave();
        if (_disposed)
            DisposeWriter();
    }

    private void EndRead()
    {
        _reading.Leave();
        if (_disposed)
            DisposeReader();
    }

    // Keys are taken away from a direction only when nobody works in it: by whoever comes last.
    private void ReleaseKeys()
    {
        _disposed = true;
        _disposal?.Cancel();
        DisposeReader();
        DisposeWriter();
    }

    private void DisposeReader()
    {
        if (!_reading.TryEnter())
            return;
        _connection?.DisposeReader();
        _reading.Close();
    }

    private void DisposeWriter()
    {
        if (!_writing.TryEnter())
            return;
        _connection?.DisposeWriter();
        _writing.Close();
    }
}

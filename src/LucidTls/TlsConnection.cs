using System.Text;
using LucidTls.Diagnostics;
using LucidTls.Handshake;
using LucidTls.Records;

namespace LucidTls;

/// <summary>
/// A TLS connection without I/O: bytes from the peer are given to it, bytes for the peer are taken from it, by whoever has a
/// transport. Not safe for use by several threads at once. Every failure is a <see cref="TlsException"/>, after which the alert for
/// the peer waits among the output.
/// </summary>
public sealed class TlsConnection : IDisposable
{
    private readonly MemoryTransport _transport = new();
    private readonly Task<EstablishedConnection> _handshake;
    private TlsException? _failure;
    private bool _closed;
    private bool _disposed;
    private (PostHandshakeAnswer Answer, Task Prepared)? _answering;

    private TlsConnection(TlsOptions options)
    {
        options.DemandUsable();
        _handshake = RunAsync(options);
    }

    private async Task<EstablishedConnection> RunAsync(TlsOptions options)
    {
        var telemetry = HandshakeTelemetry.Begin(options);
        try
        {
            var connection = await HandshakeRunner.RunAsync(options, _transport, CancellationToken.None).ConfigureAwait(false);
            telemetry.Succeeded(connection.Session);
            return connection;
        }
        catch (Exception exception)
        {
            telemetry.Failed(exception);
            throw;
        }
    }

    /// <summary>A client's connection; its ClientHello waits among the output at once.</summary>
    /// <exception cref="InvalidOperationException">The options are contradictory.</exception>
    public static TlsConnection CreateClient(TlsClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new TlsConnection(options);
    }

    /// <summary>A server's connection, which waits for a ClientHello.</summary>
    /// <exception cref="InvalidOperationException">The options are contradictory.</exception>
    public static TlsConnection CreateServer(TlsServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new TlsConnection(options);
    }

    /// <summary>Whether the handshake succeeded, so that data can be written and read.</summary>
    public bool IsAuthenticated => _handshake.IsCompletedSuccessfully;

    /// <summary>What the handshake agreed on.</summary>
    /// <exception cref="InvalidOperationException">The handshake is not done.</exception>
    public TlsSessionInfo Session => Connection.Session;

    /// <summary>At a server, the early data that was taken from the client; see <see cref="TlsStream.EarlyData"/>.</summary>
    public ReadOnlyMemory<byte> EarlyData => IsAuthenticated ? Connection.EarlyData : default;

    /// <summary>Whether the peer has said that it sends no more; true only after everything before was read.</summary>
    public bool PeerClosed => IsAuthenticated && Connection.PeerClosed;

    /// <summary>Bytes that wait for <see cref="TakeOutput"/>.</summary>
    public int PendingOutput => _transport.PendingOutput;

    /// <summary>
    /// Completes when the handshake is done or waits for bytes from the peer. Only of interest when a callback of the options works
    /// asynchronously; otherwise <see cref="Receive"/> has done all there is to do when it returns. At a client that was asked for a certificate after the handshake
    /// (<see cref="TlsOptions.PostHandshakeAuthentication"/>) it completes when the answer is made, which goes to the output with the next <see cref="Read"/>.
    /// </summary>
    public Task SettledAsync() => _answering?.Prepared ?? Task.WhenAny(_handshake, _transport.Settled);

    /// <summary>Gives bytes that came from the peer, in any pieces.</summary>
    /// <exception cref="TlsException">The handshake failed.</exception>
    public void Receive(ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!bytes.IsEmpty)
            _transport.Give(bytes);
        ThrowIfFailed();
    }

    /// <summary>Says that the transport has ended.</summary>
    /// <exception cref="TlsException">The handshake was not done.</exception>
    public void ReceiveEnd()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _transport.End();
        ThrowIfFailed();
    }

    /// <summary>Takes bytes that must go to the peer, as many as fit.</summary>
    /// <returns>How many.</returns>
    public int TakeOutput(Span<byte> destination) => _transport.Take(destination);

    /// <summary>Reads application data from what was received.</summary>
    /// <returns>How many bytes; 0 when there are none yet, or none to come (<see cref="PeerClosed"/>).</returns>
    /// <exception cref="TlsException">The peer broke a rule, sent an alert, or the transport ended without close_notify.</exception>
    public int Read(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ThrowIfFailed();
        var connection = Connection;
        try
        {
            int count;
            while (!connection.TryRead(destination, out count))
            {
                AnswerRequests(connection);
                var received = _transport.TakeInput(connection.Reader.GetSpace().Span, out var ended);
                if (received == 0)
                {
                    connection.Reader.Release();
                    return ended ? throw new TlsException(TlsError.Truncated) : 0;
                }
                connection.Reader.Added(received);
            }
            AnswerRequests(connection);
            return count;
        }
        catch (TlsException exception)
        {
            throw Fail(exception);
        }
    }

    /// <summary>Encrypts application data; the records wait among the output.</summary>
    /// <exception cref="InvalidOperationException">The handshake is not done, or <see cref="Close"/> was called.</exception>
    /// <exception cref="TlsException">The connection has failed.</exception>
    public void Write(ReadOnlySpan<byte> data)
    {
        var connection = DemandWritable();
        connection.Seal(data);
        HandOver(connection);
    }

    /// <summary>Changes the keys of the writing direction, and asks the peer to change its own if wanted (RFC 8446 §4.6.3).</summary>
    /// <exception cref="InvalidOperationException">The handshake is not done, or <see cref="Close"/> was called.</exception>
    /// <exception cref="TlsException">The connection has failed.</exception>
    public void UpdateKeys(bool requestPeerUpdate = false)
    {
        var connection = DemandWritable();
        connection.AppendKeyUpdate(requestPeerUpdate);
        HandOver(connection);
    }

    /// <summary>Sends close_notify: this end writes no more, reading goes on.</summary>
    public void Close()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ThrowIfFailed();
        if (_closed)
            return;
        _closed = true;
        Connection.Writer.AppendAlert(TlsAlert.CloseNotify);
        HandOver(Connection);
    }

    /// <summary>Exports keying material (RFC 8446 §7.5, RFC 5705); see <see cref="TlsStream.ExportKeyingMaterial(string, ReadOnlySpan{byte}, int)"/>.</summary>
    public byte[] ExportKeyingMaterial(string label, ReadOnlySpan<byte> context, int length) => Export(label, context, hasContext: true, length);

    /// <summary>Exports keying material without a context; see <see cref="TlsStream.ExportKeyingMaterial(string, int)"/>.</summary>
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

    /// <summary>Wipes the keys. Nothing is sent: call <see cref="Close"/> first to end in good order.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        if (_answering is { } answering)
            _ = answering.Prepared.ContinueWith(_ => answering.Answer.Dispose(), TaskScheduler.Default);
        // A handshake that waits for bytes ends here, and wipes what it holds.
        _transport.End();
        _disposed = true;
        if (!IsAuthenticated)
            return;
        Connection.DisposeReader();
        Connection.DisposeWriter();
    }

    // One after another. An answer that needs no waiting is out when this returns; any other goes out when somebody reads again.
    private void AnswerRequests(EstablishedConnection connection)
    {
        while ((_answering ??= Begin(connection.TakeUnanswered())) is { Prepared.IsCompleted: true } ready)
        {
            _answering = null;
            using var answer = ready.Answer;
            ready.Prepared.GetAwaiter().GetResult();
            if (_closed)
                continue;
            connection.AppendAnswer(answer);
            HandOver(connection);
        }
    }

    private static (PostHandshakeAnswer, Task)? Begin(PostHandshakeAnswer? answer) => answer == null ? null : (answer, answer.PrepareAsync(CancellationToken.None).AsTask());

    private EstablishedConnection Connection => IsAuthenticated
        ? _handshake.Result
        : throw new InvalidOperationException("The handshake is not done: give what the peer sends to Receive first.");

    private EstablishedConnection DemandWritable()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ThrowIfFailed();
        var connection = Connection;
        return _closed ? throw new InvalidOperationException("This end has said that it writes no more (Close).") : connection;
    }

    private void HandOver(EstablishedConnection connection)
    {
        // Memory takes everything at once.
        _ = _transport.WriteAsync(connection.Writer.Pending, CancellationToken.None);
        connection.Writer.Clear();
    }

    private TlsException Fail(TlsException exception)
    {
        _failure ??= exception;
        if (_failure is { Source: TlsFailureSource.Local, Alert: { } alert } && !_closed)
        {
            _closed = true;
            Connection.Writer.AppendAlert(alert);
            HandOver(Connection);
        }
        return _failure;
    }

    private void ThrowIfFailed()
    {
        if (_failure != null)
            throw _failure;
        if (_handshake.IsFaulted || _handshake.IsCanceled)
            _handshake.GetAwaiter().GetResult();
    }
}

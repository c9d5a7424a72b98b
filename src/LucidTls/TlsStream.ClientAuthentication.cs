using System.Security.Authentication;
using LucidTls.Handshake;

namespace LucidTls;

// Client certificates after the handshake (RFC 8446 §4.6.2).
public sealed partial class TlsStream
{
    /// <summary>Cancelled when the stream is disposed, for whoever waits for the other end. Made when first needed.</summary>
    private CancellationTokenSource? _disposal;

    /// <summary>
    /// Whether <see cref="RequestClientCertificateAsync"/> can be called: this end is the server, the version is TLS 1.3, and both ends have <see cref="TlsOptions.PostHandshakeAuthentication"/> or what stands for it elsewhere.
    /// </summary>
    public bool CanRequestClientCertificate => _connection is { MayAskForCertificate: true };

    /// <summary>Whether this is a server of TLS 1.3 that is set up to ask after the handshake, whether or not this client can be asked.</summary>
    internal bool WantsToAskLater => _connection is { WantsToAskLater: true };

    /// <summary>
    /// Asks the client for a certificate, on a connection that is in use (RFC 8446 §4.6.2). Data go on flowing both ways, and other calls may read and write meanwhile; when none reads, this call does, and
    /// keeps up to 64 KiB of data for the next read, then waits for it. The client may take its time to ask a person: give up with <paramref name="cancellationToken"/>, which leaves the connection as it was.
    /// </summary>
    /// <param name="cancellationToken">Gives up. An answer that comes later is dropped.</param>
    /// <returns>True when the client has shown a certificate and it is accepted: <see cref="Session"/> has it, and the verdict, from then on. False when the client declines, after which the connection goes on.</returns>
    /// <exception cref="AuthenticationException">The certificate is refused, and the client is told why; or the connection broke. It is over. The inner <see cref="TlsException"/> says why.</exception>
    /// <exception cref="InvalidOperationException"><see cref="CanRequestClientCertificate"/> is false, or four requests have no answer yet.</exception>
    public async Task<bool> RequestClientCertificateAsync(CancellationToken cancellationToken = default)
    {
        var connection = Connection;
        if (!CanRequestClientCertificate)
            throw new InvalidOperationException("A client can be asked for a certificate after the handshake only by a server, in TLS 1.3, when PostHandshakeAuthentication is set and the client offers it.");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, DisposalToken());
        try
        {
            var question = await AskAsync(connection, limit.Token).ConfigureAwait(false);
            var finished = await AnswerOfAsync(connection, question, limit.Token).ConfigureAwait(false);
            if (await question.JudgeAsync(finished, limit.Token).ConfigureAwait(false) is not { } client)
                return false;
            connection.Accept(client);
            return true;
        }
        catch (TlsException exception)
        {
            if (exception.Source == TlsFailureSource.Local)
                await RefuseAsync(connection, exception).ConfigureAwait(false);
            throw new AuthenticationException(exception.Message, exception);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(TlsStream));
        }
    }

    private CancellationToken DisposalToken()
    {
        var disposal = LazyInitializer.EnsureInitialized(ref _disposal);
        ObjectDisposedException.ThrowIf(_disposed, this);
        return disposal.Token;
    }

    private async ValueTask<PostHandshakeQuestion> AskAsync(EstablishedConnection connection, CancellationToken cancellationToken)
    {
        await BeginOwnWriteAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            DemandWritable();
            var question = connection.AskForCertificate();
            await SendAsync(_transport, connection, cancellationToken).ConfigureAwait(false);
            return question;
        }
        finally
        {
            EndWrite();
        }
    }

    /// <summary>Waits until whoever reads has come upon the answer, and reads where nobody does.</summary>
    private async ValueTask<VerifiedFinished> AnswerOfAsync(EstablishedConnection connection, PostHandshakeQuestion question, CancellationToken cancellationToken)
    {
        while (!question.Answered.IsCompleted)
        {
            // Asked for before the gate is looked at: whoever leaves it from here on completes it.
            var left = _reading.LeftAsync();
            cancellationToken.ThrowIfCancellationRequested();
            if (!_reading.IsWanted && !connection.HoldsMuchData && _reading.TryEnterOwn())
                await ReadAheadAsync(connection, question, cancellationToken).ConfigureAwait(false);
            else
                await Task.WhenAny(question.Answered, left).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        return await question.Answered.ConfigureAwait(false);
    }

    /// <summary>Reads until the answer is there, or an application that wants to read comes first.</summary>
    private async ValueTask ReadAheadAsync(EstablishedConnection connection, PostHandshakeQuestion question, CancellationToken cancellationToken)
    {
        try
        {
            while (connection.ReadAhead(question.Answered) && !_reading.IsWanted)
            {
                var received = await _transport.ReadAsync(connection.Reader.GetSpace(), cancellationToken).ConfigureAwait(false);
                if (received == 0)
                    throw new TlsException(TlsError.Truncated, connection.Reader.HasInput ? "in the middle of a record" : null);
                connection.Reader.Added(received);
            }
        }
        catch (TlsException exception)
        {
            await FailAsync(_transport, connection, exception).ConfigureAwait(false);
            throw;
        }
        finally
        {
            EndRead();
        }
    }

    /// <summary>Tells the client why, and gives it time to read that where nobody else reads here.</summary>
    private async ValueTask RefuseAsync(EstablishedConnection connection, TlsException reason)
    {
        var isReader = _reading.TryEnterOwn();
        try
        {
            await FailAsync(_transport, connection, reason, isReader).ConfigureAwait(false);
        }
        finally
        {
            if (isReader)
                EndRead();
        }
    }

    /// <summary>Starts the answers to what the server asked. They take their time, and reading goes on meanwhile.</summary>
    private void AnswerRequests(EstablishedConnection connection)
    {
        while (connection.TakeUnanswered() is { } answer)
            _ = AnswerAsync(connection, answer);
    }

    private async Task AnswerAsync(EstablishedConnection connection, PostHandshakeAnswer answer)
    {
        try
        {
            var disposal = DisposalToken();
            await answer.PrepareAsync(disposal).ConfigureAwait(false);
            await BeginOwnWriteAsync(disposal).ConfigureAwait(false);
            try
            {
                if (_closed || _failure != null || _writeFailure != null)
                    return;
                connection.AppendAnswer(answer);
                await SendAsync(_transport, connection, disposal).ConfigureAwait(false);
            }
            finally
            {
                EndWrite();
            }
        }
        catch (TlsException exception)
        {
            await FailAsync(_transport, connection, exception, isReader: false).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException || (exception is OperationCanceledException && _disposed))
        {
            // The connection is over, as whoever reads or writes learns.
        }
        finally
        {
            answer.Dispose();
        }
    }

    private async ValueTask BeginOwnWriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!await _writing.EnterOwnAsync(cancellationToken).ConfigureAwait(false))
                throw new ObjectDisposedException(nameof(TlsStream));
        }
        catch (OperationCanceledException) when (_disposed)
        {
            // This was in the way of whoever disposed.
            DisposeWriter();
            throw;
        }
        if (!_disposed)
            return;
        EndWrite();
        throw new ObjectDisposedException(nameof(TlsStream));
    }
}

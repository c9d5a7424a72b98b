using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore;

/// <summary>Shakes hands, then runs the rest of the connection on the plaintext.</summary>
internal sealed class TlsConnectionMiddleware(ConnectionDelegate next, Func<TlsServerOptions> options, HandshakeLimit limit, bool isHttp, Func<bool> answersEarly, KestrelMeters meters, ILogger<TlsConnectionMiddleware> logger)
{
    private static readonly Task<bool> Done = Task.FromResult(true);

    private readonly LogLimit _failures = new(TimeProvider.System);
    private readonly LogLimit _ownFailures = new(TimeProvider.System);
    private readonly LogLimit _refusals = new(TimeProvider.System);
    private readonly DelayedCertificateLog _delayedCertificates = new(logger);

    public async Task OnConnectionAsync(ConnectionContext context)
    {
        var transport = context.Transport;
        var records = new PipeTransport(transport, dataFollow: isHttp);
        var stream = new TlsStream(records);
        await using var _ = stream.ConfigureAwait(false);

        if (!limit.TryEnter())
        {
            LogRefusal(context);
            return;
        }
        var effective = options();
        using var early = EarlyPlaintext.Of(ref effective, stream);
        var handshake = ShakeHandsAsync(stream, effective, early, context);
        if (!await MayBeginAsync(handshake, early).ConfigureAwait(false))
        {
            KestrelMeters.TagFailure(context);
            return;
        }
        // An open connection need not hold what has ended.
        if (handshake.IsCompleted)
            handshake = Done;

        // What came early is read from where it lies; without it there is nothing but the stream.
        using var rest = early is not { Exchange: not null } && !stream.EarlyData.IsEmpty ? EarlyPlaintext.OfRest(stream) : null;
        var read = early is { Exchange: not null } ? early : rest;
        using var features = new TlsConnectionFeatures(stream, read, context, _delayedCertificates);
        context.Features.Set<ITlsSessionFeature>(features);
        context.Features.Set<ITlsConnectionFeature>(features);
        context.Features.Set<ITlsHandshakeFeature>(features);
        context.Features.Set<ITlsApplicationProtocolFeature>(features);
        if (read != null)
            context.Features.Set<IEarlyDataFeature>(read);
        KestrelMeters.Tag(context, features.Protocol);

        var plaintext = new TlsDuplexPipe(stream, records, read, isHttp);
        try
        {
            context.Transport = plaintext;
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            // Kestrel closes the transport itself, and must find its own.
            context.Transport = transport;
            await handshake.ConfigureAwait(false);
            await CompleteAsync(plaintext, records, context).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for the handshake, or for early data that may be answered before it is done.</summary>
    private async ValueTask<bool> MayBeginAsync(Task<bool> handshake, EarlyPlaintext? early)
    {
        if (early != null && isHttp && answersEarly() && await Task.WhenAny(handshake, early.Started).ConfigureAwait(false) != handshake)
            return true;
        return await handshake.ConfigureAwait(false);
    }

    private async Task<bool> ShakeHandsAsync(TlsStream stream, TlsServerOptions effective, EarlyPlaintext? early, ConnectionContext context)
    {
        var isDone = false;
        try
        {
            // The handshake's time limit is TlsOptions.HandshakeTimeout.
            isDone = await TryAuthenticateAsync(stream, effective, context).ConfigureAwait(false);
        }
        finally
        {
            limit.Leave();
            early?.Finish(isDone);
        }
        if (!isDone && early is { Exchange: not null })
            context.Abort(new ConnectionAbortedException("The TLS handshake failed after early data."));
        return isDone;
    }

    private async Task<bool> TryAuthenticateAsync(TlsStream stream, TlsServerOptions effective, ConnectionContext context)
    {
        var measured = meters.Begin(context);
        try
        {
            await stream.AuthenticateAsServerAsync(effective).ConfigureAwait(false);
            measured.Done(stream.Session.Version);
            logger.HandshakeDone(context.ConnectionId, stream.Session.Version, stream.Session.CipherSuite, stream.Session.Group, stream.Session.HandshakeDuration.TotalMilliseconds);
            return true;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException or OperationCanceledException)
        {
            measured.Failed(failure);
            LogFailure(context, failure, failure.InnerException as TlsException);
            return false;
        }
    }

    private void LogRefusal(ConnectionContext context)
    {
        if (_refusals.TryTake(out var suppressed))
            logger.TooManyHandshakes(context.ConnectionId, context.RemoteEndPoint, suppressed);
    }

    private void LogFailure(ConnectionContext context, Exception failure, TlsException? tls)
    {
        var explanation = tls?.Message ?? failure.Message;
        var isOurs = tls?.Error == TlsError.LocalFailure;
        if (!(isOurs ? _ownFailures : _failures).TryTake(out var suppressed))
            logger.HandshakeFailedAgain(context.ConnectionId, context.RemoteEndPoint, explanation);
        else if (isOurs)
            logger.IdentityFailed(context.ConnectionId, suppressed, explanation, failure);
        else if (suppressed > 0)
            logger.HandshakesFailed(context.ConnectionId, context.RemoteEndPoint, suppressed, explanation);
        else
            logger.HandshakeFailed(context.ConnectionId, context.RemoteEndPoint, explanation);
    }

    /// <summary>Flushes what is left and says close_notify, if nothing else has ended the connection; that goes out when Kestrel completes the transport, which is next.</summary>
    private async Task CompleteAsync(TlsDuplexPipe plaintext, PipeTransport records, ConnectionContext context)
    {
        try
        {
            await plaintext.Input.CompleteAsync().ConfigureAwait(false);
            await plaintext.Output.FlushAsync().ConfigureAwait(false);
            records.IsEnding = true;
            await plaintext.Output.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or NotSupportedException)
        {
            // NotSupportedException: an application still writes, though its connection is over.
            logger.FlushFailed(context.ConnectionId, failure.Message);
        }
    }
}

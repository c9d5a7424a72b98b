using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore;

/// <summary>Shakes hands, then runs the rest of the connection on the plaintext.</summary>
internal sealed class TlsConnectionMiddleware(ConnectionDelegate next, Func<TlsServerOptions> options, HandshakeLimit limit, bool isHttp, Func<bool> answersEarly, KestrelMeters meters, ILogger<TlsConnectionMiddleware> logger)
{
    private readonly LogLimit _failures = new(TimeProvider.System);
    private readonly LogLimit _ownFailures = new(TimeProvider.System);
    private readonly LogLimit _refusals = new(TimeProvider.System);
    private readonly DelayedCertificateLog _delayedCertificates = new(logger);

    public async Task OnConnectionAsync(ConnectionContext context)
    {
        if (await TryOpenAsync(context).ConfigureAwait(false) is not { } opened)
            return;
        try
        {
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            await EndAsync(opened, context).ConfigureAwait(false);
        }
    }

    /// <summary>Shakes hands, and puts the plaintext in the transport's place. All that an open connection holds is in what this gives; null when there is nothing to serve.</summary>
    private async Task<OpenedConnection?> TryOpenAsync(ConnectionContext context)
    {
        var records = new PipeTransport(context.Transport, SocketOf(context), dataFollow: isHttp);
        var stream = new TlsStream(records);
        EarlyPlaintext? early = null;
        var isOpen = false;
        try
        {
            if (!limit.TryEnter())
            {
                LogRefusal(context);
                return null;
            }
            var effective = options();
            early = EarlyPlaintext.Of(ref effective, stream);
            var handshake = ShakeHandsAsync(stream, effective, early, context);
            if (!await (early == null ? handshake : MayBeginAsync(handshake, early)).ConfigureAwait(false))
            {
                KestrelMeters.TagFailure(context);
                return null;
            }
            isOpen = true;
            return Open(context, stream, records, early, handshake);
        }
        finally
        {
            if (!isOpen)
            {
                early?.Dispose();
                await stream.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>The socket behind the transport, where no other middleware has come between them.</summary>
    private static Socket? SocketOf(ConnectionContext context) =>
        context.Transport.GetType().Assembly == typeof(SocketTransportOptions).Assembly ? context.Features.Get<IConnectionSocketFeature>()?.Socket : null;

    private OpenedConnection Open(ConnectionContext context, TlsStream stream, PipeTransport records, EarlyPlaintext? early, Task<bool> handshake)
    {
        // What came early is read from where it lies; without it there is nothing but the stream.
        if (early is not { Exchange: not null })
        {
            early?.Dispose();
            early = stream.EarlyData.IsEmpty ? null : EarlyPlaintext.OfRest(stream);
        }
        var features = new TlsConnectionFeatures(stream, early, context, _delayedCertificates);
        context.Features.Set<ITlsSessionFeature>(features);
        context.Features.Set<ITlsConnectionFeature>(features);
        context.Features.Set<ITlsHandshakeFeature>(features);
        context.Features.Set<ITlsApplicationProtocolFeature>(features);
        if (early != null)
            context.Features.Set<IEarlyDataFeature>(early);
        KestrelMeters.Tag(context, features.Protocol);
        if (!isHttp || features.ApplicationProtocol.Span.SequenceEqual(SslApplicationProtocol.Http2.Protocol.Span))
            records.GatherWrites();
        var opened = new OpenedConnection(stream, records, early, features, context.Transport, handshake, isHttp);
        context.Transport = opened;
        return opened;
    }

    /// <summary>Waits for the handshake, or for early data that may be answered before it is done.</summary>
    private async Task<bool> MayBeginAsync(Task<bool> handshake, EarlyPlaintext early)
    {
        if (isHttp && answersEarly() && await Task.WhenAny(handshake, early.Started).ConfigureAwait(false) != handshake)
            return true;
        return await handshake.ConfigureAwait(false);
    }

    private async Task<bool> ShakeHandsAsync(TlsStream stream, TlsServerOptions effective, EarlyPlaintext? early, ConnectionContext context)
    {
        var isDone = false;
        var measured = meters.Begin(context);
        try
        {
            // The handshake's time limit is TlsOptions.HandshakeTimeout.
            await stream.AuthenticateAsServerAsync(effective).ConfigureAwait(false);
            isDone = true;
            measured.Done(stream.Session.Version);
            logger.HandshakeDone(context.ConnectionId, stream.Session.Version, stream.Session.CipherSuite, stream.Session.Group, stream.Session.HandshakeDuration.TotalMilliseconds);
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException or OperationCanceledException)
        {
            measured.Failed(failure);
            LogFailure(context, failure, failure.InnerException as TlsException);
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

    private async Task EndAsync(OpenedConnection opened, ConnectionContext context)
    {
        await using var _ = opened.ConfigureAwait(false);
        // Kestrel closes the transport itself, and must find its own.
        context.Transport = opened.Transport;
        await opened.Handshake.ConfigureAwait(false);
        try
        {
            // Flushes what is left and says close_notify, if nothing else has ended the connection; that goes out when Kestrel completes the transport, which is next.
            await opened.Input.CompleteAsync().ConfigureAwait(false);
            await opened.Output.FlushAsync().ConfigureAwait(false);
            opened.Records.IsEnding = true;
            await opened.Output.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or NotSupportedException)
        {
            // NotSupportedException: an application still writes, though its connection is over.
            logger.FlushFailed(context.ConnectionId, failure.Message);
        }
    }
}

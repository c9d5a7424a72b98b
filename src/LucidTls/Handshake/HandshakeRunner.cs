using LucidTls.Cryptography;
using LucidTls.Records;

namespace LucidTls.Handshake;

/// <summary>Runs a handshake over a transport, and is the one place that tells the peer of a failure.</summary>
internal static class HandshakeRunner
{
    /// <summary>How long the alert about a failure may take to be sent.</summary>
    private static readonly TimeSpan AlertTime = TimeSpan.FromSeconds(1);

    /// <exception cref="TlsException">The handshake failed; the peer was told, where it can be.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; the peer was told.</exception>
    public static async ValueTask<EstablishedConnection> RunAsync(TlsOptions options, ITransport transport, CancellationToken cancellationToken)
    {
        options.Freeze();
        var isServer = options is TlsServerOptions;
        var reader = new RecordReader { IsServer = isServer };
        var writer = new RecordWriter(options.Padding);
        if (!isServer)
            writer.LegacyVersion = TlsVersion.Tls10.Value;
        var assembler = new HandshakeAssembler();
        var steps = new StepRecorder(options.OnHandshakeStep);
        using var channel = new RecordChannel(transport, reader, writer, assembler, steps);
        try
        {
            var result = await RunAsync(options, channel, options.Hooks, steps, cancellationToken).ConfigureAwait(false);
            reader.IsHandshaking = false;
            reader.KeepsSmallBuffer = !transport.KeepsInput;
            reader.Release();
            return new EstablishedConnection(reader, writer, assembler, result, isServer);
        }
        catch (Exception exception)
        {
            if (await TellPeerAsync(channel, exception).ConfigureAwait(false) && isServer)
                await transport.LingerAsync(cancellationToken).ConfigureAwait(false);
            reader.Dispose();
            writer.Dispose();
            assembler.Dispose();
            throw;
        }
    }

    /// <summary>The handshake alone: the greeting decides the version, whose own method then runs.</summary>
    public static ValueTask<HandshakeResult> RunAsync(TlsOptions options, HandshakeChannel channel, HandshakeHooks hooks, StepRecorder steps, CancellationToken cancellationToken) =>
        options is TlsClientOptions clientOptions
            ? RunClientAsync(clientOptions, channel, hooks, steps, cancellationToken)
            : RunServerAsync((TlsServerOptions)options, channel, hooks, steps, cancellationToken);

    private static async ValueTask<HandshakeResult> RunClientAsync(TlsClientOptions options, HandshakeChannel channel, HandshakeHooks hooks, StepRecorder steps, CancellationToken cancellationToken)
    {
        using var greeting = new ClientGreeting(options, channel, CryptoProvider.Default, hooks);
        var (version, hello, message) = await greeting.RunAsync(cancellationToken).ConfigureAwait(false);
        if (version == TlsVersion.Tls12)
        {
            using var tls12 = new Tls12Client(greeting, options, channel, CryptoProvider.Default, hooks, steps);
            return await tls12.RunAsync(hello, message, cancellationToken).ConfigureAwait(false);
        }
        using var tls13 = new Tls13Client(greeting, options, channel, CryptoProvider.Default, hooks, steps);
        return await tls13.RunAsync(hello, message, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask<HandshakeResult> RunServerAsync(TlsServerOptions options, HandshakeChannel channel, HandshakeHooks hooks, StepRecorder steps, CancellationToken cancellationToken)
    {
        var greeting = new ServerGreeting(options, channel, CryptoProvider.Default);
        if (await greeting.RunAsync(cancellationToken).ConfigureAwait(false) == TlsVersion.Tls12)
        {
            using var tls12 = new Tls12Server(greeting, greeting.Options, channel, CryptoProvider.Default, hooks, steps);
            return await tls12.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        using var tls13 = new Tls13Server(greeting, greeting.Options, channel, CryptoProvider.Default, hooks, steps);
        return await tls13.RunAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <returns>Whether the peer was told what this end has against it.</returns>
    private static async ValueTask<bool> TellPeerAsync(RecordChannel channel, Exception failure)
    {
        TlsAlert? alert = failure switch
        {
            TlsException { Source: TlsFailureSource.Local } tls => tls.Alert,
            TlsException => null,
            OperationCanceledException => TlsAlert.UserCanceled,
            _ => TlsAlert.InternalError,
        };
        if (alert is not { } toSend)
            return false;
        try
        {
            using var limit = new CancellationTokenSource(AlertTime);
            return await channel.TrySendAlertAsync(toSend, limit.Token).ConfigureAwait(false) && failure is TlsException;
        }
        catch (Exception exception) when (exception is TlsException or OperationCanceledException)
        {
            // The failure that is being reported matters; that the peer could not be told of it does not.
            return false;
        }
    }
}

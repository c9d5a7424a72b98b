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
            var result = await RunAsync(options, channel, steps, cancellationToken).ConfigureAwait(false);
            reader.IsHandshaking = false;
            reader.Release();
            return new EstablishedConnection(reader, writer, assembler, result, isServer);
        }
        catch (Exception exception)
        {
            await TellPeerAsync(channel, exception).ConfigureAwait(false);
            reader.Dispose();
            writer.Dispose();
            assembler.Dispose();
            throw;
        }
    }

    private static async ValueTask<HandshakeResult> RunAsync(TlsOptions options, RecordChannel channel, StepRecorder steps, CancellationToken cancellationToken)
    {
        if (options is TlsClientOptions clientOptions)
        {
            using var client = new Tls13Client(clientOptions, channel, CryptoProvider.Default, options.Hooks, steps);
            return await client.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        using var server = new Tls13Server((TlsServerOptions)options, channel, CryptoProvider.Default, options.Hooks, steps);
        return await server.RunAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask TellPeerAsync(RecordChannel channel, Exception failure)
    {
        TlsAlert? alert = failure switch
        {
            TlsException { Source: TlsFailureSource.Local } tls => tls.Alert,
            TlsException => null,
            OperationCanceledException => TlsAlert.UserCanceled,
            _ => TlsAlert.InternalError,
        };
        if (alert is not { } toSend)
            return;
        try
        {
            using var limit = new CancellationTokenSource(AlertTime);
            await channel.SendAlertAsync(toSend, limit.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is TlsException or OperationCanceledException)
        {
            // The failure that is being reported matters; that the peer could not be told of it does not.
        }
    }
}

using LucidTls.Handshake;
using LucidTls.Records;
using LucidTls.Tests.Connections;

namespace LucidTls.Tests.Handshake.Scripting;

/// <summary>How a connection with a scripted peer went for the end that users get.</summary>
/// <param name="Failure">What this end threw; null when it threw nothing.</param>
/// <param name="AlertSeen">The alert that the scripted peer got; null when it got none.</param>
/// <param name="Data">The application data that this end read.</param>
/// <param name="Received">The handshake messages that the scripted peer got, with their headers.</param>
/// <param name="Session">What was agreed on; null when the handshake was not done.</param>
internal sealed record Outcome(TlsException? Failure, TlsAlert? AlertSeen, byte[] Data, IReadOnlyList<byte[]> Received, TlsSessionInfo? Session);

/// <summary>The end that users get against one that follows a <see cref="Script"/>, over memory: nothing waits, so nothing can hang unseen.</summary>
internal static class Duel
{
    /// <summary>The client that users get against a scripted server, which has those options for the rest.</summary>
    /// <param name="script">Where the server departs from the rules.</param>
    /// <param name="client">The options under test.</param>
    /// <param name="server">The scripted server's.</param>
    /// <param name="scriptedChecksItsPeer">False when the scripted server may itself refuse what it gets, since the script surprises its own code.</param>
    public static Outcome OfClient(Script script, TlsClientOptions? client = null, TlsServerOptions? server = null, bool scriptedChecksItsPeer = true)
    {
        using var honest = TlsConnection.CreateClient(client ?? Fixture.ClientOptions());
        return Run(honest, script, server ?? Fixture.ServerOptions(), scriptedChecksItsPeer);
    }

    /// <summary>The server that users get against a scripted client, which has those options for the rest.</summary>
    public static Outcome OfServer(Script script, TlsServerOptions? server = null, TlsClientOptions? client = null, bool scriptedChecksItsPeer = true)
    {
        using var honest = TlsConnection.CreateServer(server ?? Fixture.ServerOptions());
        return Run(honest, script, client ?? Fixture.ClientOptions(), scriptedChecksItsPeer);
    }

    private static Outcome Run(TlsConnection honest, Script script, TlsOptions options, bool scriptedChecksItsPeer)
    {
        var transport = new MemoryTransport();
        using var channel = new ScriptedChannel(script, transport, isServer: options is TlsServerOptions);
        var scripted = FollowAsync(channel, script, options, scriptedChecksItsPeer);
        var data = new List<byte>();
        var failure = Exchange(honest, transport, data);
        transport.End();
        Assert.True(scripted.IsCompleted, "The scripted peer still waits.");
        var alert = scripted.GetAwaiter().GetResult();
        if (failure == null && !honest.IsAuthenticated)
            failure = Xunit.Record.Exception(honest.ReceiveEnd) as TlsException;
        return new Outcome(failure, alert, [.. data], channel.Received, honest.IsAuthenticated ? honest.Session : null);
    }

    private static async Task<TlsAlert?> FollowAsync(ScriptedChannel channel, Script script, TlsOptions options, bool checksItsPeer)
    {
        try
        {
            script.AtFirst?.Invoke(channel);
            var result = await HandshakeRunner.RunAsync(options, channel, HandshakeHooks.None, new StepRecorder(null), CancellationToken.None).ConfigureAwait(false);
            result.Exporter.Dispose();
            script.Afterwards?.Invoke(channel);
            return await channel.ReceiveAlertAsync().ConfigureAwait(false);
        }
        catch (TlsException exception) when (exception.Error is TlsError.PeerAlert or TlsError.ClosedDuringHandshake or TlsError.BadRecordMac || !checksItsPeer)
        {
            return exception.Error == TlsError.PeerAlert ? exception.Alert : null;
        }
    }

    // Bytes go to and fro until neither end has any more to say; what the honest end throws is the result.
    private static TlsException? Exchange(TlsConnection honest, MemoryTransport scripted, List<byte> data)
    {
        TlsException? failure = null;
        var buffer = new byte[64 * 1024];
        for (var moved = true; moved;)
        {
            moved = false;
            int count;
            while ((count = honest.TakeOutput(buffer)) > 0)
            {
                scripted.Give(buffer.AsSpan(0, count));
                moved = true;
            }
            while (failure == null && (count = scripted.Take(buffer)) > 0)
            {
                failure = Xunit.Record.Exception(() => Receive(honest, buffer.AsSpan(0, count), data)) switch
                {
                    null => null,
                    TlsException exception => exception,
                    var other => throw new InvalidOperationException("Something else than a TlsException came out.", other),
                };
                moved = true;
            }
        }
        return failure;
    }

    private static void Receive(TlsConnection honest, ReadOnlySpan<byte> bytes, List<byte> data)
    {
        honest.Receive(bytes);
        var buffer = new byte[32 * 1024];
        int count;
        while (honest.IsAuthenticated && (count = honest.Read(buffer)) > 0)
            data.AddRange(buffer.AsSpan(0, count));
    }
}

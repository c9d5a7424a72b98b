using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LucidTls.BogoShim;

/// <summary>One test: a connection to the runner, and those that resume it.</summary>
internal sealed class ShimRun(ShimFlags initial, ShimFlags resume, ShimFlags retry)
{
    private static readonly byte[] Greeting = Encoding.ASCII.GetBytes("hello");

    private readonly ShimOptions _options = new();

    public async Task RunAsync()
    {
        var count = initial.Number("-resume-count") ?? 0;
        for (var i = 0; i <= count; i++)
        {
            if (i > 0)
                _options.Wait(TimeSpan.FromSeconds(resume.Number("-resumption-delay") ?? 0));
            await ConnectAsync(i == 0 ? initial : resume, isResumption: i > 0);
        }
    }

    private async Task ConnectAsync(ShimFlags flags, bool isResumption)
    {
        // Options first: what cannot be done is said before the runner waits for a connection.
        var wantsEarlyData = isResumption && flags.Has("-enable-early-data") && flags.Has("-shim-writes-first");
        var clientOptions = flags.Has("-server") ? null : _options.Client(flags, wantsEarlyData ? Greeting : default);
        var serverOptions = flags.Has("-server") ? _options.Server(flags, (early, cancellation) => AnswerEarlyAsync(flags, early, cancellation)) : null;

        using var socket = new Socket(flags.Has("-ipv6") ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(flags.Has("-ipv6") ? IPAddress.IPv6Loopback : IPAddress.Loopback, flags.Number("-port")!.Value);
        var id = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(id, flags.Id);
        await socket.SendAsync(id);
        try
        {
            await using var stream = new TlsStream(new NetworkStream(socket), leaveInnerStreamOpen: true);
            if (clientOptions != null)
            {
                ShimExpectations.KeepOneSession(clientOptions);
                await stream.AuthenticateAsClientAsync(clientOptions);
            }
            else
            {
                await stream.AuthenticateAsServerAsync(serverOptions!);
            }
            // Data that the server refused to take early belong to a connection that the runner has other expectations of.
            var rejected = clientOptions != null && stream.Session.EarlyData == TlsEarlyDataStatus.Rejected;
            new ShimExpectations(flags, isResumption, _options).Check(stream.Peer, stream.Session, rejected ? retry : flags);
            await ExchangeAsync(stream, rejected ? retry : flags, alreadyGreeted: stream.Session.EarlyData == TlsEarlyDataStatus.Accepted);
            if (clientOptions != null)
                ShimExpectations.CheckSessions(clientOptions, rejected ? retry : flags, stream.Session);
        }
        finally
        {
            await DrainAsync(socket);
        }
    }

    private static async ValueTask AnswerEarlyAsync(ShimFlags flags, TlsEarlyDataExchange early, CancellationToken cancellationToken)
    {
        if (flags.Has("-shim-writes-first"))
            await early.WriteAsync(Greeting, cancellationToken);
        var buffer = new byte[512];
        while (await early.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            Invert(buffer.AsSpan(0, count));
            await early.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
    }

    private static async Task ExchangeAsync(TlsStream stream, ShimFlags flags, bool alreadyGreeted)
    {
        if (flags.Number("-export-keying-material") is > 0 and var length)
            await stream.WriteAsync(Export(stream, flags, length));
        if (flags.Has("-write-different-record-sizes"))
        {
            foreach (var size in (int[])[0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769])
                await stream.WriteAsync(Enumerable.Repeat((byte)0x42, size).ToArray());
        }
        else if ((flags.Has("-shim-writes-first") || flags.Has("-read-with-unfinished-write")) && !alreadyGreeted)
        {
            await stream.WriteAsync(Greeting);
        }
        if (!flags.Has("-shim-shuts-down"))
            await EchoAsync(stream, flags);
        await stream.ShutdownAsync();
        if (flags.Has("-shim-shuts-down") && flags.Has("-check-close-notify") && await stream.ReadAsync(new byte[1]) > 0)
            throw new ShimExpectationException(":APPLICATION_DATA_ON_SHUTDOWN: data came after this end had said that it was done");
    }

    // Everything that comes goes back with all bits inverted, until the runner ends the connection.
    private static async Task EchoAsync(TlsStream stream, ShimFlags flags)
    {
        var buffer = new byte[flags.Number("-read-size") ?? 512];
        while (true)
        {
            if (flags.Has("-key-update-before-read"))
                await stream.UpdateKeysAsync();
            int count;
            try
            {
                count = await stream.ReadAsync(buffer);
            }
            catch (IOException exception) when (exception.InnerException is TlsException { Error: TlsError.Truncated } && !flags.Has("-check-close-notify"))
            {
                return;
            }
            if (count == 0)
                return;
            if (flags.Has("-key-update"))
                await stream.UpdateKeysAsync();
            Invert(buffer.AsSpan(0, count));
            await stream.WriteAsync(buffer.AsMemory(0, count));
        }
    }

    private static byte[] Export(TlsStream stream, ShimFlags flags, int length)
    {
        var label = flags.Text("-export-label")!;
        return flags.Has("-use-export-context")
            ? stream.ExportKeyingMaterial(label, Encoding.Latin1.GetBytes(flags.Text("-export-context") ?? ""), length)
            : stream.ExportKeyingMaterial(label, length);
    }

    private static void Invert(Span<byte> data)
    {
        foreach (ref var one in data)
            one ^= 0xff;
    }

    // Closing a socket with unread bytes resets it, and the runner would lose what it was about to read: our alert.
    private static async Task DrainAsync(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            var buffer = new byte[4096];
            while (await socket.ReceiveAsync(buffer, limit.Token) > 0)
            {
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // The runner has gone; there is nothing left to lose.
        }
    }
}

namespace LucidTls.Cli.Connecting;

/// <summary>Standard input to the server, the server to standard output.</summary>
internal static class PassThrough
{
    private const int BufferSize = 16 * 1024;

    /// <summary>Until the server ends the connection. The end of the input is told to it with close_notify, and its answer still read.</summary>
    public static async Task RunAsync(TlsStream tls, CancellationToken cancellationToken)
    {
        var output = Console.OpenStandardOutput();
        await using (output)
        {
            var receiving = tls.CopyToAsync(output, BufferSize, cancellationToken);
            var sending = Task.Run(() => SendAsync(tls, cancellationToken), CancellationToken.None);
            // What the server has to say is heard even if it takes no more. A read of standard input cannot be called off: when the
            // server has ended, the process ends over it.
            await receiving;
            if (sending.IsFaulted)
                await sending;
        }
    }

    private static async Task SendAsync(TlsStream tls, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferSize];
        await using var input = Console.OpenStandardInput();
        // The console's stream has no asynchronous reads of its own, and this thread is ours.
        while (input.Read(buffer, 0, buffer.Length) is var count and > 0)
            await tls.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        await tls.ShutdownAsync(cancellationToken);
    }
}

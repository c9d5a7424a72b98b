using System.Buffers;
using System.Net.Sockets;

namespace LucidTls.Records;

/// <summary>A stream that ends in a socket without being a <see cref="NetworkStream"/>.</summary>
internal interface IOverSocket;

/// <summary>
/// A socket that is closed while bytes from the peer lie in it, or come afterwards, answers with a TCP reset, and the reset can take away from the
/// peer what it has not read yet: the alert that says why. So after an alert this end says that it sends no more, and throws away what comes until the
/// peer closes too, within bounds.
/// </summary>
internal static class Lingering
{
    /// <summary>A peer that reads has the alert after a round trip; one that does not costs a connection no longer than this.</summary>
    public static readonly TimeSpan MostTime = TimeSpan.FromSeconds(1);

    /// <summary>More than what a client sends along with its last flight before the alert can reach it; one that goes on sending does not care for it.</summary>
    public const int MostBytes = 1 << 20;

    private const int BufferSize = 16 * 1024;

    /// <summary>Whether there may be a socket that resets.</summary>
    public static bool Helps(Stream stream) => stream is NetworkStream or IOverSocket;

    /// <param name="transport">What is read from.</param>
    /// <param name="toEnd">The stream whose sending direction is closed first; null to leave that to its owner.</param>
    /// <param name="cancellationToken">Gives up, which is no error.</param>
    public static async ValueTask RunAsync(ITransport transport, Stream? toEnd, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            (toEnd as NetworkStream)?.Socket.Shutdown(SocketShutdown.Send);
            int count;
            for (var left = MostBytes; left > 0; left -= count)
            {
                count = await transport.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (count == 0)
                    return;
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // The connection is over either way.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

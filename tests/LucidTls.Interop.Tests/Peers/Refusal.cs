using System.Net.Sockets;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>What a client is told by a server that refuses it once its own handshake is done (RFC 8446 §4.4.4).</summary>
internal static class Refusal
{
    private const int MostTries = 50;

    /// <summary>
    /// Connects until the reason arrives. A server that closes at once, with what the client has sent by then unread, makes its system send a reset, which may overtake the alert and take it away; nothing else may go wrong.
    /// </summary>
    public static async Task<TlsException> ReasonAsync(Func<Task> connect)
    {
        for (var tries = 1; ; tries++)
        {
            var failure = (await Assert.ThrowsAnyAsync<Exception>(connect)).GetBaseException();
            if (failure is TlsException reason)
                return reason;
            // Shutdown is what the system says of a write behind the reset.
            Assert.Contains(Assert.IsType<SocketException>(failure).SocketErrorCode, new[] { SocketError.ConnectionReset, SocketError.Shutdown });
            Assert.True(tries < MostTries, $"The reason did not arrive in {MostTries} tries.");
        }
    }
}

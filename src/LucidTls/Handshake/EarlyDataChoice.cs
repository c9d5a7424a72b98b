using System.Net.Security;
using LucidTls.Cryptography;
using LucidTls.Protocol;
using LucidTls.Sessions;

namespace LucidTls.Handshake;

/// <summary>Whether a server takes a client's early data (RFC 8446 §4.2.10, §8).</summary>
internal static class EarlyDataChoice
{
    /// <returns>Null when it is taken; otherwise why not, in a few words for people.</returns>
    /// <exception cref="TlsException">The replay guard failed.</exception>
    public static async ValueTask<string?> RefusalAsync(ServerResumption? resumption, ClientHello hello, bool retried, SslApplicationProtocol protocol, TlsServerOptions options, CancellationToken cancellationToken)
    {
        if (options.MaxEarlyDataSize == 0)
            return "this server takes none";
        // RFC 8446 §4.2.10: after HelloRetryRequest there is none.
        if (retried)
            return "the client was asked for another key share";
        if (resumption == null)
            return "no session is resumed";
        // RFC 8446 §4.2.10: a server that takes it has "selected the first key offered in the client's 'pre_shared_key' extension".
        if (resumption.Index != 0)
            return "the session resumed is not the first one offered";
        var session = resumption.Session;
        if (session.MaxEarlyDataSize == 0 || session.MaxEarlyDataSize > options.MaxEarlyDataSize)
            return "the ticket allows more than this server takes, or none";
        if (session.ApplicationProtocol != protocol)
            return "the application protocol is another than in the session";
        return IsFresh(session, hello.PreSharedKeys!.Identities[0].ObfuscatedAge, options.EarlyDataFreshness)
            ? await IsFirstUseAsync(session, options, cancellationToken).ConfigureAwait(false) ? null : "the ticket may have been used before"
            : "the ticket's age is not what the client says";
    }

    /// <summary>RFC 8446 §8.3: the age that the client states is about the one that this server knows, so the hello was made just now.</summary>
    private static bool IsFresh(ServerSession session, uint obfuscatedAge, TimeSpan window)
    {
        var stated = TimeSpan.FromMilliseconds(unchecked(obfuscatedAge - session.AgeAdd));
        return (DateTimeOffset.UtcNow - session.Issued - stated).Duration() <= window;
    }

    // RFC 8446 §8.1. A hello passes for fresh during twice the window at most: from as much too early to as much too late.
    private static async ValueTask<bool> IsFirstUseAsync(ServerSession session, TlsServerOptions options, CancellationToken cancellationToken)
    {
        var id = new byte[32];
        Hmac.HashData(System.Security.Cryptography.HashAlgorithmName.SHA256, session.PreSharedKey, "LucidTls early data"u8, id);
        try
        {
            return await options.ReplayGuard.TryUseAsync(id, session.Issued, 2 * options.EarlyDataFreshness, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new TlsException(TlsError.LocalFailure, "the replay guard failed", exception);
        }
    }
}

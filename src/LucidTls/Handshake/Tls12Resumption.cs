using LucidTls.Cryptography;
using LucidTls.Protocol;
using LucidTls.Sessions;

namespace LucidTls.Handshake;

/// <summary>A server's decision to resume a TLS 1.2 session, by ticket (RFC 5077) or by session id (RFC 5246 §7.4.1.2), and what it keeps for later.</summary>
internal sealed class Tls12Resumption : IDisposable
{
    private Tls12Resumption(ServerSession session, SuiteAlgorithm suite, VerifiedPeer client)
    {
        Session = session;
        Suite = suite;
        Client = client;
    }

    public ServerSession Session { get; }
    public SuiteAlgorithm Suite { get; }

    /// <summary>Who the client proved to be when the session was made.</summary>
    public VerifiedPeer Client { get; }

    /// <summary>The session offered, if it may be resumed; or null for a full handshake.</summary>
    /// <exception cref="TlsException">The client offers a session with extended_master_secret, but not the extension.</exception>
    public static async ValueTask<Tls12Resumption?> TryAsync(ClientHello hello, TlsServerOptions options, CryptoProvider crypto, CancellationToken cancellationToken)
    {
        var state = await FindAsync(hello, options, cancellationToken).ConfigureAwait(false);
        if (state == null)
            return null;
        using var wiping = new Wiping(state);
        if (ServerSession.TryParse(state) is not { } session)
            return null;
        Tls12Resumption? taken = null;
        try
        {
            if (Fits(session, hello, options) && crypto.TryGetSuite(session.CipherSuite, out var suite)
                && await ServerResumption.JudgeClientAsync(session, options, cancellationToken).ConfigureAwait(false) is { } client)
                taken = new Tls12Resumption(session, suite, client);
            return taken;
        }
        finally
        {
            if (taken == null)
                session.PreSharedKey.Dispose();
        }
    }

    public void Dispose() => Session.PreSharedKey.Dispose();

    // RFC 5077 §3.4: with a ticket the session id is only there to be echoed.
    private static async ValueTask<byte[]?> FindAsync(ClientHello hello, TlsServerOptions options, CancellationToken cancellationToken)
    {
        if (options.TicketStore is { } tickets && hello.Extensions.TryGet(ExtensionType.SessionTicket, out var ticket) && !ticket.IsEmpty)
            return await ServerResumption.FindAsync(tickets, ticket, cancellationToken).ConfigureAwait(false);
        if (options.SessionStore is not { } sessions || hello.SessionId.IsEmpty)
            return null;
        try
        {
            return await sessions.FindAsync(hello.SessionId, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new TlsException(TlsError.LocalFailure, "the session store failed", exception);
        }
    }

    private static bool Fits(ServerSession session, ClientHello hello, TlsServerOptions options)
    {
        if (session.Version != TlsVersion.Tls12
            || !hello.CipherSuites.Contains(session.CipherSuite)
            || !options.CipherSuites.Contains(session.CipherSuite)
            || session.ServerName != hello.ServerName
            || DateTimeOffset.UtcNow - session.Issued >= session.Lifetime)
            return false;
        var hasExtension = hello.Extensions.Contains(ExtensionType.ExtendedMasterSecret);
        // RFC 7627 §5.3: with it before and without it now, the server "MUST abort the abbreviated handshake".
        if (session.ExtendedMasterSecret && !hasExtension)
            throw new TlsException(TlsError.MissingExtendedMasterSecret, "the session that it resumes has it");
        return session.ExtendedMasterSecret == hasExtension;
    }
}

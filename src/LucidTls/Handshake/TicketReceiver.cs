using LucidTls.Cryptography;
using LucidTls.Protocol;
using LucidTls.Sessions;

namespace LucidTls.Handshake;

/// <summary>Turns the tickets that a server sends into sessions in the client's cache (RFC 8446 §4.6.1).</summary>
internal sealed class TicketReceiver(SuiteAlgorithm suite, Secret resumptionMasterSecret, TlsSessionCache cache, SessionKey key, TlsSessionInfo session, TlsPreSharedKey? externalKey, DateTimeOffset authenticated) : IDisposable
{
    /// <summary>However often a session is resumed, the server proves itself anew after this time.</summary>
    public static readonly TimeSpan LongestTrust = TimeSpan.FromDays(7);

    public void Accept(NewSessionTicket ticket)
    {
        // RFC 8446 §4.6.1: a lifetime of zero means that the ticket is to be thrown away.
        if (ticket.LifetimeSeconds == 0)
            return;
        var now = cache.Now;
        var expires = now + TimeSpan.FromSeconds(ticket.LifetimeSeconds);
        cache.Store(key, new ClientSession
        {
            Version = TlsVersion.Tls13,
            CipherSuite = suite.Id,
            Group = session.Group,
            ExtendedMasterSecret = true,
            Ticket = ticket.Ticket,
            PreSharedKey = ResumptionKey.Derive(suite, resumptionMasterSecret, ticket.Nonce.Span),
            AgeAdd = ticket.AgeAdd,
            Received = now,
            Authenticated = authenticated,
            Expires = expires < authenticated + LongestTrust ? expires : authenticated + LongestTrust,
            MaxEarlyDataSize = ticket.MaxEarlyDataSize,
            ApplicationProtocol = session.ApplicationProtocol,
            ServerChain = session.PeerCertificates,
            Verdict = session.PeerVerdict,
            ServerSignatureScheme = session.ServerSignatureScheme,
            ExternalKey = externalKey,
        });
    }

    public void Dispose() => resumptionMasterSecret.Dispose();
}

/// <summary>A ticket's own pre-shared key (RFC 8446 §4.6.1).</summary>
internal static class ResumptionKey
{
    public static Secret Derive(SuiteAlgorithm suite, Secret resumptionMasterSecret, ReadOnlySpan<byte> nonce)
    {
        var key = new Secret(suite.HashLength);
        Hkdf.ExpandLabel(suite.Hash, resumptionMasterSecret, "resumption"u8, nonce, key.Span);
        return key;
    }
}

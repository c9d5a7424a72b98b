using System.Net.Security;
using LucidTls.Certificates;

namespace LucidTls.Sessions;

/// <summary>
/// A client's sessions: tickets of TLS 1.3, each used once, and sessions of TLS 1.2. A session is found again only for the same server name under the same policy: the same
/// verifier, identity, pre-shared keys and application protocols; so one that was made under a weaker policy does not serve a stricter one.
/// Safe for use by several threads at once.
/// </summary>
public sealed class TlsSessionCache
{
    private const int TicketsPerServer = 4;

    private readonly Lock _lock = new();
    private readonly int _capacity;
    private readonly TimeProvider _time;
    private readonly Dictionary<SessionKey, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _byUse = [];

    /// <summary>An empty cache.</summary>
    /// <param name="capacity">For how many servers tickets are kept; the one unused longest goes first.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public TlsSessionCache(int capacity = 1024, TimeProvider? time = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _capacity = capacity;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>The cache that is used when the options name no other.</summary>
    public static TlsSessionCache Shared { get; } = new();

    internal DateTimeOffset Now => _time.GetUtcNow();

    internal void Store(SessionKey key, ClientSession session)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var node))
            {
                node = _byUse.AddFirst(new Entry(key, []));
                _entries.Add(key, node);
            }
            else
            {
                Touch(node);
            }
            var sessions = node.Value.Sessions;
            sessions.Add(session);
            if (sessions.Count > TicketsPerServer)
            {
                sessions[0].Dispose();
                sessions.RemoveAt(0);
            }
            if (_entries.Count > _capacity)
                Remove(_byUse.Last!);
        }
    }

    /// <summary>Whether the ticket that would be used next for that server allows early data, and for which application protocol.</summary>
    internal bool AllowsEarlyData(SessionKey key, out SslApplicationProtocol protocol)
    {
        lock (_lock)
        {
            var next = _entries.TryGetValue(key, out var node) ? node.Value.Sessions.LastOrDefault() : null;
            protocol = next?.ApplicationProtocol ?? default;
            return next is { MaxEarlyDataSize: > 0 };
        }
    }

    /// <summary>The newest good ticket for that server, which is then no longer here; or null.</summary>
    internal ClientSession? Take(SessionKey key)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var node))
                return null;
            var now = Now;
            var sessions = node.Value.Sessions;
            while (sessions.Count > 0)
            {
                var session = sessions[^1];
                sessions.RemoveAt(sessions.Count - 1);
                if (sessions.Count == 0)
                    Remove(node);
                if (session.Expires > now)
                    return session;
                session.Dispose();
            }
            return null;
        }
    }

    private void Touch(LinkedListNode<Entry> node)
    {
        _byUse.Remove(node);
        _byUse.AddFirst(node);
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        _entries.Remove(node.Value.Key);
        _byUse.Remove(node);
        foreach (var session in node.Value.Sessions)
            session.Dispose();
    }

    private sealed record Entry(SessionKey Key, List<ClientSession> Sessions);
}

/// <summary>What must be the same for a session to be resumed.</summary>
internal sealed record SessionKey(string? TargetHost, CertificateVerifier? Verifier, object? Identity, string PreSharedKeys, string ApplicationProtocols)
{
    // Without a name, it is the keys that say who the server is.
    public static SessionKey? Of(TlsClientOptions options) => options.TargetHost == null && options.PreSharedKeys.Count == 0 ? null : new SessionKey(
        options.TargetHost,
        options.DangerousAcceptAnyCertificate ? null : options.CertificateVerifier,
        options.IdentitySelector ?? (object?)options.Identity,
        string.Join(' ', options.PreSharedKeys.Select(key => $"{key.Kind}:{Convert.ToHexString(key.Identity.Span)}:{Convert.ToHexString(key.Context.Span)}:{Convert.ToHexString(key.Fingerprint())}")),
        string.Join('\0', options.ApplicationProtocols.Select(protocol => Convert.ToHexString(protocol.Protocol.Span)).Order(StringComparer.Ordinal)));
}

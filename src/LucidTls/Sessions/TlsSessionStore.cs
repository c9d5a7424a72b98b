using System.Security.Cryptography;

namespace LucidTls.Sessions;

/// <summary>TLS 1.2 sessions in this process's memory, as many as are allowed; the oldest go first.</summary>
public sealed class TlsSessionStore : ITlsSessionStore
{
    private readonly Lock _lock = new();
    private readonly int _capacity;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _byAge = [];

    /// <summary>An empty store.</summary>
    /// <param name="capacity">How many sessions are kept.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public TlsSessionStore(int capacity = 20_000, TimeProvider? time = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _capacity = capacity;
        _time = time ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    public ValueTask StoreAsync(ReadOnlyMemory<byte> id, ReadOnlyMemory<byte> session, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var name = Convert.ToHexString(id.Span);
        lock (_lock)
        {
            if (_entries.TryGetValue(name, out var old))
                Remove(old);
            _entries.Add(name, _byAge.AddLast(new Entry(name, session.ToArray(), _time.GetUtcNow() + lifetime)));
            if (_entries.Count > _capacity)
                Remove(_byAge.First!);
        }
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<byte[]?> FindAsync(ReadOnlyMemory<byte> id, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(Convert.ToHexString(id.Span), out var node))
                return ValueTask.FromResult<byte[]?>(null);
            if (node.Value.Expires > _time.GetUtcNow())
                return ValueTask.FromResult<byte[]?>(node.Value.Session.ToArray());
            Remove(node);
            return ValueTask.FromResult<byte[]?>(null);
        }
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        _entries.Remove(node.Value.Name);
        _byAge.Remove(node);
        CryptographicOperations.ZeroMemory(node.Value.Session);
    }

    private sealed record Entry(string Name, byte[] Session, DateTimeOffset Expires);
}

using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Sessions;

/// <summary>
/// Stateless tickets: the session sealed with AES-256-GCM under a key that changes by itself. A key seals for one period and opens
/// for as long as its tickets live, then it is wiped, and with it goes the way to read recorded tickets.
/// </summary>
public sealed class TicketKeyRing : ITlsTicketStore, IDisposable
{
    private const int NameLength = 16;
    private const int NonceLength = AeadKey.NonceLength;
    private const int TagLength = AeadKey.TagLength;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _period;
    private readonly LinkedList<Key> _keys = [];
    private bool _disposed;

    /// <summary>A ring with keys of its own.</summary>
    /// <param name="period">How long one key seals new tickets: a day at most, which is the default.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="ArgumentOutOfRangeException">The period is not between a second and a day.</exception>
    public TicketKeyRing(TimeSpan? period = null, TimeProvider? time = null)
    {
        _period = period ?? TimeSpan.FromDays(1);
        ArgumentOutOfRangeException.ThrowIfLessThan(_period, TimeSpan.FromSeconds(1), nameof(period));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_period, TimeSpan.FromDays(1), nameof(period));
        _time = time ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    public ValueTask<byte[]?> StoreAsync(ReadOnlyMemory<byte> session, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var ticket = new byte[NameLength + NonceLength + session.Length + TagLength];
        var name = ticket.AsSpan(0, NameLength);
        var nonce = ticket.AsSpan(NameLength, NonceLength);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var key = SealingKey(lifetime);
            key.Name.CopyTo(name);
            // One key seals for a day at most: random nonces of 96 bits are safe for 2^32 tickets.
            Randomness.Fill(nonce);
            var sealedSession = ticket.AsSpan(NameLength + NonceLength, session.Length);
            session.Span.CopyTo(sealedSession);
            key.Aead.Seal(nonce, sealedSession, ticket.AsSpan(ticket.Length - TagLength), name);
        }
        return ValueTask.FromResult<byte[]?>(ticket);
    }

    /// <inheritdoc/>
    public ValueTask<byte[]?> FindAsync(ReadOnlyMemory<byte> ticket, CancellationToken cancellationToken) => ValueTask.FromResult(Find(ticket.Span));

    /// <summary>Wipes all keys; no ticket opens afterwards.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var key in _keys)
                key.Aead.Dispose();
            _keys.Clear();
        }
    }

    private byte[]? Find(ReadOnlySpan<byte> ticket)
    {
        if (ticket.Length < NameLength + NonceLength + TagLength)
            return null;
        var name = ticket[..NameLength];
        var session = ticket[(NameLength + NonceLength)..^TagLength].ToArray();
        lock (_lock)
        {
            DropOldKeys();
            foreach (var key in _keys)
            {
                // The name is no secret: it travels in the clear.
                if (name.SequenceEqual(key.Name))
                    return key.Aead.Open(ticket.Slice(NameLength, NonceLength), session, ticket[^TagLength..], name) ? session : null;
            }
        }
        return null;
    }

    private Key SealingKey(TimeSpan lifetime)
    {
        DropOldKeys();
        var now = _time.GetUtcNow();
        if (_keys.First is not { Value: { } newest } || now >= newest.SealsUntil)
            newest = _keys.AddFirst(new Key(now + _period)).Value;
        if (newest.OpensUntil < now + lifetime)
            newest.OpensUntil = now + lifetime;
        return newest;
    }

    private void DropOldKeys()
    {
        var now = _time.GetUtcNow();
        while (_keys.Last is { Value: { } oldest } && now >= oldest.OpensUntil && now >= oldest.SealsUntil)
        {
            oldest.Aead.Dispose();
            _keys.RemoveLast();
        }
    }

    private sealed class Key
    {
        public Key(DateTimeOffset sealsUntil)
        {
            SealsUntil = OpensUntil = sealsUntil;
            Span<byte> key = stackalloc byte[32];
            RandomNumberGenerator.Fill(key);
            Aead = AesGcmSuite.KeyOf(key);
            CryptographicOperations.ZeroMemory(key);
        }

        public byte[] Name { get; } = RandomNumberGenerator.GetBytes(NameLength);
        public AeadKey Aead { get; }
        public DateTimeOffset SealsUntil { get; }
        public DateTimeOffset OpensUntil { get; set; }
    }
}

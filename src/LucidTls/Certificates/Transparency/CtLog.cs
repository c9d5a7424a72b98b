using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Certificates.Transparency;

/// <summary>What the keeper of a log list thinks of a log now. The names are those of the list's JSON.</summary>
public enum CtLogState
{
    /// <summary>Applied, not judged yet: its timestamps do not count.</summary>
    Pending,
    /// <summary>Accepted, not in all browsers yet: its timestamps count.</summary>
    Qualified,
    /// <summary>In use: its timestamps count.</summary>
    Usable,
    /// <summary>Takes no new certificates; its timestamps count.</summary>
    ReadOnly,
    /// <summary>No longer trusted: only timestamps inside certificates count, and only from before it was retired.</summary>
    Retired,
    /// <summary>Never accepted: its timestamps do not count.</summary>
    Rejected,
}

/// <summary>A certificate transparency log: its key, who runs it, and whether it is trusted (RFC 6962 §3).</summary>
public sealed class CtLog
{
    private VerificationKey? _verificationKey;

    internal CtLog(ReadOnlyMemory<byte> key, string description, string operatorName, CtLogState state, DateTimeOffset stateSince)
    {
        Key = key;
        Description = description;
        Operator = operatorName;
        State = state;
        StateSince = stateSince;
        // RFC 6962 §3.2: the id is the SHA-256 of the log's public key.
        Id = SHA256.HashData(key.Span);
    }

    /// <summary>SHA-256 of the key, 32 bytes: what timestamps name the log by.</summary>
    public ReadOnlyMemory<byte> Id { get; }

    /// <summary>The public key, a SubjectPublicKeyInfo in DER.</summary>
    public ReadOnlyMemory<byte> Key { get; }

    /// <summary>The log's name, for people.</summary>
    public string Description { get; }

    /// <summary>Who runs it now.</summary>
    public string Operator { get; }

    /// <summary>What the keeper of the list thinks of it.</summary>
    public CtLogState State { get; }

    /// <summary>Since when it is in that state.</summary>
    public DateTimeOffset StateSince { get; }

    /// <summary>It takes certificates that expire at that time or later; null for no limit.</summary>
    public DateTimeOffset? ExpiryFrom { get; internal init; }

    /// <summary>It takes certificates that expire before that time; null for no limit.</summary>
    public DateTimeOffset? ExpiryBefore { get; internal init; }

    /// <summary>Whether it serves RFC 6962's own interface, and not the tiles of the Static CT API.</summary>
    public bool IsRfc6962 { get; internal init; }

    /// <summary>Who ran it before, and until when, in the order of time.</summary>
    public IReadOnlyList<(string Operator, DateTimeOffset Until)> PreviousOperators { get; internal init; } = [];

    /// <summary>The name.</summary>
    public override string ToString() => Description;

    /// <summary>Who ran it when it made a timestamp.</summary>
    internal string OperatorAt(DateTimeOffset time)
    {
        foreach (var (name, until) in PreviousOperators)
        {
            if (time < until)
                return name;
        }
        return Operator;
    }

    /// <summary>The key, ready to verify with.</summary>
    /// <exception cref="CryptographicException">It cannot be used.</exception>
    internal VerificationKey VerificationKey => _verificationKey ??= VerificationKey.Import(Key.Span);
}

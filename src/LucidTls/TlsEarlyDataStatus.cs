namespace LucidTls;

/// <summary>What became of a client's early data, which is sent along with its ClientHello (0-RTT, RFC 8446 §2.3).</summary>
public enum TlsEarlyDataStatus
{
    /// <summary>None was sent: none was given, or there was no ticket that allows as much.</summary>
    NotOffered,
    /// <summary>It was sent and taken.</summary>
    Accepted,
    /// <summary>It was sent, and the server passed over it unread.</summary>
    Rejected,
}

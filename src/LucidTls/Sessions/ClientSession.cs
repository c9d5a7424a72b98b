using LucidTls.Certificates;
using LucidTls.Cryptography;

namespace LucidTls.Sessions;

/// <summary>A ticket with what a client needs to use it, once.</summary>
internal sealed class ClientSession : IDisposable
{
    public required CipherSuite CipherSuite { get; init; }
    public required ReadOnlyMemory<byte> Ticket { get; init; }
    public required Secret PreSharedKey { get; init; }
    public required uint AgeAdd { get; init; }
    public required DateTimeOffset Received { get; init; }

    /// <summary>When the server last proved itself with its certificate.</summary>
    public required DateTimeOffset Authenticated { get; init; }
    public required DateTimeOffset Expires { get; init; }

    /// <summary>Who the server proved to be in the handshake that the ticket comes from.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> ServerChain { get; init; }
    public required CertificateVerdict? Verdict { get; init; }
    public required SignatureScheme? ServerSignatureScheme { get; init; }

    /// <summary>RFC 8446 §4.2.11.1: the ticket's age in milliseconds plus ticket_age_add, modulo 2^32.</summary>
    public uint ObfuscatedAge(DateTimeOffset now) => unchecked((uint)(long)(now - Received).TotalMilliseconds + AgeAdd);

    public void Dispose() => PreSharedKey.Dispose();
}

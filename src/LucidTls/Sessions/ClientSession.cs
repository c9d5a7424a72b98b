using System.Net.Security;
using LucidTls.Certificates;
using LucidTls.Cryptography;

namespace LucidTls.Sessions;

/// <summary>A ticket, or a session id of TLS 1.2, with what a client needs to use it.</summary>
internal sealed class ClientSession : IDisposable
{
    public required TlsVersion Version { get; init; }
    public required CipherSuite CipherSuite { get; init; }

    /// <summary>The group of the handshake that the session comes from.</summary>
    public required NamedGroup Group { get; init; }

    /// <summary>RFC 7627 §5.3: a session is resumed with extended_master_secret exactly if it was made with it. Always true in TLS 1.3.</summary>
    public required bool ExtendedMasterSecret { get; init; }

    /// <summary>The ticket; empty for a session of TLS 1.2 that the server keeps under <see cref="SessionId"/>.</summary>
    public required ReadOnlyMemory<byte> Ticket { get; init; }

    /// <summary>In TLS 1.2, the session's id when there is no ticket.</summary>
    public ReadOnlyMemory<byte> SessionId { get; init; }

    /// <summary>The pre-shared key of TLS 1.3, or the master secret of TLS 1.2.</summary>
    public required Secret PreSharedKey { get; init; }
    public required uint AgeAdd { get; init; }
    public required DateTimeOffset Received { get; init; }

    /// <summary>When the server last proved itself with its certificate.</summary>
    public required DateTimeOffset Authenticated { get; init; }
    public required DateTimeOffset Expires { get; init; }

    /// <summary>How many bytes of early data the ticket allows (RFC 8446 §4.6.1); 0 for none.</summary>
    public uint MaxEarlyDataSize { get; init; }

    /// <summary>The application protocol that early data is for.</summary>
    public SslApplicationProtocol ApplicationProtocol { get; init; }

    /// <summary>Who the server proved to be in the handshake that the ticket comes from.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> ServerChain { get; init; }
    public required CertificateVerdict? Verdict { get; init; }
    public required SignatureScheme? ServerSignatureScheme { get; init; }

    /// <summary>The key given beforehand with which the server proved itself; null when it was a certificate.</summary>
    public TlsPreSharedKey? ExternalKey { get; init; }

    /// <summary>RFC 8446 §4.2.11.1: the ticket's age in milliseconds plus ticket_age_add, modulo 2^32.</summary>
    public uint ObfuscatedAge(DateTimeOffset now) => unchecked((uint)(long)(now - Received).TotalMilliseconds + AgeAdd);

    public void Dispose() => PreSharedKey.Dispose();
}

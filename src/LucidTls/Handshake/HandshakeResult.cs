namespace LucidTls.Handshake;

/// <summary>A finished handshake. It cannot be made without the evidence that the peer and its Finished were checked.</summary>
internal sealed class HandshakeResult(VerifiedPeer peer, VerifiedFinished finished, TlsSessionInfo session, Exporter exporter, TicketReceiver? tickets, ReadOnlyMemory<byte> earlyData = default)
{
    public VerifiedPeer Peer { get; } = peer;
    public VerifiedFinished Finished { get; } = finished;
    public TlsSessionInfo Session { get; } = session;
    public Exporter Exporter { get; } = exporter;

    /// <summary>Where a client's tickets go; null for a server, or when they are not wanted.</summary>
    public TicketReceiver? Tickets { get; } = tickets;

    /// <summary>Where a client's answers to requests after the handshake come from; null when it did not offer any.</summary>
    public PostHandshakeClient? ClientAuthentication { get; init; }

    /// <summary>With what a server asks after the handshake; null when it may not.</summary>
    public PostHandshakeServer? ServerAuthentication { get; init; }

    /// <summary>Whether the server's options say that it asks after the handshake, whatever the client offered.</summary>
    public bool WantsToAskLater { get; init; }

    /// <summary>The early data that a server took and did not hand to its handler.</summary>
    public ReadOnlyMemory<byte> EarlyData { get; } = earlyData;
}

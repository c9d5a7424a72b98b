namespace LucidTls.Protocol;

/// <summary>A ticket for resuming a TLS 1.2 session later (RFC 5077 §3.3).</summary>
internal sealed class Tls12NewSessionTicket : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.NewSessionTicket;

    /// <summary>How long the ticket may be kept; 0 when the server does not say.</summary>
    public required uint LifetimeHintSeconds { get; init; }

    /// <summary>Empty when the server has none to give after all.</summary>
    public required ReadOnlyMemory<byte> Ticket { get; init; }

    public static Tls12NewSessionTicket Parse(ReadOnlyMemory<byte> body)
    {
        var reader = new TlsReader(body, "NewSessionTicket");
        var message = new Tls12NewSessionTicket { LifetimeHintSeconds = reader.ReadUInt32(), Ticket = reader.ReadVector16() };
        reader.End();
        return message;
    }

    public void Write(TlsWriter writer)
    {
        writer.WriteUInt32(LifetimeHintSeconds);
        writer.WriteVector16(Ticket.Span);
    }
}

namespace LucidTls.Protocol;

/// <summary>A ticket for resuming later (RFC 8446 §4.6.1).</summary>
internal sealed class NewSessionTicket : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.NewSessionTicket;

    public required uint LifetimeSeconds { get; init; }
    public required uint AgeAdd { get; init; }
    public required ReadOnlyMemory<byte> Nonce { get; init; }
    public required ReadOnlyMemory<byte> Ticket { get; init; }
    public required ExtensionBlock Extensions { get; init; }

    /// <summary>How many bytes of early data may be sent under the ticket (RFC 8446 §4.6.1); 0 for none.</summary>
    public uint MaxEarlyDataSize { get; private set; }

    public static NewSessionTicket Parse(ReadOnlyMemory<byte> body)
    {
        var reader = new TlsReader(body, "NewSessionTicket");
        var message = new NewSessionTicket
        {
            LifetimeSeconds = reader.ReadUInt32(),
            AgeAdd = reader.ReadUInt32(),
            Nonce = reader.ReadVector8(),
            Ticket = reader.ReadVector16(1),
            Extensions = ExtensionBlock.Parse(ref reader, ExtensionPlace.NewSessionTicket),
        };
        reader.End();
        // RFC 8446 §4.6.1: "Servers MUST NOT use any value greater than 604800 seconds (7 days)."
        if (message.LifetimeSeconds > 604_800)
            throw new TlsException(TlsError.IllegalValue, $"a ticket's lifetime of {message.LifetimeSeconds} seconds");
        if (message.Extensions.TryGet(ExtensionType.EarlyData, out var earlyData))
        {
            var limit = new TlsReader(earlyData, "early_data");
            message.MaxEarlyDataSize = limit.ReadUInt32();
            limit.End();
        }
        return message;
    }

    public void Write(TlsWriter writer)
    {
        writer.WriteUInt32(LifetimeSeconds);
        writer.WriteUInt32(AgeAdd);
        writer.WriteVector8(Nonce.Span);
        writer.WriteVector16(Ticket.Span);
        Extensions.Write(writer);
    }
}

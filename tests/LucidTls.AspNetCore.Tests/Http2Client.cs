using System.Buffers.Binary;
using System.Text;

namespace LucidTls.AspNetCore.Tests;

/// <summary>As much of HTTP/2 (RFC 9113) as asking and hearing takes, by hand, since HTTP clients send nothing before the handshake is done.</summary>
internal sealed class Http2Client(Stream stream)
{
    private const int FrameHeader = 9;
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Settings = 4;
    private const byte GoAway = 7;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;
    private const byte Ack = 1;

    private readonly Dictionary<int, StringBuilder> _bodies = [];
    private readonly HashSet<int> _ended = [];

    /// <summary>What a connection begins with (RFC 9113 §3.4).</summary>
    public static byte[] Preface => [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, [])];

    /// <summary>A request without a body; with one that follows when <paramref name="hasBody"/>. RFC 7541: names from the static table, values as they are.</summary>
    public static byte[] Request(int id, string path, bool hasBody = false) =>
        Frame(Headers, (byte)(hasBody ? EndHeaders : EndHeaders | EndStream), id, [hasBody ? (byte)0x83 : (byte)0x82, 0x87, .. Literal(1, "localhost"), .. Literal(4, path)]);

    public static byte[] Body(int id, string text, bool isLast) => Frame(Data, isLast ? EndStream : (byte)0, id, Encoding.ASCII.GetBytes(text));

    /// <summary>Reads until the answer to a request is whole.</summary>
    /// <returns>Its body.</returns>
    public async Task<string> AnswerAsync(int id)
    {
        while (!_ended.Contains(id))
            await ReadFrameAsync();
        return _bodies.TryGetValue(id, out var body) ? body.ToString() : "";
    }

    /// <summary>Whether the whole answer has come; nothing is read.</summary>
    public bool HasAnswer(int id) => _ended.Contains(id);

    private async Task ReadFrameAsync()
    {
        var header = new byte[FrameHeader];
        await stream.ReadExactlyAsync(header, TestContext.Current.CancellationToken);
        var payload = new byte[header[0] << 16 | header[1] << 8 | header[2]];
        await stream.ReadExactlyAsync(payload, TestContext.Current.CancellationToken);
        var (type, flags, id) = (header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)));
        Assert.False(type is Reset or GoAway, $"The server ended stream {id} with frame {type}: {Convert.ToHexString(payload)}");
        if (type == Settings && flags != Ack)
            await stream.WriteAsync(Frame(Settings, Ack, 0, []), TestContext.Current.CancellationToken);
        if (type == Data)
            (_bodies.TryGetValue(id, out var body) ? body : _bodies[id] = new StringBuilder()).Append(Encoding.ASCII.GetString(payload));
        if (type is Data or Headers && (flags & EndStream) != 0)
            _ended.Add(id);
    }

    private static byte[] Literal(byte nameIndex, string value) => [nameIndex, (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    private static byte[] Frame(byte type, byte flags, int id, byte[] payload)
    {
        var frame = new byte[FrameHeader + payload.Length];
        (frame[0], frame[1], frame[2], frame[3], frame[4]) = ((byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), id);
        payload.CopyTo(frame, FrameHeader);
        return frame;
    }
}

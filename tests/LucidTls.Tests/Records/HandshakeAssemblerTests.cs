using CsCheck;
using LucidTls.Protocol;
using LucidTls.Records;
using LucidTls.Tests.Handshake.Scripting;

namespace LucidTls.Tests.Records;

/// <summary>Messages come out whole, however they were cut.</summary>
public sealed class HandshakeAssemblerTests
{
    [Fact]
    public void Messages_come_out_as_they_went_in_however_they_are_cut() =>
        Gen.Select(Gen.Byte.Array[0, 9000].Array[1, 5], Gen.Int[1, 5000]).Sample((bodies, piece) =>
        {
            using var assembler = new HandshakeAssembler();
            byte[] stream = [.. bodies.SelectMany((body, index) => Wire.Message(new HandshakeType((byte)index), body))];
            var taken = new List<byte[]>();
            for (var at = 0; at < stream.Length; at += piece)
            {
                assembler.Add(stream.AsSpan(at, Math.Min(piece, stream.Length - at)));
                while (assembler.TryTake(out var message))
                {
                    Assert.Equal(taken.Count, message.Type.Value);
                    taken.Add(message.Body.ToArray());
                }
            }
            Assert.Equal(bodies, taken);
            Assert.True(assembler.IsEmpty);
        }, iter: 200);

    [Fact]
    public void The_beginning_of_a_message_is_not_nothing()
    {
        using var assembler = new HandshakeAssembler();
        Assert.True(assembler.IsEmpty);
        assembler.Add([20]);
        Assert.False(assembler.IsEmpty);
        Assert.False(assembler.TryTake(out _));
    }

    [Fact]
    public void A_message_may_be_as_long_as_the_limit_and_no_longer()
    {
        using var assembler = new HandshakeAssembler();
        var body = new byte[RecordLimits.MaxHandshakeMessage - HandshakeMessage.HeaderLength];
        assembler.Add(Wire.Message(HandshakeType.Certificate, body));
        Assert.True(assembler.TryTake(out var message));
        Assert.Equal(RecordLimits.MaxHandshakeMessage, message.Bytes.Length);

        var length = body.Length + 1;
        assembler.Add([HandshakeType.Certificate.Value, (byte)(length >> 16), (byte)(length >> 8), (byte)length]);
        Assert.Equal(TlsError.MessageTooLong, Assert.Throws<TlsException>(() => assembler.TryTake(out _)).Error);
    }
}

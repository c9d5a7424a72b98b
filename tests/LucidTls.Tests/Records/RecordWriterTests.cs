using CsCheck;
using LucidTls.Cryptography;
using LucidTls.Protocol;
using LucidTls.Records;
using Record = LucidTls.Records.Record;

namespace LucidTls.Tests.Records;

/// <summary>What the writer frames and seals, the reader opens.</summary>
public sealed class RecordWriterTests
{
    [Fact]
    public void Content_comes_out_as_it_went_in_under_any_padding_and_any_pieces() =>
        Gen.Select(Gen.Byte.Array[0, 40_000], Gen.Int[0, 20_000], Gen.Int[1, 20_000], Gen.Bool).Sample((content, padding, piece, isProtected) =>
        {
            using var writer = new RecordWriter(RecordPadding.Custom(_ => padding));
            using var reader = new RecordReader();
            if (isProtected)
            {
                writer.Install(Keys());
                reader.Install(Keys());
            }
            var type = isProtected ? ContentType.ApplicationData : ContentType.Handshake;
            if (content.Length == 0 && !isProtected)
                return;
            writer.Append(type, content);
            byte[] read = [.. Read(reader, writer.Pending, piece).SelectMany(record =>
            {
                Assert.Equal(type, record.Type);
                return record.Content;
            })];
            Assert.Equal(content, read);
        }, iter: 200);

    [Fact]
    public void No_record_is_longer_than_allowed_whatever_the_padding_says()
    {
        using var writer = new RecordWriter(RecordPadding.Custom(_ => int.MaxValue));
        writer.Install(Keys());
        writer.Append(ContentType.ApplicationData, new byte[RecordLimits.MaxPlaintext + 1]);
        Assert.Equal([RecordLimits.MaxPlaintext + 17, RecordLimits.MaxPlaintext + 17], Lengths(writer.Pending.Span));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 256)]
    [InlineData(256, 256)]
    [InlineData(257, 512)]
    public void Padding_to_a_block_fills_it_up(int content, int padded)
    {
        using var writer = new RecordWriter(RecordPadding.ToBlock(256));
        writer.Install(Keys());
        writer.Append(ContentType.ApplicationData, new byte[content]);
        Assert.Equal([padded + 17], Lengths(writer.Pending.Span));
    }

    [Fact]
    public void A_lower_limit_cuts_content_into_smaller_records()
    {
        using var writer = new RecordWriter(RecordPadding.None) { MaxClearContent = 100 };
        writer.Append(ContentType.Handshake, new byte[250]);
        Assert.Equal([100, 100, 50], Lengths(writer.Pending.Span));
    }

    [Fact]
    public void Only_the_first_ClientHello_carries_0x0301()
    {
        using var client = TlsConnection.CreateClient(Connections.Fixture.ClientOptions());
        var output = new byte[client.PendingOutput];
        client.TakeOutput(output);
        Assert.Equal([22, 3, 1], output[..3]);
        using var server = TlsConnection.CreateServer(Connections.Fixture.ServerOptions());
        server.Receive(output);
        output = new byte[server.PendingOutput];
        server.TakeOutput(output);
        Assert.Equal([22, 3, 3], output[..3]);
    }

    [Fact]
    public void Sealed_content_does_not_show_in_the_record()
    {
        using var writer = new RecordWriter(RecordPadding.None);
        writer.Install(Keys());
        writer.Append(ContentType.ApplicationData, "this is the secret content"u8);
        Assert.True(writer.Pending.Span.IndexOf("secret"u8) < 0);
        Assert.Equal([23, 3, 3], writer.Pending[..3].ToArray());
    }

    private static TrafficKeys Keys() => CryptoProvider.Default.TryGetSuite(CipherSuite.Aes128GcmSha256, out var suite)
        ? new TrafficKeys(suite, new Secret(new byte[32]))
        : throw new InvalidOperationException();

    private static List<int> Lengths(ReadOnlySpan<byte> records)
    {
        var lengths = new List<int>();
        while (!records.IsEmpty)
        {
            lengths.Add(records[3] << 8 | records[4]);
            records = records[(RecordLimits.HeaderLength + lengths[^1])..];
        }
        return lengths;
    }

    private static List<(ContentType Type, byte[] Content)> Read(RecordReader reader, ReadOnlyMemory<byte> bytes, int piece)
    {
        var records = new List<(ContentType, byte[])>();
        while (true)
        {
            Record record;
            while (reader.TryRead(out record))
                records.Add((record.Type, record.Content.ToArray()));
            if (bytes.IsEmpty)
                return records;
            var space = reader.GetSpace();
            Assert.False(space.IsEmpty);
            var part = bytes[..Math.Min(Math.Min(piece, space.Length), bytes.Length)];
            part.CopyTo(space);
            reader.Added(part.Length);
            bytes = bytes[part.Length..];
        }
    }
}

using CsCheck;
using LucidTls.Protocol;

namespace LucidTls.Tests.Protocol;

/// <summary>The presentation language of RFC 8446 §3.</summary>
public sealed class TlsReaderTests
{
    [Fact]
    public void Integers_are_read_as_they_were_written() => Gen.Select(Gen.Byte, Gen.UShort, Gen.UInt, Gen.ULong).Sample((one, two, four, eight) =>
    {
        using var writer = new TlsWriter();
        writer.WriteUInt8(one);
        writer.WriteUInt16(two);
        writer.WriteUInt32(four);
        writer.WriteUInt64(eight);
        var reader = new TlsReader(writer.ToArray(), "test");
        Assert.Equal((one, two, four, eight), (reader.ReadUInt8(), reader.ReadUInt16(), reader.ReadUInt32(), reader.ReadUInt64()));
        reader.End();
    });

    [Fact]
    public void Vectors_are_read_as_they_were_written() => Gen.Select(Gen.Byte.Array[0, 255], Gen.Byte.Array[0, 3000], Gen.Byte.Array[0, 70_000]).Sample((small, middle, large) =>
    {
        using var writer = new TlsWriter();
        writer.WriteVector8(small);
        writer.WriteVector16(middle);
        writer.WriteVector24(large);
        var reader = new TlsReader(writer.ToArray(), "test");
        Assert.Equal(small, reader.ReadVector8().ToArray());
        Assert.Equal(middle, reader.ReadVector16().ToArray());
        Assert.Equal(large, reader.ReadVector24().ToArray());
        reader.End();
    }, iter: 50);

    [Fact]
    public void Numbers_are_big_endian()
    {
        var reader = new TlsReader(new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, "test");
        Assert.Equal((0x0102, 0x030405, 0x06070809u), (reader.ReadUInt16(), reader.ReadUInt24(), reader.ReadUInt32()));
    }

    [Fact]
    public void Bytes_left_over_are_malformed() => DemandMalformed(() => new TlsReader(new byte[1], "test").End());

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(255)]
    public void A_length_that_is_out_of_range_is_malformed(byte length) => DemandMalformed(() =>
    {
        var reader = new TlsReader((byte[])[length, .. new byte[255]], "test");
        reader.ReadVector8(1, 3);
    });

    [Fact]
    public void A_vector_that_ends_early_is_malformed()
    {
        DemandMalformed(() => new TlsReader(new byte[] { 2, 0 }, "test").ReadVector8());
        DemandMalformed(() => new TlsReader(new byte[] { 0xFF, 0xFF, 0 }, "test").ReadVector16());
        DemandMalformed(() => new TlsReader(new byte[] { 0xFF, 0xFF, 0xFF, 0 }, "test").ReadVector24());
        DemandMalformed(() => new TlsReader(new byte[] { 0 }, "test").ReadUInt16());
    }

    [Fact]
    public void A_nested_reader_sees_its_part_alone()
    {
        var outer = new TlsReader(new byte[] { 1, 7, 9 }, "test");
        var inner = outer.ReadNested8();
        Assert.Equal(7, inner.ReadUInt8());
        inner.End();
        Assert.Equal(9, outer.ReadUInt8());
    }

    [Fact]
    public void What_does_not_fit_its_length_is_a_bug_and_not_truncated()
    {
        using var writer = new TlsWriter();
        Assert.Throws<InvalidOperationException>(() => writer.WriteVector8(new byte[256]));
        Assert.Throws<InvalidOperationException>(() => writer.WriteVector16(new byte[65_536]));
    }

    [Fact]
    public void An_unfinished_length_frames_nothing()
    {
        using var writer = new TlsWriter();
        _ = writer.Length16();
        writer.WriteBytes(new byte[100]);
        DemandMalformed(() => new TlsReader(writer.ToArray(), "test").ReadVector16());
    }

    private static void DemandMalformed(Action read) => Assert.Equal(TlsError.Malformed, Assert.Throws<TlsException>(read).Error);
}

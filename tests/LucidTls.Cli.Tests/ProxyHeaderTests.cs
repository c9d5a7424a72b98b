using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using LucidTls.Cli.Serving;
using Microsoft.AspNetCore.Connections;

namespace LucidTls.Cli.Tests;

public sealed class ProxyHeaderTests
{
    private const string Signature = "0D0A0D0A000D0A515549540A";

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n", "192.0.2.1:56324", "198.51.100.2:443")]
    [InlineData("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", "255.255.255.255:65535", "0.0.0.0:0")]
    [InlineData("PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n", "[2001:db8::1]:1", "[2001:db8::2]:2")]
    [InlineData("PROXY UNKNOWN\r\n", null, null)]
    [InlineData("PROXY UNKNOWN whatever it says\r\n", null, null)]
    public void Lines_as_specified_are_read(string line, string? source, string? destination) => Read(Encoding.Latin1.GetBytes(line), source, destination);

    [Theory]
    [InlineData("21110010C0000201C6336402DC0401BB040001FF", "192.0.2.1:56324", "198.51.100.2:443")]
    [InlineData("2111000CC0000201C6336402DC0401BB", "192.0.2.1:56324", "198.51.100.2:443")]
    [InlineData("2121002420010DB800000000000000000000000120010DB800000000000000000000000200010002", "[2001:db8::1]:1", "[2001:db8::2]:2")]
    [InlineData("21000000", null, null)]
    [InlineData("20000000", null, null)]
    [InlineData("20FF0003ABCDEF", null, null)]
    public void Binary_headers_as_specified_are_read(string hex, string? source, string? destination) => Read(Convert.FromHexString(Signature + hex), source, destination);

    private static void Read(byte[] bytes, string? source, string? destination)
    {
        Assert.Equal(OperationStatus.Done, ProxyHeader.TryRead([.. bytes, 0x16, 0x03], out var header, out var length, out _));
        Assert.Equal(bytes.Length, length);
        Assert.Equal(source, header.Source?.ToString());
        Assert.Equal(destination, header.Destination?.ToString());
        // However it is cut, no part of it is taken for all of it, or for something wrong.
        for (var i = 0; i < bytes.Length; i++)
            Assert.Equal(OperationStatus.NeedMoreData, ProxyHeader.TryRead(bytes.AsSpan(0, i), out _, out _, out _));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 1 2 3\r\n")]
    [InlineData("PROXY TCP4  192.0.2.1 198.51.100.2 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 1 65536\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 +1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.01 198.51.100.2 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2 198.51.100.2 1 2\r\n")]
    [InlineData("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n")]
    [InlineData("PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n")]
    [InlineData("PROXY TCP6 fe80::1%eth0 2001:db8::2 1 2\r\n")]
    [InlineData("PROXY TCP6 [2001:db8::1] 2001:db8::2 1 2\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n\r\n")]
    [InlineData("PROXY UNKNOWNS\r\n")]
    [InlineData("PROXY UNKNOWN 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\r\n")]
    public void Lines_that_are_not_quite_right_are_refused(string line) => Refuse(Encoding.Latin1.GetBytes(line));

    [Theory]
    [InlineData("11110000", "version")]
    [InlineData("22110000", "command")]
    [InlineData("2112000CC0000201C6336402DC0401BB", "of no kind")]
    [InlineData("2111000BC0000201C6336402DC0401", "too short")]
    [InlineData("2111000EC0000201C6336402DC0401BB0400", "cut off")]
    [InlineData("21110010C0000201C6336402DC0401BB040002FF", "cut off")]
    [InlineData("21110013C0000201C6336402DC0401BB03000400000000", "checksum")]
    [InlineData("21110010C0000201C6336402DC0401BB03000100", "checksum")]
    [InlineData("21111000", "longer")]
    public void Binary_headers_that_are_not_quite_right_are_refused(string hex, string why) => Assert.Contains(why, Refuse(Convert.FromHexString(Signature + hex)), StringComparison.Ordinal);

    private static string Refuse(byte[] bytes)
    {
        Assert.Equal(OperationStatus.InvalidData, ProxyHeader.TryRead(bytes, out var header, out _, out var problem));
        Assert.Null(header.Source);
        Assert.NotEmpty(problem);
        return problem;
    }

    [Fact]
    public void A_right_checksum_is_accepted_and_any_changed_bit_is_not()
    {
        var header = Convert.FromHexString(Signature + "21110013C0000201C6336402DC0401BB03000400000000");
        var crc = Crc32C(header);
        for (var i = 0; i < 4; i++)
            header[^(4 - i)] = (byte)(crc >> 24 - 8 * i);
        Assert.Equal(OperationStatus.Done, ProxyHeader.TryRead(header, out var read, out _, out _));
        Assert.Equal("192.0.2.1:56324", read.Source!.ToString());
        for (var bit = 16 * 8; bit < 28 * 8; bit++)
        {
            var changed = (byte[])header.Clone();
            changed[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.Equal(OperationStatus.InvalidData, ProxyHeader.TryRead(changed, out _, out _, out _));
        }
    }

    // Bit by bit, from the polynomial.
    private static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var i = 0; i < 8; i++)
                crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82F63B78 : crc >> 1;
        }
        return ~crc;
    }

    [Theory]
    [InlineData("192.0.2.1:5", "198.51.100.2:443", "192.0.2.1:5")]
    [InlineData("[2001:db8::1]:5", "[2001:db8::2]:443", "[2001:db8::1]:5")]
    [InlineData("[::ffff:192.0.2.1]:5", "198.51.100.2:443", "192.0.2.1:5")]
    [InlineData("[fe80::1%3]:5", "[fe80::2%3]:443", "[fe80::1]:5")]
    [InlineData("192.0.2.1:5", "[2001:db8::2]:443", null)]
    public void What_is_written_is_read_back(string source, string destination, string? expected)
    {
        foreach (var version in Enum.GetValues<ProxyVersion>())
        {
            var written = new ProxyHeader(IPEndPoint.Parse(source), IPEndPoint.Parse(destination)).Write(version);
            Assert.Equal(OperationStatus.Done, ProxyHeader.TryRead(written, out var read, out var length, out _));
            Assert.Equal(written.Length, length);
            Assert.Equal(expected, read.Source?.ToString());
        }
    }

    [Fact]
    public async Task A_header_in_pieces_is_consumed_with_nothing_after_it()
    {
        var pipe = new Pipe();
        var reading = ProxyProtocol.ReadAsync(pipe.Reader);
        foreach (var b in "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\nhello"u8.ToArray())
            await pipe.Writer.WriteAsync(new[] { b }, TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();

        var (header, problem) = await reading;
        Assert.Null(problem);
        Assert.Equal("192.0.2.1:1", Convert.ToString(header!.Source, CultureInfo.InvariantCulture));
        using var rest = new StreamReader(pipe.Reader.AsStream());
        Assert.Equal("hello", await rest.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_connection_that_is_aborted_before_its_header_is_not_called_slow()
    {
        var pipe = new Pipe();
        await pipe.Writer.CompleteAsync(new ConnectionAbortedException());
        Assert.Equal((null, null), await ProxyProtocol.ReadAsync(pipe.Reader));
    }

    [Fact]
    public async Task A_header_that_ends_too_early_is_refused()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync("PROXY TCP4 192"u8.ToArray(), TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        var (header, problem) = await ProxyProtocol.ReadAsync(pipe.Reader);
        Assert.Null(header);
        Assert.Contains("ends within", problem, StringComparison.Ordinal);
    }
}

using System.Buffers;
using LucidTls.Cli.Serving;

namespace LucidTls.Fuzz;

/// <summary>The PROXY protocol's header: bounded, final once decided, and the same when written and read again.</summary>
internal static class ProxyHeaders
{
    public static List<byte[]> Seeds { get; } =
    [
        "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"u8.ToArray(),
        "PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n"u8.ToArray(),
        "PROXY UNKNOWN\r\n"u8.ToArray(),
        Convert.FromHexString("0D0A0D0A000D0A515549540A21110010C0000201C6336402DC0401BB040001FF"),
        Convert.FromHexString("0D0A0D0A000D0A515549540A2121002420010DB800000000000000000000000120010DB800000000000000000000000200010002"),
        Convert.FromHexString("0D0A0D0A000D0A515549540A20000000"),
    ];

    public static void Run(byte[] data)
    {
        var status = ProxyHeader.TryRead(data, out var header, out var length, out _);
        if (status == OperationStatus.NeedMoreData && data.Length >= ProxyHeader.MostBytes)
            throw new InvalidOperationException("More than the most bytes are asked for.");
        if (status != OperationStatus.Done)
            return;
        if (length > data.Length || ProxyHeader.TryRead(data.AsSpan(0, length), out var again, out _, out _) != OperationStatus.Done || again != header)
            throw new InvalidOperationException("What follows a header changes it.");
        if (length > 0 && ProxyHeader.TryRead(data.AsSpan(0, length - 1), out _, out _, out _) != OperationStatus.NeedMoreData)
            throw new InvalidOperationException("A header that is cut off is taken for another.");
        foreach (var version in Enum.GetValues<ProxyVersion>())
        {
            var written = header.Write(version);
            if (ProxyHeader.TryRead(written, out var read, out var size, out _) != OperationStatus.Done || size != written.Length || !read.Write(version).AsSpan().SequenceEqual(written))
                throw new InvalidOperationException("A header is not read as it was written.");
        }
    }
}

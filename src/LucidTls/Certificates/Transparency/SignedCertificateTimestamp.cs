using System.Diagnostics.CodeAnalysis;
using LucidTls.Protocol;

namespace LucidTls.Certificates.Transparency;

/// <summary>A SignedCertificateTimestamp of version 1 (RFC 6962 §3.2).</summary>
internal sealed class SignedCertificateTimestamp
{
    private const int MostTimestamps = 32;
    private const ulong LatestMilliseconds = 253_402_300_799_999;

    private SignedCertificateTimestamp()
    {
    }

    /// <summary>32 bytes.</summary>
    public required ReadOnlyMemory<byte> LogId { get; init; }

    /// <summary>Milliseconds since 1970, leap seconds not counted.</summary>
    public required ulong Milliseconds { get; init; }
    public required ReadOnlyMemory<byte> Extensions { get; init; }
    public required SignatureScheme Scheme { get; init; }
    public required ReadOnlyMemory<byte> Signature { get; init; }

    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Min(Milliseconds, LatestMilliseconds));

    /// <summary>A SignedCertificateTimestampList (RFC 6962 §3.3): at least one, those of other versions left out.</summary>
    /// <param name="list">All of the list, length included.</param>
    /// <param name="timestamps">Those of version 1.</param>
    public static bool TryParseList(ReadOnlyMemory<byte> list, [NotNullWhen(true)] out IReadOnlyList<SignedCertificateTimestamp>? timestamps)
    {
        try
        {
            timestamps = ParseList(list);
            return true;
        }
        catch (TlsException)
        {
            timestamps = null;
            return false;
        }
    }

    private static List<SignedCertificateTimestamp> ParseList(ReadOnlyMemory<byte> list)
    {
        var outer = new TlsReader(list, "the list of timestamps");
        var items = outer.ReadNested16(least: 1);
        outer.End();
        var timestamps = new List<SignedCertificateTimestamp>(4);
        for (var count = 0; !items.IsEmpty; count++)
        {
            if (count == MostTimestamps)
                throw items.Malformed($"more than {MostTimestamps} timestamps");
            var item = items.ReadVector16(least: 1);
            // "so that later versions can be skipped over": only version 1 (0) is known.
            if (item.Span[0] == 0)
                timestamps.Add(Parse(item));
        }
        return timestamps;
    }

    private static SignedCertificateTimestamp Parse(ReadOnlyMemory<byte> item)
    {
        var reader = new TlsReader(item, "a timestamp");
        reader.ReadUInt8();
        var timestamp = new SignedCertificateTimestamp
        {
            LogId = reader.ReadBytes(32),
            Milliseconds = reader.ReadUInt64(),
            Extensions = reader.ReadVector16(),
            Scheme = new SignatureScheme(reader.ReadUInt16()),
            Signature = reader.ReadVector16(),
        };
        reader.End();
        return timestamp;
    }
}

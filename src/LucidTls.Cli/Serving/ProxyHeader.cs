using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text;

namespace LucidTls.Cli.Serving;

/// <summary>Which form of the PROXY protocol's header is written.</summary>
internal enum ProxyVersion
{
    /// <summary>A line of text.</summary>
    V1,

    /// <summary>Binary.</summary>
    V2,
}

/// <summary>
/// The header of the PROXY protocol (HAProxy's specification, versions 1 and 2): whose connection it is that a proxy passes on.
/// It is read strictly: what is not exactly as specified is refused, since a header that two readers understand differently lets a client choose its address.
/// </summary>
/// <param name="Source">The client; null when the proxy does not say, or speaks for itself.</param>
/// <param name="Destination">Where the client connected to; null when <paramref name="Source"/> is.</param>
internal sealed record ProxyHeader(IPEndPoint? Source, IPEndPoint? Destination)
{
    /// <summary>The most bytes that a header may have, with all that proxies attach to it.</summary>
    public const int MostBytes = 4096;

    private const int MostLineBytes = 107;
    private const int FixedBytes = 16;
    private const byte Checksum = 0x03;

    private static readonly ProxyHeader Unknown = new(null, null);

    private static ReadOnlySpan<byte> LineStart => "PROXY "u8;
    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Reads the header that the bytes begin with.</summary>
    /// <param name="bytes">What has come so far, or its first <see cref="MostBytes"/>.</param>
    /// <param name="header">The header, when it is there.</param>
    /// <param name="length">How many bytes it takes.</param>
    /// <param name="problem">What is wrong, when something is.</param>
    /// <returns>Done, NeedMoreData or InvalidData.</returns>
    public static OperationStatus TryRead(ReadOnlySpan<byte> bytes, out ProxyHeader header, out int length, out string problem)
    {
        header = Unknown;
        length = 0;
        problem = "";
        var status = OperationStatus.InvalidData;
        if (StartsAs(bytes, LineStart))
            status = bytes.Length < LineStart.Length ? OperationStatus.NeedMoreData : ReadLine(bytes, out header, out length, out problem);
        else if (StartsAs(bytes, Signature))
            status = bytes.Length < FixedBytes ? OperationStatus.NeedMoreData : ReadBinary(bytes, out header, out length, out problem);
        else
            problem = "it does not begin with a header of the PROXY protocol";
        return status;
    }

    /// <summary>The header as bytes. Addresses that are no pair of one family are written as unknown.</summary>
    public byte[] Write(ProxyVersion version)
    {
        var (source, destination) = Pair();
        return version == ProxyVersion.V1 ? WriteLine(source, destination) : WriteBinary(source, destination);
    }

    private static bool StartsAs(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> start)
    {
        var common = Math.Min(bytes.Length, start.Length);
        return bytes[..common].SequenceEqual(start[..common]);
    }

    private static OperationStatus ReadLine(ReadOnlySpan<byte> bytes, out ProxyHeader header, out int length, out string problem)
    {
        header = Unknown;
        problem = "";
        var line = bytes[..Math.Min(bytes.Length, MostLineBytes)];
        var end = line.IndexOf("\r\n"u8);
        length = end + 2;
        if (end < 0)
        {
            if (bytes.Length < MostLineBytes)
                return OperationStatus.NeedMoreData;
            problem = $"its line is longer than {MostLineBytes} bytes";
            return OperationStatus.InvalidData;
        }
        line = line[LineStart.Length..end];
        // What follows UNKNOWN is to be ignored.
        if (line.SequenceEqual("UNKNOWN"u8) || line.StartsWith("UNKNOWN "u8))
            return OperationStatus.Done;
        var parts = Encoding.Latin1.GetString(line).Split(' ');
        if (parts is [("TCP4" or "TCP6") and var family, var source, var destination, var sourcePort, var destinationPort]
            && TryAddress(source, family == "TCP6", out var from) && TryAddress(destination, family == "TCP6", out var to)
            && TryNumber(sourcePort, ushort.MaxValue, out var fromPort) && TryNumber(destinationPort, ushort.MaxValue, out var toPort))
        {
            header = new ProxyHeader(new IPEndPoint(from, fromPort), new IPEndPoint(to, toPort));
            return OperationStatus.Done;
        }
        problem = "its line is none of TCP4 or TCP6 with two addresses and two ports, or UNKNOWN";
        return OperationStatus.InvalidData;
    }

    private static bool TryAddress(string text, bool isV6, out IPAddress address)
    {
        address = IPAddress.None;
        if (isV6)
            return text.Contains(':', StringComparison.Ordinal) && text.All(c => char.IsAsciiHexDigit(c) || c is ':' or '.') && IPAddress.TryParse(text, out address!);
        var octets = text.Split('.');
        if (octets.Length != 4)
            return false;
        Span<byte> bytes = stackalloc byte[4];
        for (var i = 0; i < bytes.Length; i++)
        {
            if (!TryNumber(octets[i], byte.MaxValue, out var octet))
                return false;
            bytes[i] = (byte)octet;
        }
        address = new IPAddress(bytes);
        return true;
    }

    // Neither sign nor space nor leading zero.
    private static bool TryNumber(string text, int most, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= most && (text.Length == 1 || text[0] != '0');

    private static OperationStatus ReadBinary(ReadOnlySpan<byte> bytes, out ProxyHeader header, out int length, out string problem)
    {
        header = Unknown;
        problem = "";
        length = FixedBytes + BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        var (command, family) = (bytes[12], bytes[13]);
        int? addresses = family switch { 0x00 => 0, 0x11 => 12, 0x21 => 36, 0x31 => 216, _ => null };
        if (command is not (0x20 or 0x21))
            problem = "its version is not 2, or its command neither LOCAL nor PROXY";
        else if (length > MostBytes)
            problem = $"it is longer than {MostBytes} bytes";
        // LOCAL: the proxy speaks for itself, and what it says of addresses is to be ignored.
        else if (command == 0x21 && addresses is null)
            problem = "its addresses are of no kind that a TCP connection has";
        else if (command == 0x21 && length - FixedBytes < addresses)
            problem = "it is too short for its addresses";
        if (problem.Length > 0)
            return OperationStatus.InvalidData;
        if (bytes.Length < length)
            return OperationStatus.NeedMoreData;
        if (command == 0x20)
            return OperationStatus.Done;

        var whole = bytes[..length];
        if (!AreAttachmentsGood(whole, FixedBytes + addresses!.Value, out problem))
            return OperationStatus.InvalidData;
        var size = family switch { 0x11 => 4, 0x21 => 16, _ => 0 };
        if (size > 0)
        {
            var body = whole[FixedBytes..];
            header = new ProxyHeader(
                new IPEndPoint(new IPAddress(body[..size]), BinaryPrimitives.ReadUInt16BigEndian(body[(2 * size)..])),
                new IPEndPoint(new IPAddress(body[size..(2 * size)]), BinaryPrimitives.ReadUInt16BigEndian(body[(2 * size + 2)..])));
        }
        return OperationStatus.Done;
    }

    /// <summary>Whether what follows the addresses fills the header exactly, and a checksum in it is right.</summary>
    private static bool AreAttachmentsGood(ReadOnlySpan<byte> header, int at, out string problem)
    {
        problem = "";
        while (at < header.Length)
        {
            var length = header.Length - at < 3 ? int.MaxValue : BinaryPrimitives.ReadUInt16BigEndian(header[(at + 1)..]);
            if (length > header.Length - at - 3)
            {
                problem = "what it has after its addresses is cut off";
                return false;
            }
            if (header[at] == Checksum && (length != 4 || BinaryPrimitives.ReadUInt32BigEndian(header[(at + 3)..]) != ChecksumOf(header, at + 3)))
            {
                problem = "its checksum is wrong";
                return false;
            }
            at += 3 + length;
        }
        return true;
    }

    /// <summary>CRC-32C over the header with zeros in place of the checksum.</summary>
    private static uint ChecksumOf(ReadOnlySpan<byte> header, int checksumAt)
    {
        var crc = uint.MaxValue;
        for (var i = 0; i < header.Length; i++)
            crc = BitOperations.Crc32C(crc, i >= checksumAt && i < checksumAt + 4 ? (byte)0 : header[i]);
        return ~crc;
    }

    private (IPEndPoint? Source, IPEndPoint? Destination) Pair()
    {
        if (Source is null || Destination is null)
            return (null, null);
        var (source, destination) = (Plain(Source), Plain(Destination));
        return source.AddressFamily == destination.AddressFamily ? (source, destination) : (null, null);
    }

    // An address of IPv4 that a socket of IPv6 shows as one of its own; no scope, which means nothing elsewhere.
    private static IPEndPoint Plain(IPEndPoint end) =>
        new(end.Address.IsIPv4MappedToIPv6 ? end.Address.MapToIPv4() : new IPAddress(end.Address.GetAddressBytes()), end.Port);

    private static byte[] WriteLine(IPEndPoint? source, IPEndPoint? destination) => source is null || destination is null
        ? "PROXY UNKNOWN\r\n"u8.ToArray()
        : Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"PROXY {(IsV6(source) ? "TCP6" : "TCP4")} {source.Address} {destination.Address} {source.Port} {destination.Port}\r\n"));

    private static byte[] WriteBinary(IPEndPoint? source, IPEndPoint? destination)
    {
        var header = new List<byte>([.. Signature, 0x21]);
        if (source is null || destination is null)
            return [.. header, 0, 0, 0];
        byte[] body = [.. source.Address.GetAddressBytes(), .. destination.Address.GetAddressBytes(), (byte)(source.Port >> 8), (byte)source.Port, (byte)(destination.Port >> 8), (byte)destination.Port];
        return [.. header, (byte)(IsV6(source) ? 0x21 : 0x11), 0, (byte)body.Length, .. body];
    }

    private static bool IsV6(IPEndPoint end) => end.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
}

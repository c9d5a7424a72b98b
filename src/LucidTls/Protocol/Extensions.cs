using System.Net.Security;
using System.Text;

namespace LucidTls.Protocol;

/// <summary>A group with key_exchange bytes (RFC 8446 §4.2.8).</summary>
internal readonly record struct KeyShareEntry(NamedGroup Group, ReadOnlyMemory<byte> KeyExchange);

/// <summary>How many tickets a client wants after a full and after a resumed handshake (RFC 9149 §3).</summary>
internal readonly record struct TicketRequest(byte AfterFull, byte AfterResumed);

/// <summary>The contents of extensions: each parser takes all of its input, and its writer stands below it.</summary>
internal static class Extensions
{
    public static byte[] Build(Action<TlsWriter> write)
    {
        using var writer = new TlsWriter();
        write(writer);
        return writer.ToArray();
    }

    // server_name, RFC 6066 §3

    public static string ParseServerName(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "server_name");
        var list = reader.ReadNested16(1);
        reader.End();
        var nameType = list.ReadUInt8();
        var name = list.ReadVector16(1);
        // RFC 6066 §3: only host_name is defined, and "MUST NOT contain more than one name of the same name_type".
        if (nameType != 0)
            throw list.Malformed($"a name of type {nameType}");
        list.End();
        foreach (var letter in name.Span)
        {
            if (letter is <= 0x20 or >= 0x7F)
                throw list.Malformed("a host name that is not ASCII");
        }
        return Encoding.ASCII.GetString(name.Span);
    }

    public static byte[] BuildServerName(string name) => Build(writer =>
    {
        using (writer.Length16())
        {
            writer.WriteUInt8(0);
            writer.WriteVector16(Encoding.ASCII.GetBytes(name));
        }
    });

    // supported_versions, RFC 8446 §4.2.1

    public static TlsVersion[] ParseOfferedVersions(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "supported_versions");
        var list = reader.ReadNested8(2, 254);
        reader.End();
        return ReadCodes(ref list, value => new TlsVersion(value));
    }

    public static byte[] BuildOfferedVersions(IEnumerable<TlsVersion> versions) => Build(writer =>
    {
        using (writer.Length8())
        {
            foreach (var version in versions)
                writer.WriteUInt16(version.Value);
        }
    });

    public static TlsVersion ParseSelectedVersion(ReadOnlyMemory<byte> data) => new(ParseUInt16(data, "supported_versions"));

    public static byte[] BuildSelectedVersion(TlsVersion version) => Build(writer => writer.WriteUInt16(version.Value));

    // supported_groups, RFC 8446 §4.2.7

    public static NamedGroup[] ParseGroups(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "supported_groups");
        var list = reader.ReadNested16(2);
        reader.End();
        return ReadCodes(ref list, value => new NamedGroup(value));
    }

    public static byte[] BuildGroups(IEnumerable<NamedGroup> groups) => Build(writer =>
    {
        using (writer.Length16())
        {
            foreach (var group in groups)
                writer.WriteUInt16(group.Value);
        }
    });

    // signature_algorithms and signature_algorithms_cert, RFC 8446 §4.2.3

    public static SignatureScheme[] ParseSignatureSchemes(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "signature_algorithms");
        var list = reader.ReadNested16(2, ushort.MaxValue - 1);
        reader.End();
        return ReadCodes(ref list, value => new SignatureScheme(value));
    }

    public static byte[] BuildSignatureSchemes(IEnumerable<SignatureScheme> schemes) => Build(writer =>
    {
        using (writer.Length16())
        {
            foreach (var scheme in schemes)
                writer.WriteUInt16(scheme.Value);
        }
    });

    // application_layer_protocol_negotiation, RFC 7301 §3.1

    public static SslApplicationProtocol[] ParseProtocols(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "application_layer_protocol_negotiation");
        var list = reader.ReadNested16(2);
        reader.End();
        var protocols = new List<SslApplicationProtocol>();
        while (!list.IsEmpty)
            protocols.Add(new SslApplicationProtocol(list.ReadVector8(1).ToArray()));
        return [.. protocols];
    }

    public static byte[] BuildProtocols(IEnumerable<SslApplicationProtocol> protocols) => Build(writer =>
    {
        using (writer.Length16())
        {
            foreach (var protocol in protocols)
                writer.WriteVector8(protocol.Protocol.Span);
        }
    });

    // key_share, RFC 8446 §4.2.8

    public static KeyShareEntry[] ParseClientShares(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "key_share");
        var list = reader.ReadNested16();
        reader.End();
        var shares = new List<KeyShareEntry>();
        while (!list.IsEmpty)
            shares.Add(ReadShare(ref list));
        return [.. shares];
    }

    public static byte[] BuildClientShares(IEnumerable<KeyShareEntry> shares) => Build(writer =>
    {
        using (writer.Length16())
        {
            foreach (var share in shares)
                WriteShare(writer, share);
        }
    });

    public static KeyShareEntry ParseServerShare(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "key_share");
        var share = ReadShare(ref reader);
        reader.End();
        return share;
    }

    public static byte[] BuildServerShare(KeyShareEntry share) => Build(writer => WriteShare(writer, share));

    public static NamedGroup ParseSelectedGroup(ReadOnlyMemory<byte> data) => new(ParseUInt16(data, "key_share"));

    public static byte[] BuildSelectedGroup(NamedGroup group) => Build(writer => writer.WriteUInt16(group.Value));

    // cookie, RFC 8446 §4.2.2

    public static ReadOnlyMemory<byte> ParseCookie(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "cookie");
        var cookie = reader.ReadVector16(1);
        reader.End();
        return cookie;
    }

    public static byte[] BuildCookie(ReadOnlyMemory<byte> cookie) => Build(writer => writer.WriteVector16(cookie.Span));

    // certificate_authorities, RFC 8446 §4.2.4

    public static ReadOnlyMemory<byte>[] ParseAuthorities(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "certificate_authorities");
        var list = reader.ReadNested16(3);
        reader.End();
        var names = new List<ReadOnlyMemory<byte>>();
        while (!list.IsEmpty)
            names.Add(list.ReadVector16(1));
        return [.. names];
    }

    public static byte[] BuildAuthorities(IReadOnlyList<ReadOnlyMemory<byte>> names) => Build(writer => WriteAuthorities(writer, names));

    public static void WriteAuthorities(TlsWriter writer, IReadOnlyList<ReadOnlyMemory<byte>> names)
    {
        using (writer.Length16())
        {
            for (var i = 0; i < names.Count; i++)
                writer.WriteVector16(names[i].Span);
        }
    }

    // psk_key_exchange_modes, RFC 8446 §4.2.9

    public static byte[] ParsePskModes(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "psk_key_exchange_modes");
        var modes = reader.ReadVector8(1);
        reader.End();
        return modes.ToArray();
    }

    public static byte[] BuildPskModes(ReadOnlySpan<byte> modes)
    {
        using var writer = new TlsWriter();
        writer.WriteVector8(modes);
        return writer.ToArray();
    }

    // pre_shared_key in ServerHello, RFC 8446 §4.2.11

    public static ushort ParseSelectedIdentity(ReadOnlyMemory<byte> data) => ParseUInt16(data, "pre_shared_key");

    public static byte[] BuildSelectedIdentity(ushort identity) => Build(writer => writer.WriteUInt16(identity));

    // early_data in NewSessionTicket, RFC 8446 §4.2.10

    public static byte[] BuildMaxEarlyDataSize(int size) => Build(writer => writer.WriteUInt32((uint)size));

    // ticket_request, RFC 9149 §3

    public static TicketRequest ParseTicketRequest(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "ticket_request");
        var request = new TicketRequest(reader.ReadUInt8(), reader.ReadUInt8());
        reader.End();
        return request;
    }

    public static byte[] BuildTicketRequest(TicketRequest request) => [request.AfterFull, request.AfterResumed];

    /// <summary>How many tickets the server will send.</summary>
    public static byte ParseExpectedTickets(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "ticket_request");
        var count = reader.ReadUInt8();
        reader.End();
        return count;
    }

    // signed_certificate_timestamp, RFC 6962 §3.3

    /// <summary>A SignedCertificateTimestampList: at least one, none of them empty. What is inside concerns the verifier.</summary>
    public static ReadOnlyMemory<byte> ParseTimestamps(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "signed_certificate_timestamp");
        var list = reader.ReadNested16(1);
        reader.End();
        while (!list.IsEmpty)
            list.ReadVector16(1);
        return data;
    }

    public static byte[] BuildTimestamps(IEnumerable<ReadOnlyMemory<byte>> timestamps) => Build(writer =>
    {
        using (writer.Length16())
        {
            foreach (var timestamp in timestamps)
                writer.WriteVector16(timestamp.Span);
        }
    });

    // status_request, RFC 6066 §8 and RFC 8446 §4.4.2.1

    private const byte OcspStatus = 1;

    /// <summary>What a client offers: OCSP, no responder named, nothing asked of it.</summary>
    public static byte[] BuildStatusRequest() => [OcspStatus, 0, 0, 0, 0];

    /// <summary>The OCSP response in a CertificateStatus.</summary>
    public static ReadOnlyMemory<byte> ParseCertificateStatus(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "status_request");
        var type = reader.ReadUInt8();
        if (type != OcspStatus)
            throw new TlsException(TlsError.IllegalValue, $"a certificate status of type {type}");
        var response = reader.ReadVector24(1);
        reader.End();
        return response;
    }

    public static byte[] BuildCertificateStatus(ReadOnlyMemory<byte> response) => Build(writer =>
    {
        writer.WriteUInt8(OcspStatus);
        writer.WriteVector24(response.Span);
    });

    // max_fragment_length, RFC 6066 §4

    /// <summary>2^9 to 2^12 bytes, as 1 to 4; anything else is an illegal_parameter.</summary>
    public static int ParseMaxFragmentLength(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "max_fragment_length");
        var code = reader.ReadUInt8();
        reader.End();
        return code is >= 1 and <= 4 ? 1 << (8 + code) : throw new TlsException(TlsError.IllegalValue, $"a max_fragment_length of {code}");
    }

    // record_size_limit, RFC 8449 §4

    public static byte[] BuildRecordSizeLimit(ushort limit) => Build(writer => writer.WriteUInt16(limit));

    public static ushort ParseRecordSizeLimit(ReadOnlyMemory<byte> data)
    {
        var limit = ParseUInt16(data, "record_size_limit");
        // RFC 8449 §4: "Endpoints MUST NOT send a 'record_size_limit' extension with a value smaller than 64."
        return limit >= 64 ? limit : throw new TlsException(TlsError.IllegalValue, $"a record_size_limit of {limit}");
    }

    /// <summary>An extension that carries nothing must carry nothing.</summary>
    public static void DemandEmpty(ReadOnlyMemory<byte> data, string name) => new TlsReader(data, name).End();

    private static KeyShareEntry ReadShare(ref TlsReader reader) => new(new NamedGroup(reader.ReadUInt16()), reader.ReadVector16(1));

    private static void WriteShare(TlsWriter writer, KeyShareEntry share)
    {
        writer.WriteUInt16(share.Group.Value);
        writer.WriteVector16(share.KeyExchange.Span);
    }

    private static ushort ParseUInt16(ReadOnlyMemory<byte> data, string name)
    {
        var reader = new TlsReader(data, name);
        var value = reader.ReadUInt16();
        reader.End();
        return value;
    }

    internal static T[] ReadCodes<T>(ref TlsReader list, Func<ushort, T> create)
    {
        var codes = new T[list.Remaining / 2];
        for (var i = 0; i < codes.Length; i++)
            codes[i] = create(list.ReadUInt16());
        list.End();
        return codes;
    }
}

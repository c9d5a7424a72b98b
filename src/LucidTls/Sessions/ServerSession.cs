using System.Net.Security;
using LucidTls.Cryptography;
using LucidTls.Protocol;

namespace LucidTls.Sessions;

/// <summary>What a server must know to resume: the content of a ticket, in a form of our own.</summary>
internal sealed class ServerSession
{
    private const byte Format = 4;
    private static readonly ulong MostMilliseconds = (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    public required TlsVersion Version { get; init; }
    public required CipherSuite CipherSuite { get; init; }
    public required DateTimeOffset Issued { get; init; }
    public required TimeSpan Lifetime { get; init; }
    public required string? ServerName { get; init; }
    public required IReadOnlyList<ReadOnlyMemory<byte>> ClientChain { get; init; }
    /// <summary>RFC 7627 §5.3: a session is resumed with extended_master_secret exactly if it was made with it. Always true in TLS 1.3.</summary>
    public required bool ExtendedMasterSecret { get; init; }

    /// <summary>The ticket's ticket_age_add (RFC 8446 §4.6.1).</summary>
    public uint AgeAdd { get; init; }

    /// <summary>How many bytes of early data the ticket allows; 0 for none.</summary>
    public int MaxEarlyDataSize { get; init; }

    /// <summary>The application protocol agreed on, which early data must be for.</summary>
    public SslApplicationProtocol ApplicationProtocol { get; init; }

    /// <summary>The group of the handshake that the session comes from.</summary>
    public required NamedGroup Group { get; init; }

    /// <summary>The pre-shared key of TLS 1.3, or the master secret of TLS 1.2.</summary>
    public required Secret PreSharedKey { get; init; }

    /// <summary>The key given beforehand with which the client proved itself; null when it did not.</summary>
    public SessionKeyProof? KeyProof { get; init; }

    /// <returns>The session, or null for bytes that this version of the library did not write.</returns>
    public static ServerSession? TryParse(ReadOnlyMemory<byte> state)
    {
        try
        {
            return Parse(state);
        }
        catch (TlsException)
        {
            return null;
        }
    }

    public byte[] ToBytes() => Extensions.Build(writer =>
    {
        writer.WriteUInt8(Format);
        writer.WriteUInt16(Version.Value);
        writer.WriteUInt16(CipherSuite.Value);
        writer.WriteUInt16(Group.Value);
        writer.WriteUInt8(ExtendedMasterSecret ? (byte)1 : (byte)0);
        writer.WriteUInt64((ulong)Issued.ToUnixTimeMilliseconds());
        writer.WriteUInt32((uint)Lifetime.TotalSeconds);
        writer.WriteVector16(ServerName == null ? default : System.Text.Encoding.ASCII.GetBytes(ServerName));
        using (writer.Length24())
        {
            foreach (var certificate in ClientChain)
                writer.WriteVector24(certificate.Span);
        }
        writer.WriteVector8(PreSharedKey.Span);
        writer.WriteUInt32(AgeAdd);
        writer.WriteUInt32((uint)MaxEarlyDataSize);
        writer.WriteVector8(ApplicationProtocol.Protocol.Span);
        writer.WriteUInt8(KeyProof == null ? (byte)0 : (byte)1);
        KeyProof?.Write(writer);
    });

    private static ServerSession? Parse(ReadOnlyMemory<byte> state)
    {
        var reader = new TlsReader(state, "ticket");
        if (reader.ReadUInt8() != Format)
            return null;
        var version = new TlsVersion(reader.ReadUInt16());
        var suite = new CipherSuite(reader.ReadUInt16());
        var group = new NamedGroup(reader.ReadUInt16());
        var extendedMasterSecret = reader.ReadUInt8() == 1;
        var issued = reader.ReadUInt64();
        if (issued > MostMilliseconds)
            throw reader.Malformed("a time that no calendar has");
        var lifetime = TimeSpan.FromSeconds(reader.ReadUInt32());
        var name = System.Text.Encoding.ASCII.GetString(reader.ReadVector16().Span);
        var chain = new List<ReadOnlyMemory<byte>>();
        var certificates = reader.ReadNested24();
        while (!certificates.IsEmpty)
            chain.Add(certificates.ReadVector24(1).ToArray());
        var key = reader.ReadVector8(32, 48);
        var ageAdd = reader.ReadUInt32();
        var maxEarlyDataSize = (int)Math.Min(reader.ReadUInt32(), int.MaxValue);
        var protocol = reader.ReadVector8();
        var keyProof = reader.ReadUInt8() == 0 ? null : SessionKeyProof.Read(ref reader);
        reader.End();
        return new ServerSession
        {
            Version = version,
            CipherSuite = suite,
            Group = group,
            ExtendedMasterSecret = extendedMasterSecret,
            Issued = DateTimeOffset.FromUnixTimeMilliseconds((long)issued),
            Lifetime = lifetime,
            ServerName = name.Length == 0 ? null : name,
            ClientChain = chain,
            PreSharedKey = new Secret(key.Span),
            AgeAdd = ageAdd,
            MaxEarlyDataSize = maxEarlyDataSize,
            ApplicationProtocol = protocol.IsEmpty ? default : new SslApplicationProtocol(protocol.ToArray()),
            KeyProof = keyProof,
        };
    }
}

using System.Security.Cryptography;
using LucidTls.Protocol;

namespace LucidTls.Sessions;

/// <summary>What a server's session keeps of the key given beforehand that the client holds: enough to ask for it again, and to see whether it is still the same.</summary>
internal sealed class SessionKeyProof
{
    private SessionKeyProof(bool isImported, ReadOnlyMemory<byte> identity, ReadOnlyMemory<byte> context, ReadOnlyMemory<byte> fingerprint)
    {
        IsImported = isImported;
        Identity = identity;
        Context = context;
        Fingerprint = fingerprint;
    }

    public bool IsImported { get; }
    public ReadOnlyMemory<byte> Identity { get; }
    public ReadOnlyMemory<byte> Context { get; }
    private ReadOnlyMemory<byte> Fingerprint { get; }

    public static SessionKeyProof Of(TlsPreSharedKey key) => new(key.IsImported, key.Identity, key.Context, key.Fingerprint());

    public bool Is(TlsPreSharedKey? key) =>
        key != null
        && key.IsImported == IsImported
        && key.Identity.Span.SequenceEqual(Identity.Span)
        && key.Context.Span.SequenceEqual(Context.Span)
        && CryptographicOperations.FixedTimeEquals(key.Fingerprint(), Fingerprint.Span);

    public void Write(TlsWriter writer)
    {
        writer.WriteUInt8(IsImported ? (byte)1 : (byte)0);
        writer.WriteVector16(Identity.Span);
        writer.WriteVector16(Context.Span);
        writer.WriteVector8(Fingerprint.Span);
    }

    /// <exception cref="TlsException">It is malformed.</exception>
    public static SessionKeyProof Read(ref TlsReader reader) =>
        new(reader.ReadUInt8() == 1, reader.ReadVector16(1).ToArray(), reader.ReadVector16().ToArray(), reader.ReadVector8(32, 32).ToArray());
}

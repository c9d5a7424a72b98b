namespace LucidTls.Protocol;

/// <summary>A pre-shared key that a client knows: a ticket with its obfuscated age in milliseconds, or an external key's name.</summary>
internal readonly record struct PskIdentity(ReadOnlyMemory<byte> Identity, uint ObfuscatedAge);

/// <summary>A ClientHello's pre_shared_key extension (RFC 8446 §4.2.11).</summary>
internal sealed class OfferedPsks
{
    /// <summary>More than any honest client offers.</summary>
    private const int MostIdentities = 16;

    public required IReadOnlyList<PskIdentity> Identities { get; init; }
    public required IReadOnlyList<ReadOnlyMemory<byte>> Binders { get; init; }

    /// <summary>The bytes of the list of binders with its length, at the very end of the ClientHello: what the binders do not cover.</summary>
    public int BindersLength => 2 + Binders.Sum(binder => 1 + binder.Length);

    public static OfferedPsks Parse(ReadOnlyMemory<byte> data)
    {
        var reader = new TlsReader(data, "pre_shared_key");
        var identityList = reader.ReadNested16(7);
        var binderList = reader.ReadNested16(33);
        reader.End();
        var identities = new List<PskIdentity>();
        while (!identityList.IsEmpty)
        {
            if (identities.Count == MostIdentities)
                throw identityList.Malformed($"more than {MostIdentities} identities");
            identities.Add(new PskIdentity(identityList.ReadVector16(1), identityList.ReadUInt32()));
        }
        var binders = new List<ReadOnlyMemory<byte>>();
        while (!binderList.IsEmpty)
            binders.Add(binderList.ReadVector8(32));
        // RFC 8446 §4.2.11: one binder for each identity, in the same order.
        return binders.Count == identities.Count
            ? new OfferedPsks { Identities = identities, Binders = binders }
            : throw new TlsException(TlsError.IllegalValue, $"{identities.Count} pre-shared key identities with {binders.Count} binders");
    }

    public byte[] Build() => Extensions.Build(writer =>
    {
        using (writer.Length16())
        {
            foreach (var (identity, age) in Identities)
            {
                writer.WriteVector16(identity.Span);
                writer.WriteUInt32(age);
            }
        }
        using (writer.Length16())
        {
            foreach (var binder in Binders)
                writer.WriteVector8(binder.Span);
        }
    });
}

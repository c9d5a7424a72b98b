namespace LucidTls.Protocol;

/// <summary>The certificate authorities that a server tells its clients, with their encoding, which is made once for all handshakes.</summary>
internal sealed class AuthorityNames
{
    private const int MostBytes = ushort.MaxValue;

    public static readonly AuthorityNames None = new([]);

    /// <param name="names">Distinguished names in DER.</param>
    /// <exception cref="ArgumentException">One of them is empty, or they are too long for a handshake message.</exception>
    public AuthorityNames(IEnumerable<ReadOnlyMemory<byte>> names)
    {
        Names = [.. names];
        // RFC 8446 §4.2.4 and RFC 5246 §7.4.4: opaque DistinguishedName<1..2^16-1>, and so many bytes for all of them.
        if (Names.Any(name => name.IsEmpty))
            throw new ArgumentException("The name of a certificate authority is empty.", nameof(names));
        if (LengthOf(Names) > MostBytes)
            throw new ArgumentException($"The names of the certificate authorities take {LengthOf(Names)} bytes with their lengths; a handshake message has room for {MostBytes}.", nameof(names));
        Encoded = Extensions.BuildAuthorities(Names);
    }

    public IReadOnlyList<ReadOnlyMemory<byte>> Names { get; }

    /// <summary>The list as it stands in a message, with the lengths of all and of each in front.</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>How many bytes they take, each with its length in front.</summary>
    public static long LengthOf(IEnumerable<ReadOnlyMemory<byte>> names) => names.Sum(name => 2L + name.Length);
}

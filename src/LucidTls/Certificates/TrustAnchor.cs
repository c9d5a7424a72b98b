using System.Net;
using System.Text;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates;

/// <summary>A certificate that is trusted without proof, for all it may issue or within limits. An intermediate or a leaf can be one too.</summary>
public sealed class TrustAnchor
{
    private readonly IReadOnlyList<string>? _permittedNames;

    /// <summary>Trusts a certificate.</summary>
    /// <param name="der">The certificate in DER; it is copied.</param>
    /// <exception cref="FormatException">It is no certificate.</exception>
    public TrustAnchor(ReadOnlyMemory<byte> der)
        : this(Parse(der), isFormSettled: false)
    {
    }

    internal TrustAnchor(Certificate certificate, bool isFormSettled)
    {
        Certificate = certificate;
        IsFormSettled = isFormSettled;
    }

    /// <summary>The certificate in DER.</summary>
    public ReadOnlyMemory<byte> Der => Certificate.Der;

    /// <summary>The certificate's subject, for people.</summary>
    public string Subject => Certificate.ToString();

    /// <summary>
    /// The names that it is trusted for, beside what its own name constraints say: "example.com" for that name and all below, "192.0.2.0/24" for
    /// addresses; when there are only addresses, no DNS name is trusted, and the other way round. Null for no limit.
    /// </summary>
    /// <exception cref="ArgumentException">One is neither a DNS name nor a range of addresses, or there is none.</exception>
    public IReadOnlyList<string>? PermittedNames
    {
        get => _permittedNames;
        init
        {
            PermittedSubtrees = value == null ? null : Subtrees(value);
            _permittedNames = value;
        }
    }

    /// <summary>The purposes that it is trusted for; null for all.</summary>
    public IReadOnlyList<CertificatePurpose>? Purposes { get; init; }

    /// <summary>Leaves issued after that time are not trusted; null for no limit. That is how browsers let a failed authority run out.</summary>
    public DateTimeOffset? DistrustAfter { get; init; }

    /// <summary>Whether certificates below it need no transparency logs even where the verifier has a log list: private authorities do not log.</summary>
    public bool IsExemptFromTransparency { get; init; }

    internal Certificate Certificate { get; }

    /// <summary>
    /// The name that a peer is told, which knows by it whether its certificate was "issued by one of the listed CAs" (RFC 8446 §4.4.2.3): the subject of an
    /// authority, and for a leaf that is trusted by itself its issuer. A root that does not say that it is an authority, as old ones do not, has the same for both.
    /// </summary>
    internal ReadOnlyMemory<byte> AuthorityName => (Certificate.Facts.IsAuthority ? Certificate.Subject : Certificate.Issuer).Encoded;

    /// <summary>Somebody else has judged its form, as the keepers of the system's store have.</summary>
    internal bool IsFormSettled { get; }

    internal NameConstraints? PermittedSubtrees { get; private init; }

    /// <summary>The subject.</summary>
    public override string ToString() => Subject;

    private static Certificate Parse(ReadOnlyMemory<byte> der) =>
        Certificate.TryParse(der.ToArray(), out var certificate, out var problem) ? certificate : throw new FormatException($"The trust anchor {problem}.");

    private static NameConstraints Subtrees(IReadOnlyList<string> names)
    {
        if (names.Count == 0)
            throw new ArgumentException("A trust anchor that may issue for no name is of no use.");
        var subtrees = names.Select(Subtree).ToList();
        // A kind of name that is not constrained would be free; so what is not named is closed by a subtree that nothing is within.
        if (!subtrees.Exists(subtree => subtree.Kind == GeneralName.Dns))
            subtrees.Add(new GeneralName(GeneralName.Dns, "invalid"u8.ToArray()));
        if (!subtrees.Exists(subtree => subtree.Kind == GeneralName.IPAddress))
            subtrees.Add(new GeneralName(GeneralName.IPAddress, new byte[] { 0, 0, 0, 0, 255, 255, 255, 255 }));
        return NameConstraints.Of(subtrees);
    }

    private static GeneralName Subtree(string name)
    {
        if (IPNetwork.TryParse(name, out var network))
            return Subtree(network);
        if (ServerNames.TryAddress(name) is { } address)
            return Subtree(new IPNetwork(address, address.GetAddressBytes().Length * 8));
        return ServerNames.TryNormalize(name) is { } dnsName
            ? new GeneralName(GeneralName.Dns, Encoding.ASCII.GetBytes(dnsName))
            : throw new ArgumentException($"\"{name}\" is neither a DNS name nor a range of addresses.");
    }

    private static GeneralName Subtree(IPNetwork network)
    {
        var address = network.BaseAddress.GetAddressBytes();
        var range = new byte[2 * address.Length];
        address.CopyTo(range, 0);
        for (var bit = 0; bit < network.PrefixLength; bit++)
            range[address.Length + bit / 8] |= (byte)(0x80 >> (bit % 8));
        return new GeneralName(GeneralName.IPAddress, range);
    }
}

using LucidTls.Certificates.Parsing;
using LucidTls.Protocol;

namespace LucidTls.Certificates.Trust;

/// <summary>A set of trust anchors at one moment, found by subject.</summary>
internal sealed class TrustAnchors
{
    /// <summary>Some eighty names. Clients that take no longer message than a record's 16 KiB have room for it, and a handshake is not made much larger.</summary>
    private const int MostBytesForClients = 8 * 1024;

    private readonly Dictionary<X501Name, TrustAnchor[]> _bySubject;
    private AuthorityNames? _clientAuthorities;

    public TrustAnchors(IEnumerable<TrustAnchor> anchors)
    {
        var groups = new Dictionary<X501Name, List<TrustAnchor>>();
        foreach (var anchor in anchors)
        {
            var subject = anchor.Certificate.Subject;
            if (!groups.TryGetValue(subject, out var group))
                groups[subject] = group = [];
            if (!group.Exists(known => known.Certificate.Der.Span.SequenceEqual(anchor.Certificate.Der.Span)))
                group.Add(anchor);
        }
        _bySubject = groups.ToDictionary(group => group.Key, group => group.Value.ToArray());
        All = [.. _bySubject.Values.SelectMany(group => group)];
    }

    public IReadOnlyList<TrustAnchor> All { get; }

    /// <summary>What a server tells the clients that it judges by them. None where they are too many: a client that misses its own shows nothing.</summary>
    public AuthorityNames ClientAuthorities => _clientAuthorities ??= NamesForClients();

    public ReadOnlySpan<TrustAnchor> BySubject(X501Name subject) => _bySubject.GetValueOrDefault(subject);

    /// <summary>The anchor that is this very certificate, or null.</summary>
    public TrustAnchor? Find(Certificate certificate)
    {
        foreach (var anchor in BySubject(certificate.Subject))
        {
            if (anchor.Certificate.Der.Span.SequenceEqual(certificate.Der.Span))
                return anchor;
        }
        return null;
    }

    /// <summary>Each of the names that peers are told, once.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> NamesOf(IEnumerable<TrustAnchor> anchors) => anchors.Select(anchor => anchor.AuthorityName).DistinctBy(name => Convert.ToHexString(name.Span));

    private AuthorityNames NamesForClients()
    {
        ReadOnlyMemory<byte>[] names = [.. NamesOf(All.Where(anchor => anchor.Purposes?.Contains(CertificatePurpose.Client) != false))];
        return AuthorityNames.LengthOf(names) <= MostBytesForClients ? new AuthorityNames(names) : AuthorityNames.None;
    }
}

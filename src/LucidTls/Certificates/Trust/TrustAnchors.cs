using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Trust;

/// <summary>A set of trust anchors at one moment, found by subject.</summary>
internal sealed class TrustAnchors
{
    private readonly Dictionary<X501Name, TrustAnchor[]> _bySubject;

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
}

using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Names;

/// <summary>Whether a certificate's URI is among those that are accepted, compared as SPIFFE does: to the byte, path included.</summary>
internal static class PeerUris
{
    /// <exception cref="ArgumentException">An entry is no URI, or one that would accept more than the paths of one authority.</exception>
    public static void Demand(IReadOnlyList<string> accepted)
    {
        foreach (var uri in accepted)
        {
            ArgumentNullException.ThrowIfNull(uri);
            if (!IsOne(uri))
                throw new ArgumentException($"\"{uri}\" is no URI such as spiffe://example.org/service, and no beginning of some such as spiffe://example.org/.", nameof(accepted));
        }
    }

    /// <summary>Whether an entry is a URI, or a beginning that accepts the paths of one authority.</summary>
    public static bool IsOne(string accepted) =>
        accepted.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && colon < accepted.Length - 1 && (accepted[^1] != '/' || HasAuthority(accepted, colon));

    /// <summary>The one URI in a certificate; null when it has none or several, or cannot be read.</summary>
    public static string? Of(ReadOnlyMemory<byte> certificate) =>
        Certificate.TryParse(certificate)?.Facts.AlternativeNames.Where(name => name.Kind == GeneralName.Uri).ToArray() is [var one] ? one.Text : null;

    /// <summary>What is wrong with the leaf; null when nothing is.</summary>
    public static string? Check(IReadOnlyList<GeneralName> names, IReadOnlyList<string> accepted)
    {
        var uris = names.Where(name => name.Kind == GeneralName.Uri).ToArray();
        return uris switch
        {
            [] => "the certificate has no URI",
            [var one] => accepted.Any(uri => Accepts(uri, one.Text)) ? null : $"URI in the certificate: {one}",
            // SPIFFE X.509-SVID §2: with several nobody could say which one counts.
            _ => $"the certificate has {uris.Length} URIs, where one is its holder's identity",
        };
    }

    private static bool Accepts(string accepted, string uri) => accepted[^1] == '/' ? uri.Length > accepted.Length && uri.StartsWith(accepted, StringComparison.Ordinal) : uri == accepted;

    private static bool HasAuthority(string uri, int colon) =>
        uri.AsSpan(colon).StartsWith("://") && uri.AsSpan(colon + 3).IndexOf('/') > 0;
}

using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Names;

/// <summary>Whether a certificate is for a name (RFC 9525 §6): only its subject alternative names count.</summary>
internal static class NameMatching
{
    /// <summary>The alternative name that matches, or null.</summary>
    public static GeneralName? Find(IReadOnlyList<GeneralName> alternativeNames, PeerName asked)
    {
        GeneralName? byWildcard = null;
        foreach (var name in alternativeNames)
        {
            if (!Matches(name, asked))
                continue;
            // A certificate may have both; the exact one says more.
            if (name.Kind != GeneralName.Dns || name.Value.Span[0] != (byte)'*')
                return name;
            byWildcard ??= name;
        }
        return byWildcard;
    }

    private static bool Matches(GeneralName name, PeerName asked) => asked.Kind switch
    {
        PeerNameKind.Dns => name.Kind == GeneralName.Dns && MatchesDns(name.Value.Span, asked.Host),
        PeerNameKind.IPAddress => name.Kind == GeneralName.IPAddress && MatchesAddress(name.Value.Span, asked),
        PeerNameKind.Email => name.Kind == GeneralName.Email && MatchesEmail(name.Text, asked.Host),
        PeerNameKind.Service => name.ServiceName is { } service && service.Equals(asked.Host, StringComparison.OrdinalIgnoreCase),
        PeerNameKind.Uri => name.Kind == GeneralName.Uri && PeerName.UriIdentifier(name.Text) == asked.Host,
    };

    // RFC 9525 §6.3: compared label by label, ASCII letters without regard to case; "*" stands for exactly one label and is the whole
    // left-most one. It does not stand in front of a single label, since that would be every name of a top-level domain.
    public static bool MatchesDns(ReadOnlySpan<byte> pattern, string name)
    {
        if (pattern.Length < 2 || pattern[0] != (byte)'*' || pattern[1] != (byte)'.')
            return System.Text.Ascii.EqualsIgnoreCase(pattern, name);
        var rest = pattern[1..];
        var dot = name.IndexOf('.');
        return dot > 0 && rest[1..].Contains((byte)'.') && System.Text.Ascii.EqualsIgnoreCase(rest, name.AsSpan(dot));
    }

    private static bool MatchesAddress(ReadOnlySpan<byte> value, PeerName asked)
    {
        Span<byte> address = stackalloc byte[16];
        return asked.Address!.TryWriteBytes(address, out var length) && value.SequenceEqual(address[..length]);
    }

    private static bool MatchesEmail(string mailbox, string asked)
    {
        var at = mailbox.LastIndexOf('@');
        return at > 0 && at == asked.LastIndexOf('@') && mailbox.AsSpan(0, at).SequenceEqual(asked.AsSpan(0, at)) && mailbox.AsSpan(at).Equals(asked.AsSpan(at), StringComparison.OrdinalIgnoreCase);
    }
}

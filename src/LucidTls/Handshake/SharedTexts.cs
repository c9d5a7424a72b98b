namespace LucidTls.Handshake;

/// <summary>
/// Sentences that handshake after handshake repeats, kept once: what peers of one kind offer is the same each time, and each connection would hold its own copy for as long as it lasts.
/// A bounded table; a sentence that lands in another's place takes it.
/// </summary>
internal static class SharedTexts
{
    private const int Places = 512;
    private const int LongestText = 512;

    private static readonly string?[] Table = new string?[Places];

    /// <summary>The same text, if it can be had in a copy that others hold as well.</summary>
    public static string Of(string text)
    {
        if (text.Length is 0 or > LongestText)
            return text;
        ref var place = ref Table[(uint)text.GetHashCode() % Places];
        if (Volatile.Read(ref place) is { } known && known == text)
            return known;
        Volatile.Write(ref place, text);
        return text;
    }
}

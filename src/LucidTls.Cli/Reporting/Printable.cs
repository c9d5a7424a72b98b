using System.Globalization;
using System.Text;

namespace LucidTls.Cli.Reporting;

/// <summary>Text from a peer or a file made fit for a terminal or a page: it may not move the cursor, change colours or reverse what is read.</summary>
internal static class Printable
{
    /// <summary>One line: control, format (bidirectional overrides among them) and unpaired surrogate characters become U+FFFD.</summary>
    public static string Line(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            return text;
        var safe = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            var harmful = category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            safe.Append((harmful ? Rune.ReplacementChar : rune).ToString());
        }
        return safe.ToString();
    }
}

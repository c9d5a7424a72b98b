using System.Text;

namespace LucidTls.Bench.Reports;

/// <summary>A table in Markdown whose columns line up as plain text too. Columns after the texts hold numbers and are set to the right.</summary>
internal sealed class MarkdownTable(int textColumns, params string[] header)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] row) => _rows.Add(row);

    public override string ToString()
    {
        var widths = header.Select((title, column) => _rows.Select(row => row[column].Length).Append(title.Length).Max()).ToArray();
        var text = new StringBuilder();
        AppendRow(text, header, widths);
        text.Append('|');
        for (var column = 0; column < widths.Length; column++)
            text.Append(column < textColumns ? $" {new string('-', widths[column])} |" : $" {new string('-', widths[column] - 1)}: |");
        text.AppendLine();
        foreach (var row in _rows)
            AppendRow(text, row, widths);
        return text.ToString();
    }

    private void AppendRow(StringBuilder text, string[] row, int[] widths)
    {
        text.Append('|');
        for (var column = 0; column < widths.Length; column++)
            text.Append(' ').Append(column < textColumns ? row[column].PadRight(widths[column]) : row[column].PadLeft(widths[column])).Append(" |");
        text.AppendLine();
    }
}

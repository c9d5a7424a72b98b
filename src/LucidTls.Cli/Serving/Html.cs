using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using LucidTls.Cli.Reporting;

namespace LucidTls.Cli.Serving;

/// <summary>
/// Markup in the making. Every value in an interpolated string is encoded, so that what a peer sends stays text; markup that is already
/// markup is passed as <see cref="Html"/>.
/// </summary>
internal sealed class Html
{
    private readonly StringBuilder _text = new();

    public Html Append([InterpolatedStringHandlerArgument("")] Template template)
    {
        _ = template;
        return this;
    }

    public override string ToString() => _text.ToString();

    [InterpolatedStringHandler]
    public readonly ref struct Template(int literalLength, int formattedCount, Html target)
    {
        private readonly StringBuilder _text = target._text;

        /// <summary>How much markup there is without the values; the compiler passes it.</summary>
        public int LiteralLength { get; } = literalLength + formattedCount;

        public void AppendLiteral(string markup) => _text.Append(markup);

        public void AppendFormatted(Html markup) => _text.Append(markup._text);

        public void AppendFormatted(string? value) => _text.Append(HtmlEncoder.Default.Encode(Printable.Line(value ?? "")));

        public void AppendFormatted(int value) => _text.Append(value);

        public void AppendFormatted(double value, string format) => _text.Append(value.ToString(format, CultureInfo.InvariantCulture));
    }
}

namespace LucidTls.Certificates.Parsing;

/// <summary>One block of PEM text (RFC 7468).</summary>
/// <param name="Label">What stands after BEGIN.</param>
/// <param name="Data">The bytes.</param>
/// <param name="Line">The line that it begins on, from 1.</param>
internal sealed record PemBlock(string Label, byte[] Data, int Line)
{
    private const string Begin = "-----BEGIN ";
    private const string Dashes = "-----";

    /// <summary>The blocks of the labels wanted, in their order. Text outside of blocks is passed over.</summary>
    /// <param name="pem">The text.</param>
    /// <param name="isWanted">Which labels to decode; others are passed over.</param>
    /// <param name="passOverMalformed">Whether what is malformed is left out, and not an error.</param>
    /// <exception cref="FormatException">A block does not end, is not base64, or has headers; the message names the line.</exception>
    public static List<PemBlock> Read(string pem, Func<string, bool> isWanted, bool passOverMalformed = false)
    {
        var blocks = new List<PemBlock>();
        var (label, start, startLine, line) = ((string?)null, 0, 0, 0);
        for (var position = 0; position < pem.Length;)
        {
            line++;
            var end = pem.AsSpan(position).IndexOf('\n') is var index and >= 0 ? position + index : pem.Length;
            var text = pem.AsSpan(position, end - position).Trim();
            if (text.StartsWith(Dashes))
            {
                if (label != null && text.Length == label.Length + 14 && text.StartsWith("-----END ") && text[9..].StartsWith(label) && text.EndsWith(Dashes))
                {
                    if (isWanted(label))
                        Add(label, pem.AsSpan(start, position - start), startLine);
                    label = null;
                }
                else if (text.StartsWith(Begin) && text.Length >= 16 && text.EndsWith(Dashes))
                {
                    if (label != null && !passOverMalformed)
                        throw NoEnd(label, startLine, $", but line {line} begins another block");
                    (label, start, startLine) = (text[Begin.Length..^Dashes.Length].ToString(), end, line);
                }
                else if (label != null && !passOverMalformed)
                {
                    throw NoEnd(label, startLine, $", but line {line} ends something else");
                }
                else if (end == pem.Length && !text.EndsWith(Dashes) && !passOverMalformed)
                {
                    throw new FormatException($"line {line}: the last line, \"{text}\", is cut off");
                }
            }
            position = end + 1;
        }
        return label == null || passOverMalformed ? blocks : throw NoEnd(label, startLine, "; the file may be cut off");

        void Add(string label, ReadOnlySpan<char> base64, int line)
        {
            var data = new byte[base64.Length / 4 * 3 + 3];
            if (Convert.TryFromBase64Chars(base64, data, out var length) && length > 0)
                blocks.Add(new PemBlock(label, data.AsSpan(0, length).ToArray(), line));
            else if (!passOverMalformed)
                throw NotBase64(label, base64, line);
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(data);
        }
    }

    private static FormatException NoEnd(string label, int line, string more) =>
        new($"line {line}: the {label} that begins here has no line \"-----END {label}-----\"{more}");

    private static FormatException NotBase64(string label, ReadOnlySpan<char> base64, int line)
    {
        // RFC 7468 §4: headers, which the older RFC 1421 had, are not part of it.
        if (base64.Contains("DEK-Info:", StringComparison.Ordinal))
            return new FormatException($"line {line}: the {label} is encrypted in OpenSSL's old way, which is weak; convert it with \"openssl pkcs8 -topk8 -in OLD -out NEW\"");
        foreach (var text in base64.EnumerateLines())
        {
            foreach (var character in text.Trim())
            {
                if (!char.IsAsciiLetterOrDigit(character) && character is not ('+' or '/' or '='))
                    return new FormatException($"line {line}: a character in the {label} is not base64");
            }
            line++;
        }
        return new FormatException($"line {line - 1}: the base64 of the {label} that ends here is not whole");
    }
}

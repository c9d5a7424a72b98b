using System.Buffers;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace LucidTls.Cli.Serving;

/// <summary>
/// Has Kestrel keep which headers a client's Connection names as its own hop's (RFC 9110 §7.6.1). Kestrel puts a constant in place of a header in which it finds one of close, keep-alive and upgrade, and with it goes all
/// else that is named; one in which it finds two stays. So a second is put there that changes nothing: who closes or upgrades does so with keep-alive as well, and keep-alive beside other names goes, since it is
/// what HTTP/1.1 does without a word. Only names in another line than keep-alive are still forgotten.
/// </summary>
internal sealed class ConnectionHeaderEncoding : Encoding
{
    private const string KeepAlive = "keep-alive";

    private static readonly SearchValues<byte> Allowed = SearchValues.Create([(byte)'\t', .. Enumerable.Range(' ', '~' - ' ' + 1).Select(one => (byte)one)]);
    private static readonly ConnectionHeaderEncoding Instance = new();

    /// <summary>For <see cref="Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions.RequestHeaderEncodingSelector"/>.</summary>
    public static Encoding? Of(string header) => header.Equals(HeaderNames.Connection, StringComparison.OrdinalIgnoreCase) ? Instance : null;

    public override int GetCharCount(byte[] bytes, int index, int count) => Read(bytes.AsSpan(index, count)).Length;

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
    {
        var value = Read(bytes.AsSpan(byteIndex, byteCount));
        value.CopyTo(chars.AsSpan(charIndex));
        return value.Length;
    }

    public override int GetMaxCharCount(int byteCount) => byteCount + KeepAlive.Length + 2;

    public override int GetByteCount(char[] chars, int index, int count) => count;

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) => ASCII.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    public override int GetMaxByteCount(int charCount) => charCount;

    internal static string Read(ReadOnlySpan<byte> header)
    {
        // Names are tokens (RFC 9110 §5.6.2); the server makes a 400 of this.
        if (header.ContainsAnyExcept(Allowed))
            throw new DecoderFallbackException("The Connection header holds what no name of a header does.");
        var value = ASCII.GetString(header);
        var options = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (options.Any(option => Is(option, "close") || Is(option, "upgrade")))
            return options.Any(option => Is(option, KeepAlive)) ? value : $"{value}, {KeepAlive}";
        return options.Any(option => !Is(option, KeepAlive)) ? string.Join(", ", options.Where(option => !Is(option, KeepAlive))) : value;
    }

    private static bool Is(string option, string other) => option.Equals(other, StringComparison.OrdinalIgnoreCase);
}

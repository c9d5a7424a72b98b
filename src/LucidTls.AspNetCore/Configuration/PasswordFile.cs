using System.Security.Cryptography;
using System.Text;

namespace LucidTls.AspNetCore.Configuration;

/// <summary>A file whose first line is a password.</summary>
internal static class PasswordFile
{
    private const int MostBytes = 4096;
    private const string Right = "a file with the password in its first line";

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <returns>The password, and whether it can be read again, as it cannot be from a pipe.</returns>
    /// <exception cref="SettingException">It cannot be used; the message names the setting and says why.</exception>
    public static (string Password, bool IsLasting) Read(string place, string path) => NamedFile.Read(place, path, Right, () =>
    {
        if (Directory.Exists(path))
            throw new FormatException($"It is a folder. Here belongs {Right}.");
        // Without a buffer: what a pipe holds beyond the line is not for us.
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        return (FirstLine(file), file.CanSeek);
    });

    private static string FirstLine(FileStream file)
    {
        var line = new byte[MostBytes];
        try
        {
            var length = 0;
            while (file.ReadByte() is >= 0 and not '\n' and var next)
            {
                if (length == MostBytes)
                    throw new FormatException($"Its first line has more than {MostBytes} bytes. Here belongs {Right}.");
                line[length++] = (byte)next;
            }
            var password = Decode(line.AsSpan(0, length)).TrimStart('\uFEFF').TrimEnd('\r');
            return password.Length > 0 ? password : throw new FormatException($"Its first line is empty. Here belongs {Right}.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(line);
        }
    }

    private static string Decode(ReadOnlySpan<byte> line)
    {
        try
        {
            return Utf8.GetString(line);
        }
        catch (DecoderFallbackException)
        {
            // Its message has the bytes, and so has the exception.
            throw new FormatException($"Its first line is no UTF-8. Here belongs {Right}.");
        }
    }
}

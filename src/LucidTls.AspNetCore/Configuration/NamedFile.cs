using System.Security.Cryptography;

namespace LucidTls.AspNetCore.Configuration;

/// <summary>Reads what a setting names, and says what is wrong with it.</summary>
internal static class NamedFile
{
    /// <exception cref="SettingException">It cannot be used; the message says where it is and why.</exception>
    public static T Read<T>(string place, string path, string right, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (IsFault(failure))
        {
            throw new SettingException(place, Sentence(path, right, failure), failure);
        }
    }

    /// <summary>Whether it is the file that is to blame.</summary>
    public static bool IsFault(Exception failure) => failure is IOException or UnauthorizedAccessException or FormatException or ArgumentException or CryptographicException;

    /// <param name="path">The file or folder.</param>
    /// <param name="right">What it should be.</param>
    /// <param name="failure">What happened.</param>
    public static string Sentence(string path, string right, Exception failure) => failure switch
    {
        FileNotFoundException or DirectoryNotFoundException => $"{path} is not there. Here belongs {right}.",
        UnauthorizedAccessException => $"{path} may not be read by this process{(OperatingSystem.IsWindows() ? "" : $" (user {Environment.UserName})")}. Here belongs {right}.",
        FormatException when failure.Message.StartsWith("There is no", StringComparison.Ordinal) => $"{path}: {failure.Message} Here belongs {right}.",
        _ when failure.Message.StartsWith(path, StringComparison.Ordinal) => failure.Message,
        _ => $"{path}: {failure.Message}",
    };
}

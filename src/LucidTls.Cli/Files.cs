using System.Security.Cryptography;
using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.Certificates.Transparency;

namespace LucidTls.Cli;

/// <summary>Reads the files that options name; what is wrong with them is the user's to know.</summary>
internal static class Files
{
    /// <summary>A log list has a hundred KiB.</summary>
    private const int MostBytes = 16 * 1024 * 1024;

    /// <summary>The authorities in a PEM file or a folder of them; the system's where none is named.</summary>
    /// <exception cref="CliException">They cannot be used.</exception>
    public static TrustStore Roots(string? path) =>
        path is null ? TrustStore.System : Load("The authorities in", path, () => Directory.Exists(path) ? TrustStore.FromFolder(path) : TrustStore.FromPemFile(path));

    /// <exception cref="CliException">It cannot be used.</exception>
    public static IReadOnlyList<CertificateRevocationList> RevocationLists(string path) => Load("The revocation list", path, () => CertificateRevocationList.FromFile(path));

    /// <summary>A list of certificate transparency logs; null where none is named.</summary>
    /// <exception cref="CliException">It cannot be used.</exception>
    public static CtLogList? Logs(string? path) => path is null ? null : Load("The log list", path, () =>
        new FileInfo(path).Length <= MostBytes ? CtLogList.FromJson(File.ReadAllBytes(path)) : throw new FormatException($"It has more than {MostBytes >> 20} MiB."));

    private static T Load<T>(string what, string path, Func<T> load)
    {
        try
        {
            return load();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException or CryptographicException)
        {
            throw new CliException(ExitCode.Usage, $"{what} {path} cannot be used: {failure.Message}", failure);
        }
    }
}

using LucidTls.Certificates;

namespace LucidTls.Cli;

/// <summary>Reads the files that options name; what is wrong with them is the user's to know.</summary>
internal static class Files
{
    /// <exception cref="CliException">They cannot be used.</exception>
    public static CertificateVerifier Roots(string file)
    {
        try
        {
            return CertificateVerifier.FromPemFile(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new CliException(ExitCode.Usage, $"The authorities in {file} cannot be used: {failure.Message}", failure);
        }
    }
}

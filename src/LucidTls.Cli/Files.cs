using System.Security.Cryptography;
using LucidTls.Certificates;

namespace LucidTls.Cli;

/// <summary>Reads the files that options name; what is wrong with them is the user's to know.</summary>
internal static class Files
{
    /// <exception cref="CliException">They cannot be used.</exception>
    public static TlsIdentity Identity(string certificateFile, string? keyFile)
    {
        try
        {
            return TlsIdentity.FromPemFile(certificateFile, keyFile);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException or FormatException or ArgumentException)
        {
            var files = keyFile is null ? certificateFile : $"{certificateFile} with the key {keyFile}";
            throw new CliException(ExitCode.Usage, $"The certificate {files} cannot be used: {failure.Message}", failure);
        }
    }

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

using System.CommandLine;

namespace LucidTls.Cli;

/// <summary><c>lucidtls cert</c>: looks at certificates.</summary>
internal static class CertCommand
{
    public const string PasswordFileName = "--password-file";

    public static Command Create() => new("cert", "Look at certificates: what they say, whether they are trusted, what is wrong with them.")
    {
        CertShowCommand.Create(),
        CertVerifyCommand.Create(),
        CertLintCommand.Create(),
    };

    public static Option<string> PasswordFile() => new(PasswordFileName) { Description = "The file with the password of a PKCS#12 file, in its first line", HelpName = "FILE" };
}

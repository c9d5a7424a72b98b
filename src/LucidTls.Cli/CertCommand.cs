using System.CommandLine;

namespace LucidTls.Cli;

/// <summary><c>lucidtls cert</c>: looks at certificates.</summary>
internal static class CertCommand
{
    public static Command Create() => new("cert", "Look at certificates: what they say, whether they are trusted, what is wrong with them.")
    {
        CertShowCommand.Create(),
        CertVerifyCommand.Create(),
        CertLintCommand.Create(),
    };

    public static Option<string> PasswordFile() => new("--password-file") { Description = "The file with the password of a PKCS#12 file", HelpName = "FILE" };
}

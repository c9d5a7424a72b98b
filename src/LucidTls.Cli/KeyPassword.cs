using System.CommandLine;
using LucidTls.AspNetCore.Configuration;
using LucidTls.Certificates.Parsing;
using LucidTls.Cli.Inspecting;

namespace LucidTls.Cli;

/// <summary>The password of the key of <c>--cert</c> and <c>--key</c>. None is taken from the command line, which other users of the machine can see.</summary>
/// <param name="File">The file whose first line it is, which is followed; null for none.</param>
/// <param name="Text">The password itself, when it was asked for or came through a pipe.</param>
internal sealed record KeyPassword(string? File, string? Text)
{
    public const string Name = "--key-password-file";

    public static Option<string> Option() => new(Name)
    {
        Description = "The file with the password of an encrypted key or PKCS#12, in its first line. Without it, the password is asked for on a terminal; the command line, which others can see, has none",
        HelpName = "FILE",
    };

    /// <summary>From the file, if there is one; otherwise asked for if it is needed and there is somebody to ask.</summary>
    /// <param name="certificate">The file of --cert.</param>
    /// <param name="key">The file of --key.</param>
    /// <param name="file">The file of the option.</param>
    /// <exception cref="CliException">The file cannot be used.</exception>
    public static KeyPassword Of(string? certificate, string? key, string? file)
    {
        if (file is not null)
        {
            var (password, isLasting) = Read(Name, file);
            return isLasting ? new KeyPassword(file, null) : new KeyPassword(null, password);
        }
        return certificate is not null && PasswordPrompt.IsPossible && IsNeeded(certificate, key)
            ? new KeyPassword(null, PasswordPrompt.Ask(key ?? certificate))
            : new KeyPassword(null, null);
    }

    /// <summary>The password in a file.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="file">The file.</param>
    /// <returns>The password, and whether it can be read again, as it cannot be from a pipe.</returns>
    /// <exception cref="CliException">It cannot be used.</exception>
    public static (string Password, bool IsLasting) Read(string option, string file)
    {
        try
        {
            return PasswordFile.Read(option, file);
        }
        catch (SettingException wrong)
        {
            throw new CliException(ExitCode.Usage, wrong.Message, wrong);
        }
    }

    /// <summary>Without what is secret.</summary>
    public override string ToString() => File ?? "";

    private static bool IsNeeded(string certificate, string? key)
    {
        try
        {
            TlsIdentity.FromPemFile(certificate, key);
            return false;
        }
        catch (Exception failure) when (NamedFile.IsFault(failure))
        {
            // Whatever else is wrong is found again, and said, by who uses them.
            return PasswordException.In(failure) is { IsMissing: true };
        }
    }
}

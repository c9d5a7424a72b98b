using System.Text;

namespace LucidTls.Cli.Inspecting;

/// <summary>Asks for a password on the terminal, without showing it.</summary>
internal static class PasswordPrompt
{
    /// <summary>Whether there is somebody who sees the question and can answer it.</summary>
    public static bool IsPossible => !Console.IsInputRedirected && !Console.IsErrorRedirected;

    public static string Ask(string name)
    {
        Console.Error.Write($"Password of {Reporting.Printable.Line(name)}: ");
        var password = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace && password.Length > 0)
                password.Length--;
            else if (!char.IsControl(key.KeyChar))
                password.Append(key.KeyChar);
        }
        Console.Error.WriteLine();
        return password.ToString();
    }
}

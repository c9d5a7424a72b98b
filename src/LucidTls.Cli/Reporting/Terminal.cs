using Spectre.Console;

namespace LucidTls.Cli.Reporting;

/// <summary>Standard error, for people. Standard output is for data alone.</summary>
internal static class Terminal
{
    // Lines are as long as they are, and terminals wrap them: a command that is to be copied must not be cut.
    private const int UnlimitedWidth = 10_000;

    private static readonly Lock Gate = new();
    private static readonly Lazy<IAnsiConsole> Console = new(Open);

    /// <summary>One line in Spectre's markup; what comes from elsewhere goes through <see cref="Escape"/>.</summary>
    public static void MarkupLine(string markup) => Write(console => console.MarkupLine(markup));

    /// <summary>One line as it is.</summary>
    public static void Line(string text = "") => Write(console => console.WriteLine(text));

    /// <summary>Tells on standard output where a service listens, which is served also if nobody can be told.</summary>
    public static void Announce(string address)
    {
        try
        {
            System.Console.Out.WriteLine(address);
            System.Console.Out.Flush();
        }
        catch (IOException failure)
        {
            Fail($"Standard output cannot be written: {failure.Message} It is {address}");
        }
    }

    /// <summary>An error with its explanation, or several, a line each.</summary>
    public static void Fail(string message) => MarkupLine($"[red bold]error:[/] {Markup.Escape(message)}");

    /// <summary>What can go on, but should not.</summary>
    public static void Warn(string message) => MarkupLine($"[yellow]warning:[/] {Escape(message)}");

    /// <summary>Makes text harmless for the terminal and for the markup.</summary>
    public static string Escape(string text) => Markup.Escape(Printable.Line(text));

    private static void Write(Action<IAnsiConsole> write)
    {
        try
        {
            lock (Gate)
                write(Console.Value);
        }
        catch (IOException)
        {
            // The disk that the log goes to is full, or whoever read it is gone: a line is lost, and the work goes on.
        }
    }

    private static IAnsiConsole Open()
    {
        var redirected = System.Console.IsErrorRedirected;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = redirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(System.Console.Error),
        });
        console.Profile.Width = UnlimitedWidth;
        return console;
    }
}

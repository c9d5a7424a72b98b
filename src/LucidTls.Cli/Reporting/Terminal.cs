using Spectre.Console;
using Spectre.Console.Rendering;

namespace LucidTls.Cli.Reporting;

/// <summary>Standard error, for people. Standard output is for data alone.</summary>
internal static class Terminal
{
    // Lines are as long as they are, and terminals wrap them: a command that is to be copied must not be cut.
    private const int UnlimitedWidth = 10_000;

    /// <summary>How many lines may wait to be read: some hundreds of kilobytes.</summary>
    private const int MostWaiting = 4096;

    /// <summary>How long the end of the process waits for them.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly Lock Gate = new();
    private static readonly Lazy<IAnsiConsole> Console = new(Open);
    private static LineQueue? _queue;

    /// <summary>From now on nobody waits until what is said was written: a service must not stop because nobody reads its log, or the disk that it goes to hangs.</summary>
    public static void NeverWait() => _queue ??= new LineQueue(MostWaiting, lost => Write(Rendered($"[yellow]{DateTime.Now:HH:mm:ss}[/] {lost} lines were left out here, since nobody took what was said before.")));

    /// <summary>Before the process ends: waits for what was said, if somebody takes it.</summary>
    public static void Settle() => _queue?.Settle(Patience);

    /// <summary>One line in Spectre's markup; what comes from elsewhere goes through <see cref="Escape"/>.</summary>
    public static void MarkupLine(string markup) => Say(Rendered(markup));

    /// <summary>One line as it is.</summary>
    public static void Line(string text = "") => Say(new Text(text + Environment.NewLine));

    /// <summary>Tells on standard output where a service listens, which is served also if nobody can be told.</summary>
    public static void Announce(string address) => Say(() =>
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
    });

    /// <summary>An error with its explanation, or several, a line each.</summary>
    public static void Fail(string message) => MarkupLine($"[red bold]error:[/] {Markup.Escape(message)}");

    /// <summary>What can go on, but should not.</summary>
    public static void Warn(string message) => MarkupLine($"[yellow]warning:[/] {Escape(message)}");

    /// <summary>Makes text harmless for the terminal and for the markup.</summary>
    public static string Escape(string text) => Markup.Escape(Printable.Line(text));

    private static Markup Rendered(string markup) => new(markup + Environment.NewLine);

    private static void Say(IRenderable line) => Say(() => Write(line));

    private static void Say(Action write)
    {
        if (_queue is { } queue)
            queue.Add(write);
        else
            write();
    }

    private static void Write(IRenderable line)
    {
        try
        {
            lock (Gate)
                Console.Value.Write(line);
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

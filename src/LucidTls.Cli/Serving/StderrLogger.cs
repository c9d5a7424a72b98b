using LucidTls.Cli.Reporting;
using Microsoft.Extensions.Logging;

namespace LucidTls.Cli.Serving;

/// <summary>The server's log on standard error: what goes wrong, and with --verbose each connection.</summary>
internal sealed class StderrLoggerProvider(bool verbose) : ILoggerProvider
{
    // That the host does not start is said by the command, with a way out.
    private const string HostCategory = "Microsoft.Extensions.Hosting.Internal.Host";

    public ILogger CreateLogger(string categoryName) => new StderrLogger(categoryName.StartsWith("LucidTls.", StringComparison.Ordinal), categoryName == HostCategory, verbose);

    public void Dispose()
    {
    }

    private sealed class StderrLogger(bool ours, bool isSaidElsewhere, bool verbose) : ILogger
    {
        // A handshake that fails is no fault of the server, but somebody sits before this terminal and wonders why: the first ones are information.
        public bool IsEnabled(LogLevel level) => level >= (ours ? LogLevel.Debug : LogLevel.Warning);

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(level) || ((level == LogLevel.Debug || isSaidElsewhere) && !verbose))
                return;
            var text = formatter(state, exception);
            if (exception is not null && !ours)
                text += " " + exception.Message;
            var colour = level switch
            {
                >= LogLevel.Error => "red",
                LogLevel.Warning => "yellow",
                _ => "grey",
            };
            Terminal.MarkupLine($"[{colour}]{DateTime.Now:HH:mm:ss}[/] {Terminal.Escape(text)}");
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
    }
}

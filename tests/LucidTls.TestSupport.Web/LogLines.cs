using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace LucidTls.TestSupport.Web;

/// <summary>Keeps the lines that are logged.</summary>
public sealed class LogLines : ILoggerProvider
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<LogLine> _lines = new();
    private readonly SemaphoreSlim _added = new(0);

    /// <summary>Those of LucidTls.</summary>
    public IReadOnlyList<LogLine> Ours => [.. _lines.Where(line => line.Category.StartsWith("LucidTls.", StringComparison.Ordinal))];

    /// <summary>Warnings and errors, whoever logged them.</summary>
    public IReadOnlyList<LogLine> Problems => [.. _lines.Where(line => line.Level >= LogLevel.Warning)];

    /// <summary>Waits for our line of that name, or for as many of them.</summary>
    public Task<LogLine> WaitAsync(string name, int count = 1) => WaitAsync(line => line.Name == name, count, $"{count} named {name}");

    /// <summary>Waits for our line with that in it.</summary>
    public Task<LogLine> WaitForTextAsync(string text) => WaitAsync(line => line.Text.Contains(text, StringComparison.Ordinal), 1, $"one with \"{text}\"");

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose() => _added.Dispose();

    private async Task<LogLine> WaitAsync(Func<LogLine, bool> isWanted, int count, string wanted)
    {
        while (true)
        {
            if (Ours.Where(isWanted).ElementAtOrDefault(count - 1) is { } found)
                return found;
            if (!await _added.WaitAsync(Patience))
                throw new TimeoutException($"Of the lines logged there is not {wanted}:\n{string.Join('\n', _lines)}");
        }
    }

    private sealed class Logger(LogLines lines, string category) : ILogger
    {
        public bool IsEnabled(LogLevel level) => true;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lines._lines.Enqueue(new LogLine(category, level, id.Name ?? "", formatter(state, exception), exception));
            lines._added.Release();
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
    }
}

public sealed record LogLine(string Category, LogLevel Level, string Name, string Text, Exception? Exception);

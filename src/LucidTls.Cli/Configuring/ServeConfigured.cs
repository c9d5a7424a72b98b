using System.Runtime.InteropServices;
using LucidTls.Cli.Reporting;
using LucidTls.Cli.Serving;

namespace LucidTls.Cli.Configuring;

/// <summary><c>lucidtls serve --config</c>.</summary>
internal static class ServeConfigured
{
    /// <summary>Reads the file and all that it names, and says what it found.</summary>
    public static async Task<int> CheckAsync(string file)
    {
        var configuration = ServeConfiguration.Read(file);
        await ConfiguredFront.CheckAsync(configuration);
        foreach (var service in configuration.Services)
        {
            Terminal.Line($"{service.Listen}{(service.StartTls is { } protocol ? $", {protocol.Name} with STARTTLS" : "")}{(service.ExpectsProxyHeader ? ", behind a proxy that says whose connections they are" : "")}");
            foreach (var site in service.Sites)
                Terminal.Line($"  {(site.Names.Count > 0 ? string.Join(", ", site.Names) : "any other name")}: {site.Backend}");
        }
        Terminal.MarkupLine($"[green]{Terminal.Escape(file)} can be used.[/]");
        return ExitCode.Ok;
    }

    public static async Task<int> RunAsync(string file, bool verbose)
    {
        using var termination = new Termination();
        using var hangup = new SemaphoreSlim(0);
        using var registration = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            hangup.Release();
        });
        var configuration = ServeConfiguration.Read(file);
        using var metrics = configuration.Metrics is null ? null : new PrometheusMetrics();
        await using var front = new ConfiguredFront(configuration, metrics, verbose);
        await ServeCommand.StartAsync(front.App, configuration.Services[0].Listen);
        for (var i = 0; i < configuration.Services.Count; i++)
        {
            var service = configuration.Services[i];
            Terminal.Announce($"{(service.IsTcp ? "" : "https://")}{ServeCommand.BoundEndPoint(front.App, service.Listen, at: i)}{(service.IsTcp ? "" : "/")}");
        }
        if (configuration.Metrics is { } metricsAt)
            Terminal.Line($"Metrics at http://{ServeCommand.BoundEndPoint(front.App, metricsAt, at: configuration.Services.Count)}/metrics");
        Terminal.MarkupLine($"{Terminal.Escape($"As {file} says, which is followed")}, until Ctrl-C.");
        var watching = ConfigurationWatch.RunAsync(file, front, hangup, termination.Requested);
        await termination.WaitAsync();
        Terminal.MarkupLine("[grey]Closing. A second Ctrl-C ends at once.[/]");
        await watching;
        await front.App.StopAsync(CancellationToken.None);
        return ExitCode.Ok;
    }
}

using LucidTls.AspNetCore.Configuration;
using LucidTls.Cli.Reporting;
using LucidTls.Cli.Serving;

namespace LucidTls.Cli.Configuring;

/// <summary><c>lucidtls serve --config</c>.</summary>
internal static class ServeConfigured
{
    /// <summary>Reads the file and all that it names, and says what it found.</summary>
    public static int Check(string file)
    {
        var configuration = ServeFile.Read(file);
        foreach (var service in configuration.Services)
        {
            Terminal.Line($"{service.Listen}{(service.StartTls is { } protocol ? $", {protocol.Name} with STARTTLS" : "")}{(service.ExpectsProxyHeader ? ", behind a proxy that says whose connections they are" : "")}{(service.Redirect is { } redirect ? $", with redirections from http://{redirect}" : "")}");
            foreach (var site in service.Sites)
                Terminal.Line($"  {(site.Names.Count > 0 ? string.Join(", ", site.Names) : "any other name")}: {site.Backend}");
        }
        Terminal.MarkupLine($"[green]{Terminal.Escape(file)} can be used.[/]");
        return ExitCode.Ok;
    }

    public static async Task<int> RunAsync(string file, bool verbose)
    {
        Terminal.NeverWait();
        using var termination = new Termination();
        // Taken before it is read: what changes meanwhile is seen as a change by the next look.
        var known = CertificateFile.FingerprintOf(file);
        var configuration = ServeFile.Read(file);
        using var metrics = configuration.Metrics is null ? null : new PrometheusMetrics();
        await using var front = new ConfiguredFront(configuration, null, metrics, verbose);
        await using var watch = new ChangeWatch(() => CertificateFile.FingerprintOf(file), (fingerprint, _) => ReloadAsync(file, front, fingerprint), TimeProvider.System);
        // Before anybody is told that it runs: a SIGHUP that nobody takes ends a process.
        using var hangup = Hangup.Call(() =>
        {
            watch.Ask();
            front.Reload();
        });
        await ServeCommand.StartAsync(front.App, [.. configuration.Services.SelectMany(service => new[] { service.Listen, service.Redirect }), configuration.Metrics]);
        for (var i = 0; i < configuration.Services.Count; i++)
        {
            var service = configuration.Services[i];
            Terminal.Announce($"{(service.IsTcp ? "" : "https://")}{ServeCommand.BoundEndPoint(front.App, service.Listen, at: i)}{(service.IsTcp ? "" : "/")}");
        }
        ServeCommand.AnnounceOthers(front.App, configuration);
        Terminal.MarkupLine($"{Terminal.Escape($"As {file} says, which is followed")}, until Ctrl-C.");
        watch.Start(known);
        await ServeCommand.RunToEndAsync(front.App, termination);
        return ExitCode.Ok;
    }

    private static async Task<bool> ReloadAsync(string file, ConfiguredFront front, string fingerprint)
    {
        try
        {
            var configuration = ServeFile.Read(file);
            if (CertificateFile.FingerprintOf(file) != fingerprint)
                return false;
            await front.ReplaceAsync(configuration);
            Terminal.MarkupLine($"[grey]{DateTime.Now:HH:mm:ss}[/] {Terminal.Escape($"{file} is in effect.")}");
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            if (CertificateFile.FingerprintOf(file) != fingerprint)
                return false;
            // Whatever it is, what is served goes on being served.
            Terminal.Fail($"{failure.Message}{(failure.Message.Contains('\n', StringComparison.Ordinal) ? '\n' : ' ')}What was in effect before still is.");
        }
        return true;
    }
}

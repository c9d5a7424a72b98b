using System.Runtime.InteropServices;

namespace LucidTls.Cli;

/// <summary>Ctrl-C and SIGTERM: the first asks the command to end properly, the second ends the process at once.</summary>
internal sealed class Termination : IDisposable
{
    private readonly CancellationTokenSource _requested = new();
    private readonly PosixSignalRegistration[] _registrations;

    public Termination() => _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];

    public CancellationToken Requested => _requested.Token;

    /// <summary>Ends when a signal comes.</summary>
    public async Task WaitAsync()
    {
        var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = Requested.Register(signal.SetResult);
        await signal.Task;
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_requested.IsCancellationRequested)
            Environment.Exit(ExitCode.Interrupted);
        _requested.Cancel();
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _requested.Dispose();
    }
}

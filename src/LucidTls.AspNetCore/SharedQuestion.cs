namespace LucidTls.AspNetCore;

/// <summary>
/// One question that several may wait for. Who gives up leaves the others their answer; the question itself is given up when nobody waits any more, and the next one asks again.
/// </summary>
/// <param name="ask">Asks the question.</param>
internal sealed class SharedQuestion(Func<CancellationToken, Task> ask)
{
    private readonly Lock _lock = new();
    private CancellationTokenSource? _nobodyWaits;
    private Task _answer = Task.CompletedTask;
    private int _waiting;

    /// <summary>Asks, or waits for the answer to what was asked already.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var answer = Join();
        try
        {
            await answer.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await LeaveAsync(answer).ConfigureAwait(false);
        }
    }

    private Task Join()
    {
        lock (_lock)
        {
            if (_waiting++ == 0)
            {
                _nobodyWaits = new CancellationTokenSource();
                _answer = ask(_nobodyWaits.Token);
            }
            return _answer;
        }
    }

    private async ValueTask LeaveAsync(Task answer)
    {
        CancellationTokenSource ended;
        lock (_lock)
        {
            if (--_waiting > 0)
                return;
            (ended, _nobodyWaits) = (_nobodyWaits!, null);
        }
        await ended.CancelAsync().ConfigureAwait(false);
        ended.Dispose();
        // Whoever waited has seen how it ended; nobody is left to see it otherwise.
        await answer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}

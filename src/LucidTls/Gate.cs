namespace LucidTls;

/// <summary>What came of waiting at a <see cref="Gate"/>.</summary>
internal enum GateEntry
{
    /// <summary>The caller is inside and must leave.</summary>
    Entered,
    /// <summary>The caller has got what it came for and is not inside.</summary>
    Served,
    /// <summary>Another caller is inside, or nobody gets in any more.</summary>
    Refused,
}

/// <summary>
/// One direction of a connection. One caller at a time may be inside, and a second one is an error of the application; the stream itself may be inside
/// as well, for what the protocol wants done, and then callers wait.
/// </summary>
internal sealed class Gate
{
    private const int Free = 0;
    private const int Caller = 1;
    private const int Own = 2;
    private const int Closed = 3;

    private int _state;
    private int _callersWaiting;
    private int _ownWaiting;
    private TaskCompletionSource? _left;

    /// <summary>Whether a caller waits for the stream itself to leave.</summary>
    public bool IsWanted
    {
        get
        {
            // What was put down for callers before this is asked must be seen by those who come after it.
            Interlocked.MemoryBarrier();
            return Volatile.Read(ref _callersWaiting) > 0;
        }
    }

    /// <summary>For a caller, without waiting.</summary>
    public bool TryEnter() => Volatile.Read(ref _ownWaiting) == 0 && TryChange(Caller);

    /// <summary>For the stream itself, without waiting.</summary>
    public bool TryEnterOwn() => TryChange(Own);

    /// <summary>For a caller; waits while the stream itself is inside or about to be.</summary>
    /// <param name="isServed">Tried in between: whether the caller has got what it came for, without going in.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<GateEntry> EnterAsync(Func<bool>? isServed, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _callersWaiting);
        try
        {
            while (true)
            {
                // Asked for first: whoever leaves between here and the wait completes it.
                var left = LeftAsync();
                if (TryEnter())
                    return GateEntry.Entered;
                if (Volatile.Read(ref _state) is Caller or Closed)
                    return GateEntry.Refused;
                if (isServed?.Invoke() == true)
                    return GateEntry.Served;
                await left.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _callersWaiting);
            if (cancellationToken.IsCancellationRequested)
                Wake();
        }
    }

    /// <summary>For the stream itself; waits for whoever is inside, and comes before callers that arrive meanwhile.</summary>
    /// <returns>False when nobody gets in any more.</returns>
    public async ValueTask<bool> EnterOwnAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _ownWaiting);
        try
        {
            while (true)
            {
                var left = LeftAsync();
                if (TryEnterOwn())
                    return true;
                if (Volatile.Read(ref _state) == Closed)
                    return false;
                await left.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _ownWaiting);
            if (cancellationToken.IsCancellationRequested)
                Wake();
        }
    }

    public void Leave()
    {
        Volatile.Write(ref _state, Free);
        Wake();
    }

    /// <summary>Leaves for good.</summary>
    public void Close()
    {
        Volatile.Write(ref _state, Closed);
        Wake();
    }

    /// <summary>Completes when whoever is inside leaves, or somebody who waited gives up.</summary>
    public Task LeftAsync()
    {
        var left = Volatile.Read(ref _left);
        if (left != null)
            return left.Task;
        var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return (Interlocked.CompareExchange(ref _left, fresh, null) ?? fresh).Task;
    }

    private bool TryChange(int state) => Interlocked.CompareExchange(ref _state, state, Free) == Free;

    private void Wake()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _left) != null)
            Interlocked.Exchange(ref _left, null)?.TrySetResult();
    }
}

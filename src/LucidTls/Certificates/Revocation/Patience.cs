namespace LucidTls.Certificates.Revocation;

/// <summary>How long one verification waits for the network, all requests together.</summary>
internal sealed class Patience : IDisposable
{
    private readonly CancellationTokenSource _deadline;
    private readonly CancellationTokenSource _either;

    public Patience(TimeSpan deadline, TimeProvider time, CancellationToken cancellationToken)
    {
        _deadline = new CancellationTokenSource(deadline, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token, cancellationToken);
    }

    /// <summary>Cancelled when the caller gives up, and when the time is over.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>Whether the time is over.</summary>
    public bool IsOver => _deadline.IsCancellationRequested;

    public void Dispose()
    {
        _either.Dispose();
        _deadline.Dispose();
    }
}

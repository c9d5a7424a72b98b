namespace LucidTls.Certificates.Fetching;

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

    /// <summary>Waits for an answer; null when the time is over before there is one.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<FetchedAnswer<T>?> WaitAsync<T>(SharedAnswers<T> answers, string key, Func<Task<FetchedAnswer<T>>> fetch) where T : class
    {
        try
        {
            return await answers.GetAsync(key, fetch, _either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_deadline.IsCancellationRequested)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _either.Dispose();
        _deadline.Dispose();
    }
}

using System.Collections.Concurrent;

namespace LucidTls.Certificates.Fetching;

/// <summary>An answer from the network.</summary>
/// <param name="Value">The answer; null when there is none that can be used.</param>
/// <param name="Problem">Why there is none, in words.</param>
/// <param name="Until">How long it is kept.</param>
/// <param name="Bytes">How large it is.</param>
internal sealed record FetchedAnswer<T>(T? Value, string? Problem, DateTimeOffset Until, int Bytes) where T : class;

/// <summary>
/// Answers by what was asked: those who ask the same at one time wait for one request, and who asks later gets what is kept for as long as it
/// lasts. Bounded in count and in bytes. Safe for use by several threads at once.
/// </summary>
internal sealed class SharedAnswers<T>(int mostAnswers, long mostBytes, TimeProvider time) where T : class
{
    private readonly ConcurrentDictionary<string, Lazy<Task<FetchedAnswer<T>>>> _answers = new(StringComparer.Ordinal);

    /// <param name="key">What is asked.</param>
    /// <param name="fetch">Asks; it must end by a deadline of its own, as no one who waits can stop it for the others.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<FetchedAnswer<T>> GetAsync(string key, Func<Task<FetchedAnswer<T>>> fetch, CancellationToken cancellationToken)
    {
        var kept = _answers.GetOrAdd(key, static (_, fetch) => new(fetch), fetch);
        if (kept is { IsValueCreated: true, Value: { IsCompletedSuccessfully: true } done } && done.Result.Until <= time.GetUtcNow())
        {
            // Who removes the old one makes room for the one new.
            _answers.TryRemove(new KeyValuePair<string, Lazy<Task<FetchedAnswer<T>>>>(key, kept));
            kept = _answers.GetOrAdd(key, static (_, fetch) => new(fetch), fetch);
        }
        var answer = await kept.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
        Trim();
        return answer;
    }

    // What is under way is not counted: it is bounded by its deadline. Rare, so that it need not be clever: those go that expire first.
    private void Trim()
    {
        if (_answers.Count <= mostAnswers && Bytes() <= mostBytes)
            return;
        foreach (var pair in _answers.Where(IsDone).OrderBy(pair => pair.Value.Value.Result.Until).ToList())
        {
            if (_answers.Count <= mostAnswers / 2 && Bytes() <= mostBytes / 2)
                return;
            _answers.TryRemove(pair);
        }
    }

    private long Bytes()
    {
        var bytes = 0L;
        foreach (var pair in _answers)
        {
            if (IsDone(pair))
                bytes += pair.Value.Value.Result.Bytes;
        }
        return bytes;
    }

    private static bool IsDone(KeyValuePair<string, Lazy<Task<FetchedAnswer<T>>>> pair) => pair.Value is { IsValueCreated: true, Value.IsCompletedSuccessfully: true };
}

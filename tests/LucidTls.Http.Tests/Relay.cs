namespace LucidTls.Http.Tests;

/// <summary>Carries bytes between two streams.</summary>
internal static class Relay
{
    /// <summary>Until either end closes.</summary>
    public static async Task BothWaysAsync(Stream one, Stream other, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var there = one.CopyToAsync(other, end.Token);
        var back = other.CopyToAsync(one, end.Token);
        await Task.WhenAny(there, back);
        await end.CancelAsync();
        await Task.WhenAll(there, back).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}

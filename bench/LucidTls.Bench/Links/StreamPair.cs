namespace LucidTls.Bench.Links;

/// <summary>Two connected ends: what the client writes the server reads, and the other way round.</summary>
internal readonly record struct StreamPair(Stream Client, Stream Server) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Server.DisposeAsync();
    }
}

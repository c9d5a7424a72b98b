namespace LucidTls.Bench.Links;

/// <summary>What carries the records of both ends.</summary>
internal abstract class Link : IDisposable
{
    public abstract string Name { get; }

    /// <summary>
    /// Whether both ends run on one thread, each going on inside the other's write. Then nothing but the stacks' own work is
    /// measured; otherwise the ends are tasks of the thread pool, as they are in an application.
    /// </summary>
    public abstract bool IsInline { get; }

    public abstract ValueTask<StreamPair> OpenAsync();

    public abstract void Dispose();
}

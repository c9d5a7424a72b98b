using System.Runtime.CompilerServices;
using LucidTls.Bench.Links;
using LucidTls.Bench.Measuring;
using LucidTls.Bench.Stacks;

namespace LucidTls.Bench.Workloads;

/// <summary>Data from client to server in writes of one size. An operation is one write with the reads that it takes at the other end.</summary>
internal static class Bulk
{
    /// <summary>The sizes of writes, in bytes.</summary>
    public static readonly int[] Sizes = [16 * 1024, 1024];

    /// <summary>In memory: what the pipe holds before it is read empty. Small enough for the processor's cache.</summary>
    private const int MemoryBurst = 64 * 1024;

    private const int MemoryBurstsAtOnce = 64;
    private const int TcpBurst = 16 * 1024 * 1024;
    private const int ReadBuffer = 64 * 1024;

    public static int SizeOf(string workload) => Sizes.Single(size => Workload(size) == workload);

    public static async Task<IReadOnlyList<Contender>> ContendersAsync(IReadOnlyList<TlsStack> stacks, IReadOnlyList<Link> links)
    {
        var contenders = new List<Contender>();
        foreach (var size in Sizes)
        {
            foreach (var link in links)
            {
                foreach (var stack in stacks)
                {
                    var pair = await Connections.OpenAsync(stack, link);
                    contenders.Add(new Contender(Workload(size), link.Name, stack.Name, meter => RunAsync(pair, link, size, meter)));
                }
            }
        }
        return contenders;
    }

    private static string Workload(int size) => $"writes of {size / 1024} KiB";

    private static async Task RunAsync(StreamPair pair, Link link, int size, Meter meter)
    {
        var data = new byte[size];
        var buffer = new byte[ReadBuffer];
        while (!meter.IsDone)
        {
            meter.Start();
            var moved = link.IsInline ? await MoveInTurnAsync(pair, data, buffer) : await MoveAtOnceAsync(pair, data, buffer);
            meter.Stop(moved / size);
        }
    }

    private static async Task<int> MoveInTurnAsync(StreamPair pair, byte[] data, byte[] buffer)
    {
        for (var i = 0; i < MemoryBurstsAtOnce; i++)
        {
            await WriteAsync(pair.Client, data, MemoryBurst);
            await ReadAsync(pair.Server, buffer, MemoryBurst);
        }
        return MemoryBurstsAtOnce * MemoryBurst;
    }

    private static async Task<int> MoveAtOnceAsync(StreamPair pair, byte[] data, byte[] buffer)
    {
        await Task.WhenAll(Task.Run(() => WriteAsync(pair.Client, data, TcpBurst).AsTask()), Task.Run(() => ReadAsync(pair.Server, buffer, TcpBurst).AsTask()));
        return TcpBurst;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask WriteAsync(Stream stream, byte[] data, int total)
    {
        for (var written = 0; written < total; written += data.Length)
            await stream.WriteAsync(data).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask ReadAsync(Stream stream, byte[] buffer, int total)
    {
        for (var read = 0; read < total;)
        {
            var count = await stream.ReadAsync(buffer).ConfigureAwait(false);
            if (count == 0)
                throw new EndOfStreamException("The writer closed.");
            read += count;
        }
    }
}

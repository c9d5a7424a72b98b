using System.Diagnostics;
using System.Runtime.CompilerServices;
using LucidTls.Bench.Links;
using LucidTls.Bench.Measuring;
using LucidTls.Bench.Stacks;

namespace LucidTls.Bench.Workloads;

/// <summary>64 bytes to the server and back. An operation is one round trip: two records sealed, two opened.</summary>
internal static class Echo
{
    public const string Workload = "64-byte echo";

    private const int Size = 64;

    /// <summary>Connections at once over TCP: enough to keep the threads busy, so that none spins for work.</summary>
    private const int Concurrency = 8;

    private const int Batch = 256;

    public static async Task<IReadOnlyList<Contender>> ContendersAsync(IReadOnlyList<TlsStack> stacks, IReadOnlyList<Link> links)
    {
        var contenders = new List<Contender>();
        foreach (var link in links)
        {
            foreach (var stack in stacks)
            {
                var pairs = new StreamPair[link.IsInline ? 1 : Concurrency];
                for (var i = 0; i < pairs.Length; i++)
                    pairs[i] = await Connections.OpenAsync(stack, link);
                contenders.Add(new Contender(Workload, link.Name, stack.Name, link.IsInline ? meter => RunInlineAsync(pairs[0], meter) : Concurrently(pairs)));
            }
        }
        return contenders;
    }

    private static async Task RunInlineAsync(StreamPair pair, Meter meter)
    {
        var message = new byte[Size];
        var buffer = new byte[Size];
        while (!meter.IsDone)
        {
            meter.Start();
            for (var i = 0; i < Batch; i++)
            {
                await pair.Client.WriteAsync(message);
                await ReadWholeAsync(pair.Server, buffer);
                await pair.Server.WriteAsync(buffer);
                await ReadWholeAsync(pair.Client, buffer);
            }
            meter.Stop(Batch);
        }
    }

    private static Func<Meter, Task> Concurrently(StreamPair[] pairs)
    {
        foreach (var pair in pairs)
            _ = Task.Run(() => EchoAsync(pair.Server));
        return async meter =>
        {
            meter.Start();
            var start = Stopwatch.GetTimestamp();
            var counts = await Task.WhenAll(pairs.Select(pair => Task.Run(() => AskAsync(pair.Client, start, meter.Box))));
            meter.Stop(counts.Sum());
        };
    }

    private static async Task<long> AskAsync(Stream client, long start, TimeSpan box)
    {
        var message = new byte[Size];
        var buffer = new byte[Size];
        var count = 0L;
        for (; Stopwatch.GetElapsedTime(start) < box; count++)
        {
            await client.WriteAsync(message).ConfigureAwait(false);
            await ReadWholeAsync(client, buffer).ConfigureAwait(false);
        }
        return count;
    }

    private static async Task EchoAsync(Stream server)
    {
        var buffer = new byte[Size];
        while (true)
        {
            await ReadWholeAsync(server, buffer).ConfigureAwait(false);
            await server.WriteAsync(buffer).ConfigureAwait(false);
        }
    }

    // One record carries the message, so that one read brings it whole; anything else would make the count wrong.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask ReadWholeAsync(Stream stream, byte[] buffer)
    {
        if (await stream.ReadAsync(buffer).ConfigureAwait(false) != buffer.Length)
            throw new InvalidDataException("A message came in pieces.");
    }
}

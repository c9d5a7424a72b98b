using LucidTls.Bench.Links;
using LucidTls.Bench.Measuring;
using LucidTls.Bench.Stacks;

namespace LucidTls.Bench.Workloads;

/// <summary>Full handshakes, both ends, and the disposal of both streams. Opening and closing the link is not counted.</summary>
internal static class Handshakes
{
    /// <summary>Handshakes under way at once over TCP: enough to keep both ends busy, so that no thread spins for work.</summary>
    private const int Concurrency = 4;

    private const int Batch = 8;

    public static IEnumerable<Contender> Contenders(IReadOnlyList<TlsStack> stacks, IReadOnlyList<Link> links)
    {
        foreach (var group in new[] { NamedGroup.X25519, NamedGroup.X25519MLKEM768 })
        {
            foreach (var link in links)
            {
                foreach (var stack in stacks.Where(stack => stack.Supports(group)))
                    yield return new Contender(group.ToString(), link.Name, stack.Name, meter => RunAsync(stack, link, group, meter));
            }
        }
    }

    private static async Task RunAsync(TlsStack stack, Link link, NamedGroup group, Meter meter)
    {
        while (!meter.IsDone)
        {
            var inner = new StreamPair[Batch];
            for (var i = 0; i < inner.Length; i++)
                inner[i] = await link.OpenAsync();
            meter.Start();
            if (link.IsInline)
                await ConnectInTurnAsync(stack, inner, group);
            else
                await Task.WhenAll(inner.Chunk(Batch / Concurrency).Select(share => Task.Run(() => ConnectInTurnAsync(stack, share, group))));
            meter.Stop(Batch);
            foreach (var pair in inner)
                await pair.DisposeAsync();
        }
    }

    private static async Task ConnectInTurnAsync(TlsStack stack, StreamPair[] inner, NamedGroup group)
    {
        foreach (var pair in inner)
            await (await stack.ConnectAsync(pair, group)).DisposeAsync();
    }
}

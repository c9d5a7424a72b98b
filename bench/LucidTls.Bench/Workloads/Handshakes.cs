using LucidTls.Bench.Links;
using LucidTls.Bench.Measuring;
using LucidTls.Bench.Stacks;

namespace LucidTls.Bench.Workloads;

/// <summary>
/// Handshakes, both ends, and the disposal of both streams. Opening and closing the link is not counted. Where sessions are resumed the
/// server sends a byte after the handshake, with which its tickets come to the client.
/// </summary>
internal static class Handshakes
{
    /// <summary>Handshakes under way at once over TCP: enough to keep both ends busy, so that no thread spins for work.</summary>
    private const int Concurrency = 4;

    private const int Batch = 8;

    public static IEnumerable<Contender> Contenders(IReadOnlyList<TlsStack> stacks, IReadOnlyList<Link> links)
    {
        foreach (var kind in HandshakeKind.All)
        {
            foreach (var link in links)
            {
                foreach (var stack in stacks.Where(stack => stack.Supports(kind)))
                    yield return new Contender(kind.Name, link.Name, stack.Name, meter => RunAsync(stack, link, kind, meter));
            }
        }
    }

    private static async Task RunAsync(TlsStack stack, Link link, HandshakeKind kind, Meter meter)
    {
        while (!meter.IsDone)
        {
            var inner = new StreamPair[Batch];
            for (var i = 0; i < inner.Length; i++)
                inner[i] = await link.OpenAsync();
            meter.Start();
            if (link.IsInline)
                await ConnectInTurnAsync(stack, inner, kind);
            else
                await Task.WhenAll(inner.Chunk(Batch / Concurrency).Select(share => Task.Run(() => ConnectInTurnAsync(stack, share, kind))));
            meter.Stop(Batch);
            foreach (var pair in inner)
                await pair.DisposeAsync();
        }
    }

    private static async Task ConnectInTurnAsync(TlsStack stack, StreamPair[] inner, HandshakeKind kind)
    {
        var buffer = new byte[1];
        foreach (var pair in inner)
        {
            var connection = await stack.ConnectAsync(pair, kind);
            if (kind.Resumes)
            {
                await connection.Server.WriteAsync(buffer);
                await connection.Client.ReadExactlyAsync(buffer);
            }
            await connection.DisposeAsync();
        }
    }
}

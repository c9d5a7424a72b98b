using LucidTls.Bench.Links;
using LucidTls.Bench.Stacks;

namespace LucidTls.Bench.Workloads;

/// <summary>Connections of each stack over each link that live as long as a mode runs.</summary>
internal static class Connections
{
    public static async Task<StreamPair> OpenAsync(TlsStack stack, Link link) =>
        await stack.ConnectAsync(await link.OpenAsync(), HandshakeKind.X25519);
}

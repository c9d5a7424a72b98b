using System.Diagnostics;
using System.Globalization;
using LucidTls.Bench.Links;
using LucidTls.Bench.Measuring;
using LucidTls.Bench.Stacks;

namespace LucidTls.Bench.Workloads;

/// <summary>What a pair costs in bytes: of the process's resident memory, and of that on the managed heap.</summary>
internal readonly record struct Footprint(double Resident, double Managed);

/// <summary>
/// Connected pairs that wait, over the pipes in memory: both ends have exchanged a message and have a read of zero bytes under
/// way, as servers and connection pools do. Each stack is measured in a process of its own.
/// </summary>
internal static class IdleMemory
{
    public const int Pairs = 5000;

    /// <summary>The hidden mode that a child process runs in.</summary>
    public const string ChildMode = "idle-child";

    private const int WarmUpPairs = 300;

    public static async Task<IReadOnlyList<(string Stack, Footprint Footprint)>> MeasureAsync(IEnumerable<string> stacks) =>
        await Task.WhenAll(stacks.Select(async stack => (stack, await MeasureInChildAsync(stack))));

    private static async Task<Footprint> MeasureInChildAsync(string stack)
    {
        using var child = Process.Start(ChildProcess.StartInfo(ChildMode, stack)) ?? throw new InvalidOperationException("The child process did not start.");
        var output = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        if (child.ExitCode != 0)
            throw new InvalidOperationException($"The child process for {stack} ended with {child.ExitCode}.");
        var numbers = output.Split(' ').Select(part => double.Parse(part, CultureInfo.InvariantCulture)).ToArray();
        return new Footprint(numbers[0], numbers[1]);
    }

    public static async Task RunChildAsync(TlsStack stack)
    {
        using var link = new MemoryLink();
        var warmUp = new List<Idle>();
        for (var i = 0; i < WarmUpPairs; i++)
            warmUp.Add(await Idle.CreateAsync(stack, link));
        foreach (var pair in warmUp)
            await pair.DisposeAsync();
        warmUp = null;

        var pairs = new List<Idle>(Pairs);
        var before = Now();
        for (var i = 0; i < Pairs; i++)
            pairs.Add(await Idle.CreateAsync(stack, link));
        var after = Now();
        GC.KeepAlive(pairs);
        Console.Write(string.Create(CultureInfo.InvariantCulture, $"{(after.Resident - before.Resident) / Pairs} {(after.Managed - before.Managed) / Pairs}"));
    }

    public static Footprint Now()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }
        return new Footprint(Environment.WorkingSet, GC.GetTotalMemory(forceFullCollection: true));
    }

    /// <summary>A pair with everything that keeps it alive.</summary>
    private sealed record Idle(StreamPair Inner, StreamPair Outer, Task ClientRead, Task ServerRead)
    {
        public static async Task<Idle> CreateAsync(TlsStack stack, Link link)
        {
            var inner = await link.OpenAsync();
            var outer = await stack.ConnectAsync(inner, HandshakeKind.X25519);
            await ExchangeAsync(outer.Client, outer.Server);
            await ExchangeAsync(outer.Server, outer.Client);
            return new Idle(inner, outer, outer.Client.ReadAsync(Memory<byte>.Empty).AsTask(), outer.Server.ReadAsync(Memory<byte>.Empty).AsTask());
        }

        public async Task DisposeAsync()
        {
            await Inner.DisposeAsync();
            await Task.WhenAll(ClientRead, ServerRead).ContinueWith(static _ => { }, TaskScheduler.Default);
            await Outer.DisposeAsync();
        }

        private static async Task ExchangeAsync(Stream writer, Stream reader)
        {
            var message = new byte[64];
            await writer.WriteAsync(message);
            await reader.ReadAtLeastAsync(message, message.Length);
        }
    }
}

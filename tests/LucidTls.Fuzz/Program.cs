using System.Diagnostics;
using LucidTls;
using LucidTls.Fuzz;
using SharpFuzz;

// smoke [TARGET ...] [--seconds N] [--seed N]: all targets, or those, for a while, with a mutation loop of its own. Of one seed, each target gets the same choices in the same order,
// however long it runs: a run twice as long begins with those of a short one.
// run TARGET: one target under libFuzzer (see docs/fuzzing.md).
const long MostMemory = 32 << 20;
return args switch
{
    ["run", var target] when Targets.All.TryGetValue(target, out var fuzz) => RunUnderFuzzer(fuzz),
    ["smoke", .. var options] => Smoke(Named(options), Option(options, "--seconds", 30), Option(options, "--seed", Random.Shared.Next())),
    _ => Usage(),
};

static int Option(string[] options, string name, int otherwise) =>
    Array.IndexOf(options, name) is var index and >= 0 && index + 1 < options.Length ? int.Parse(options[index + 1]) : otherwise;

static Dictionary<string, Action<byte[]>> Named(string[] options) =>
    Targets.All.Where(target => options.Contains(target.Key) || !options.Any(Targets.All.ContainsKey)).ToDictionary();

static int Usage()
{
    Console.Error.WriteLine($"usage: smoke [TARGET ...] [--seconds N] [--seed N] | run TARGET\ntargets: {string.Join(", ", Targets.All.Keys)}");
    return 1;
}

static int RunUnderFuzzer(Action<byte[]> fuzz)
{
    Fuzzer.LibFuzzer.Run(data =>
    {
        try
        {
            fuzz(data.ToArray());
        }
        catch (TlsException)
        {
            // The one exception that input may cause.
        }
    });
    return 0;
}

static int Smoke(Dictionary<string, Action<byte[]>> targets, int seconds, int seed)
{
    var seeds = Seeds.Make();
    var perTarget = TimeSpan.FromSeconds((double)seconds / targets.Count);
    Console.WriteLine($"seed {seed}, {perTarget.TotalSeconds:0.0} s a target");
    using var watch = new Watchdog();
    foreach (var (name, fuzz) in targets)
    {
        var random = new Random(seed);
        var runs = 0;
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < perTarget; runs++)
        {
            var input = Mutation.Of(seeds[name][random.Next(seeds[name].Count)], random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            if (!Survives(name, fuzz, input, watch))
                return 1;
            if (GC.GetAllocatedBytesForCurrentThread() - before is var bytes and > MostMemory)
            {
                Console.WriteLine($"{name} allocates {bytes:N0} bytes for {Convert.ToHexString(input)}");
                return 1;
            }
        }
        var average = (GC.GetAllocatedBytesForCurrentThread() - allocated) / Math.Max(1, runs);
        Console.WriteLine($"{name,-26} {runs,9:N0} inputs, slowest {watch.TakeSlowest().TotalMilliseconds,7:0.0} ms, {average,9:N0} bytes each");
    }
    return 0;
}

static bool Survives(string name, Action<byte[]> fuzz, byte[] input, Watchdog watch)
{
    try
    {
        using (watch.Over(name, input))
            fuzz(input);
    }
    catch (TlsException)
    {
        // The one exception that input may cause.
    }
    catch (Exception exception)
    {
        Console.WriteLine($"{name} failed on {Convert.ToHexString(input)}\n{exception}");
        return false;
    }
    return true;
}

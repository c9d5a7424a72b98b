using System.Diagnostics;
using LucidTls;
using LucidTls.Fuzz;
using SharpFuzz;

// smoke [--seconds N] [--seed N]: all targets for a while, with a mutation loop of its own.
// run TARGET: one target under libFuzzer (see docs/fuzzing.md).
return args switch
{
    ["run", var target] when Targets.All.TryGetValue(target, out var fuzz) => RunUnderFuzzer(fuzz),
    ["smoke", .. var options] => Smoke(Option(options, "--seconds", 30), Option(options, "--seed", Random.Shared.Next())),
    _ => Usage(),
};

static int Option(string[] options, string name, int otherwise) =>
    Array.IndexOf(options, name) is var index and >= 0 && index + 1 < options.Length ? int.Parse(options[index + 1]) : otherwise;

static int Usage()
{
    Console.Error.WriteLine($"usage: smoke [--seconds N] [--seed N] | run TARGET\ntargets: {string.Join(", ", Targets.All.Keys)}");
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

static int Smoke(int seconds, int seed)
{
    var random = new Random(seed);
    var seeds = Seeds.Make();
    var perTarget = TimeSpan.FromSeconds((double)seconds / Targets.All.Count);
    Console.WriteLine($"seed {seed}, {perTarget.TotalSeconds:0.0} s a target");
    foreach (var (name, fuzz) in Targets.All)
    {
        var runs = 0;
        var slowest = TimeSpan.Zero;
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < perTarget; runs++)
        {
            var input = Mutation.Of(seeds[name][random.Next(seeds[name].Count)], random);
            var begin = Stopwatch.GetTimestamp();
            try
            {
                fuzz(input);
            }
            catch (TlsException)
            {
                // The one exception that input may cause.
            }
            catch (Exception exception)
            {
                Console.WriteLine($"{name} failed on {Convert.ToHexString(input)}\n{exception}");
                return 1;
            }
            var taken = Stopwatch.GetElapsedTime(begin);
            slowest = taken > slowest ? taken : slowest;
            if (taken > TimeSpan.FromSeconds(10))
            {
                Console.WriteLine($"{name} took {taken.TotalSeconds:0.0} s for {Convert.ToHexString(input)}");
                return 1;
            }
        }
        var bytes = (GC.GetAllocatedBytesForCurrentThread() - allocated) / Math.Max(1, runs);
        Console.WriteLine($"{name,-22} {runs,9:N0} inputs, slowest {slowest.TotalMilliseconds,7:0.0} ms, {bytes,9:N0} bytes each");
        if (bytes > 4_000_000)
        {
            Console.WriteLine($"{name} allocates without measure.");
            return 1;
        }
    }
    return 0;
}

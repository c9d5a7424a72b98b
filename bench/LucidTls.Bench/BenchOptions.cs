using System.Globalization;

namespace LucidTls.Bench;

/// <summary>What the command line asks for.</summary>
internal sealed record BenchOptions(string Mode, int Rounds, string OutputFolder, string? OnlyStack, string? ChildStack)
{
    public const string Usage = """
        usage: LucidTls.Bench [handshake|bulk|small|memory|verify|kernels|kestrel|all] [--rounds N] [--stack NAME] [--out DIR]

          handshake   full handshakes with X25519 and X25519MLKEM768, mutual, resumed and TLS 1.2 ones
          bulk        data in writes of 16 KiB and 1 KiB
          small       a 64-byte echo
          memory      5,000 idle pairs, a process for each stack
          verify      a certificate chain against X509Chain
          kernels     the cryptography that the library does itself, operation by operation
          kestrel     a "hello" of Kestrel over UseLucidTls and UseHttps, a process for each
          all         all of these (the default)
          --rounds N  how often each measurement is repeated; the tables show medians (default 7)
          --stack S   measures LucidTls, SslStream or BouncyCastle alone, for a profiler
          --out DIR   where the report and the plot go (default artifacts/bench)
        """;

    public static readonly string[] Modes = ["handshake", "bulk", "small", "memory", "verify", "kernels", "kestrel"];

    /// <exception cref="FormatException">The arguments are not as in <see cref="Usage"/>.</exception>
    public static BenchOptions Parse(string[] arguments)
    {
        var options = new BenchOptions("all", 7, Path.Combine("artifacts", "bench"), null, null);
        if (arguments is [Workloads.IdleMemory.ChildMode or Workloads.KestrelServer.ChildMode, var stack])
            return options with { Mode = arguments[0], ChildStack = stack };
        for (var i = 0; i < arguments.Length; i++)
        {
            options = arguments[i] switch
            {
                "--rounds" => options with { Rounds = PositiveNumber(ValueAfter(arguments, ref i)) },
                "--out" => options with { OutputFolder = ValueAfter(arguments, ref i) },
                "--stack" => options with { OnlyStack = ValueAfter(arguments, ref i) },
                "all" => options with { Mode = "all" },
                var mode when Modes.Contains(mode) => options with { Mode = mode },
                var other => throw new FormatException($"\"{other}\" is neither a mode nor an option."),
            };
        }
        return options;
    }

    public bool Includes(string mode) => Mode == mode || Mode == "all";

    public bool Includes(Stacks.TlsStack stack) => OnlyStack == null || OnlyStack == stack.Name;

    private static string ValueAfter(string[] arguments, ref int index) =>
        ++index < arguments.Length ? arguments[index] : throw new FormatException($"{arguments[index - 1]} needs a value.");

    private static int PositiveNumber(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new FormatException($"\"{text}\" is not a positive number.");
}

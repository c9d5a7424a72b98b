namespace LucidTls.Tests.Cryptography;

/// <summary>How long the tests run that compare a kernel of ours with a second implementation.</summary>
internal static class Differential
{
    /// <summary>LUCIDTLS_DIFFERENTIAL_ROUNDS makes the runs long, LUCIDTLS_DIFFERENTIAL_SEED other; each failure names its seed.</summary>
    public static int Seed { get; } = int.TryParse(Environment.GetEnvironmentVariable("LUCIDTLS_DIFFERENTIAL_SEED"), out var seed) ? seed : 25519;

    public static int Rounds(int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable("LUCIDTLS_DIFFERENTIAL_ROUNDS"), out var rounds) ? rounds : usual;
}

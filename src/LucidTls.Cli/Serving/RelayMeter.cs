using System.Diagnostics.Metrics;

namespace LucidTls.Cli.Serving;

/// <summary>What relays count, beside the library's own count of handshakes.</summary>
internal static class RelayMeter
{
    public const string Name = "LucidTls.Tool";
    public const string ToService = "to_service";
    public const string ToClient = "to_client";

    private static readonly Meter Meter = new(Name);

    private static readonly UpDownCounter<long> Open = Meter.CreateUpDownCounter<long>("lucidtls.relay.open", unit: "{connection}", description: "How many connections are being passed on.");
    private static readonly Counter<long> Total = Meter.CreateCounter<long>("lucidtls.relay.connections", unit: "{connection}", description: "How many connections were passed on, those that are open as well.");
    private static readonly Counter<long> Failed = Meter.CreateCounter<long>("lucidtls.relay.failures", unit: "{connection}", description: "How many connections could not be passed on or were cut off, by cause.");
    private static readonly Counter<long> Bytes = Meter.CreateCounter<long>("lucidtls.relay.bytes", unit: "By", description: "How many bytes of applications were passed on, by direction.");

    /// <summary>Counts a connection as open until it is disposed.</summary>
    public static IDisposable Connection()
    {
        Open.Add(1);
        Total.Add(1);
        return new Counted();
    }

    public static void Passed(int count, string direction) => Bytes.Add(count, new KeyValuePair<string, object?>("direction", direction));

    public static void Refused(string cause) => Failed.Add(1, new KeyValuePair<string, object?>("error.type", cause));

    private sealed class Counted : IDisposable
    {
        public void Dispose() => Open.Add(-1);
    }
}

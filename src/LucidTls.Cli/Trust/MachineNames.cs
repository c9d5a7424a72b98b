using System.Net;

namespace LucidTls.Cli.Trust;

/// <summary>What this machine is called.</summary>
internal static class MachineNames
{
    public static readonly IPAddress[] Addresses = [IPAddress.Loopback, IPAddress.IPv6Loopback];

    public static readonly IPNetwork[] LoopbackNetworks = [new(new IPAddress([127, 0, 0, 0]), 8), new(IPAddress.IPv6Loopback, 128)];

    /// <summary>The host's name in lower case.</summary>
    public static string Host => System.Net.Dns.GetHostName().ToLowerInvariant();

    /// <summary>localhost, and the host's name where it can stand in a certificate (RFC 1034 §3.5).</summary>
    public static IReadOnlyList<string> Dns(string hostName) =>
        hostName != "localhost" && Uri.CheckHostName(hostName) == UriHostNameType.Dns && !hostName.Contains('_') && !hostName.EndsWith('.')
            ? ["localhost", hostName]
            : ["localhost"];
}

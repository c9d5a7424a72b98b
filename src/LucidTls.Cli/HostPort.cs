using System.Globalization;
using System.Net;

namespace LucidTls.Cli;

/// <summary>A host name or IP address with a port, as people write it: "example.org:443", "[::1]:443".</summary>
internal readonly record struct HostPort(string Host, int Port)
{
    /// <summary>Parses; without <paramref name="defaultPort"/> the port must be there. A lone IPv6 address needs no brackets.</summary>
    public static bool TryParse(string text, int? defaultPort, out HostPort value)
    {
        value = default;
        if (IPAddress.TryParse(text, out var lone) && lone.ToString().Contains(':') && !text.StartsWith('['))
            return Complete(text, null, defaultPort, out value);
        var bracket = text.StartsWith('[') ? text.IndexOf(']') : -1;
        if (bracket > 0)
        {
            var rest = text[(bracket + 1)..];
            if (!IPAddress.TryParse(text[1..bracket], out _) || (rest.Length > 0 && rest[0] != ':'))
                return false;
            return Complete(text[1..bracket], rest.Length > 0 ? rest[1..] : null, defaultPort, out value);
        }
        var colon = text.IndexOf(':');
        return colon < 0
            ? Complete(text, null, defaultPort, out value)
            : Complete(text[..colon], text[(colon + 1)..], defaultPort, out value);
    }

    private static bool Complete(string host, string? port, int? defaultPort, out HostPort value)
    {
        value = default;
        int number;
        if (port is null)
        {
            if (defaultPort is null)
                return false;
            number = defaultPort.Value;
        }
        else if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out number) || number > IPEndPoint.MaxPort)
        {
            return false;
        }
        if (host.Length == 0 || Uri.CheckHostName(host) == UriHostNameType.Unknown)
            return false;
        value = new HostPort(host, number);
        return true;
    }

    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

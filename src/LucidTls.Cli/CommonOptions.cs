using System.CommandLine;
using System.Net;
using LucidTls.Cli.Reporting;
using LucidTls.StartTls;

namespace LucidTls.Cli;

/// <summary>Options that several commands have.</summary>
internal static class CommonOptions
{
    public static Option<StartTlsProtocol> StartTls(string description, IEnumerable<StartTlsProtocol> protocols)
    {
        var names = string.Join(", ", protocols.Select(protocol => protocol.Name));
        return new Option<StartTlsProtocol>("--starttls")
        {
            Description = $"{description}: {names}",
            HelpName = "KIND",
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (StartTlsProtocol.Find(text) is { } protocol && protocols.Contains(protocol))
                    return protocol;
                result.AddError($"'{Printable.Line(text)}' is none of the protocols that can turn to TLS here: {names}.");
                return null;
            },
        };
    }

    public static Option<IPEndPoint> Metrics() => new("--metrics")
    {
        Description = "Where to show metrics for Prometheus, over plain HTTP at /metrics",
        HelpName = "ADDR:PORT",
        CustomParser = result =>
        {
            if (ServeCommand.TryParseListen(result.Tokens[0].Value, out var endpoint))
                return endpoint;
            result.AddError($"'{Printable.Line(result.Tokens[0].Value)}' is no address to show metrics at. Write ADDR:PORT with an IP address.");
            return null;
        },
    };
}

using System.CommandLine;
using System.Globalization;
using System.Net;
using LucidTls.Cli.Reporting;
using LucidTls.Cli.Serving;
using LucidTls.StartTls;

namespace LucidTls.Cli;

/// <summary>Options that several commands have.</summary>
internal static class CommonOptions
{
    public const int DefaultDrain = 10;
    public const int LongestDrain = 3600;

    public static Option<StartTlsProtocol> StartTls(string description, IEnumerable<StartTlsProtocol> protocols, string name = "--starttls")
    {
        var names = string.Join(", ", protocols.Select(protocol => protocol.Name));
        return new Option<StartTlsProtocol>(name)
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

    public static Option<string> CtLogs() => new("--ct-logs") { Description = "Demand certificate transparency: the logs in this list (JSON, version 3) must vouch for the certificate as browsers want it", HelpName = "FILE" };

    public static Option<IPEndPoint> Metrics() => Address("--metrics", "Where to show metrics for Prometheus, over plain HTTP at /metrics", "to show metrics at");

    /// <param name="name">The option.</param>
    /// <param name="description">For the help.</param>
    /// <param name="purpose">What a wrong address is none for.</param>
    public static Option<IPEndPoint> Address(string name, string description, string purpose) => new(name)
    {
        Description = description,
        HelpName = "ADDR:PORT",
        CustomParser = result =>
        {
            if (ServeCommand.TryParseListen(result.Tokens[0].Value, out var endpoint))
                return endpoint;
            result.AddError($"'{Printable.Line(result.Tokens[0].Value)}' is no address {purpose}. Write ADDR:PORT with an IP address.");
            return null;
        },
    };

    /// <summary>How long connections may be silent.</summary>
    /// <param name="http">Whether requests of HTTP are passed on, too.</param>
    public static (Option<int?> Idle, Option<int?> HalfClosed) Limits(bool http = false) =>
        (Seconds("--idle", $"Close connections{(http ? ", and give up requests," : "")} that nothing has come through for so long; 0 for never [default: {RelayLimits.Default.Idle.TotalSeconds:0}{(http ? $"; {RelayLimits.DefaultHttp.Idle.TotalSeconds:0} with HTTP" : "")}]"),
        Seconds("--half-closed", $"The same once one side has ended [default: {RelayLimits.Default.HalfClosed.TotalSeconds:0}]"));

    public static RelayLimits LimitsOf(ParseResult parsed, Option<int?> idle, Option<int?> halfClosed, RelayLimits otherwise) => new(
        parsed.GetValue(idle) is { } seconds ? RelayLimits.Of(seconds) : otherwise.Idle,
        parsed.GetValue(halfClosed) is { } half ? RelayLimits.Of(half) : otherwise.HalfClosed);

    /// <summary>How long open connections are given at the end.</summary>
    public static Option<int> Drain()
    {
        var drain = new Option<int>("--drain") { Description = "How many seconds open connections are given at the end", HelpName = "SECONDS", DefaultValueFactory = _ => DefaultDrain };
        drain.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > LongestDrain)
                result.AddError($"--drain takes seconds from 0 to {LongestDrain}.");
        });
        return drain;
    }

    private static Option<int?> Seconds(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SECONDS",
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= RelayLimits.MostSeconds)
                return seconds;
            result.AddError($"{name} takes seconds from 0 to {RelayLimits.MostSeconds}.");
            return null;
        },
    };
}

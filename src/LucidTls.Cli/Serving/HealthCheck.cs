namespace LucidTls.Cli.Serving;

/// <summary>How it is found out whether services work.</summary>
/// <param name="Interval">How long to wait between two checks of one.</param>
/// <param name="Timeout">How long a check may take.</param>
/// <param name="Path">What HTTP services are asked for.</param>
/// <param name="Fall">After how many failed checks in a row one is out.</param>
/// <param name="Rise">After how many good ones it is in again.</param>
internal sealed record HealthCheck(TimeSpan Interval, TimeSpan Timeout, string Path, int Fall, int Rise)
{
    public const int DefaultInterval = 10;
    public const int DefaultTimeout = 5;
    public const int DefaultFall = 3;
    public const int DefaultRise = 2;

    public const int MostSeconds = 3600;
    public const int MostChecks = 100;
}

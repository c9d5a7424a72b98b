using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Security;

namespace LucidTls.Diagnostics;

/// <summary>
/// One handshake as meters and activities see it. Both are named "LucidTls"; the attributes are those of OpenTelemetry's conventions for TLS and errors, and
/// of ours with the prefix "lucidtls". What nobody listens to costs next to nothing.
/// </summary>
internal readonly struct HandshakeTelemetry
{
    private const string Name = "LucidTls";
    private const string RoleKey = "lucidtls.role";

    private static readonly Meter Meter = new(Name);
    private static readonly ActivitySource Source = new(Name);

    private static readonly Histogram<double> Duration = Meter.CreateHistogram("lucidtls.handshake.duration", unit: "s",
        description: "How long TLS handshakes took, failed ones as well.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });

    private static readonly UpDownCounter<long> Active = Meter.CreateUpDownCounter<long>("lucidtls.handshake.active", unit: "{handshake}",
        description: "How many TLS handshakes are under way.");

    private readonly string _role;
    private readonly long _began;
    private readonly bool _isCounted;
    private readonly Activity? _activity;

    private HandshakeTelemetry(TlsOptions options)
    {
        var isServer = options is TlsServerOptions;
        _role = isServer ? "server" : "client";
        _began = Stopwatch.GetTimestamp();
        _isCounted = Active.Enabled;
        if (_isCounted)
            Active.Add(1, Role);
        _activity = Source.StartActivity("TLS handshake", isServer ? ActivityKind.Server : ActivityKind.Client);
        if (options is TlsClientOptions { TargetHost: { } host })
            _activity?.SetTag("server.address", host);
    }

    private KeyValuePair<string, object?> Role => new(RoleKey, _role);

    public static HandshakeTelemetry Begin(TlsOptions options) => new(options);

    public void Succeeded(TlsSessionInfo session)
    {
        if (Duration.Enabled)
        {
            var tags = new TagList { Role };
            AddTo(ref tags, session);
            Duration.Record(Stopwatch.GetElapsedTime(_began).TotalSeconds, tags);
        }
        if (_activity is { IsAllDataRequested: true } activity)
        {
            var tags = new TagList { Role, new("tls.protocol.name", "tls"), new("tls.established", true), new("tls.curve", session.Group.ToString()) };
            AddTo(ref tags, session);
            foreach (var (key, value) in tags)
                activity.SetTag(key, value);
            if (session.ServerName is { } name)
                activity.SetTag("tls.client.server_name", name);
        }
        End();
    }

    public void Failed(Exception failure)
    {
        var tls = failure as TlsException;
        var error = tls?.Error.ToString() ?? failure.GetType().FullName;
        var alert = tls is { Error: TlsError.PeerAlert, Alert: { } received } ? AlertNames.Of(received) : null;
        if (Duration.Enabled)
        {
            var tags = new TagList { Role, new("error.type", error) };
            if (alert != null)
                tags.Add("lucidtls.alert", alert);
            Duration.Record(Stopwatch.GetElapsedTime(_began).TotalSeconds, tags);
        }
        if (_activity is { IsAllDataRequested: true } activity)
        {
            activity.SetTag(RoleKey, _role).SetTag("tls.established", false).SetTag("error.type", error).SetStatus(ActivityStatusCode.Error, failure.Message);
            if (alert != null)
                activity.SetTag("lucidtls.alert", alert);
        }
        End();
    }

    private static void AddTo(ref TagList tags, TlsSessionInfo session)
    {
        tags.Add("tls.protocol.version", session.Version == TlsVersion.Tls13 ? "1.3" : "1.2");
        tags.Add("tls.cipher", session.CipherSuite.ToString());
        tags.Add("tls.resumed", session.Resumed);
        if (session.ApplicationProtocol != default(SslApplicationProtocol))
            tags.Add("tls.next_protocol", session.ApplicationProtocol.ToString());
    }

    private void End()
    {
        // Who began to listen in between must not see less than none.
        if (_isCounted)
            Active.Add(-1, Role);
        _activity?.Dispose();
    }
}

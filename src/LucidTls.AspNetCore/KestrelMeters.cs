using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace LucidTls.AspNetCore;

/// <summary>
/// What Kestrel's own meter says of TLS, with the attributes that UseHttps gives it, so that what is built on that goes on. A meter factory gives the same meter and the same instruments to all who ask by
/// the same names.
/// </summary>
internal sealed class KestrelMeters
{
    private readonly Histogram<double>? _durations;
    private readonly UpDownCounter<long>? _active;

    /// <param name="factory">The application's; null for an application without meters.</param>
    public KestrelMeters(IMeterFactory? factory)
    {
        var meter = factory?.Create("Microsoft.AspNetCore.Server.Kestrel");
        _durations = meter?.CreateHistogram<double>("kestrel.tls_handshake.duration", unit: "s", description: "The duration of TLS handshakes on the server.", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
        });
        _active = meter?.CreateUpDownCounter<long>("kestrel.active_tls_handshakes", unit: "{handshake}", description: "Number of TLS handshakes that are currently in progress on the server.");
    }

    /// <summary>A handshake begins.</summary>
    public Handshake Begin(ConnectionContext connection)
    {
        var isCounted = _active is { Enabled: true };
        if (isCounted)
            _active!.Add(1, Describe(connection));
        return new Handshake(this, connection, isCounted, Stopwatch.GetTimestamp());
    }

    /// <summary>Says of the connection what it speaks.</summary>
    public static void Tag(ConnectionContext connection, SslProtocols protocol) =>
        connection.Features.Get<IConnectionMetricsTagsFeature>()?.Tags.Add(new("tls.protocol.version", VersionOf(protocol)));

    /// <summary>Says of the connection that it came to nothing.</summary>
    public static void TagFailure(ConnectionContext connection) =>
        connection.Features.Get<IConnectionMetricsTagsFeature>()?.Tags.Add(new("error.type", "tls_handshake_failed"));

    private static string VersionOf(SslProtocols protocol) => protocol == SslProtocols.Tls13 ? "1.3" : "1.2";

    private static TagList Describe(ConnectionContext connection)
    {
        var tags = new TagList();
        switch (connection.LocalEndPoint)
        {
            case IPEndPoint ip:
                tags.Add("server.address", ip.Address.ToString());
                tags.Add("server.port", ip.Port);
                tags.Add("network.type", ip.AddressFamily == AddressFamily.InterNetwork ? "ipv4" : "ipv6");
                tags.Add("network.transport", "tcp");
                break;
            case UnixDomainSocketEndPoint socket:
                tags.Add("server.address", socket.ToString());
                tags.Add("network.transport", "unix");
                break;
            case NamedPipeEndPoint pipe:
                tags.Add("server.address", pipe.ToString());
                tags.Add("network.transport", "pipe");
                break;
            case { } other:
                tags.Add("server.address", other.ToString());
                tags.Add("network.transport", other.AddressFamily.ToString());
                break;
        }
        return tags;
    }

    /// <summary>One that is under way; one of its ends must follow.</summary>
    public readonly struct Handshake(KestrelMeters meters, ConnectionContext connection, bool isCounted, long began)
    {
        public void Done(TlsVersion version) => End(new("tls.protocol.version", version == TlsVersion.Tls13 ? "1.3" : "1.2"));

        public void Failed(Exception failure) => End(new("error.type", failure.GetType().FullName));

        private void End(KeyValuePair<string, object?> outcome)
        {
            var isMeasured = meters._durations is { Enabled: true };
            if (!isCounted && !isMeasured)
                return;
            var tags = Describe(connection);
            if (isCounted)
                meters._active!.Add(-1, tags);
            tags.Add(outcome);
            if (isMeasured)
                meters._durations!.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, tags);
        }
    }
}

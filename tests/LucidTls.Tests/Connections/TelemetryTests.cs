using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Security;
using System.Security.Authentication;
using LucidTls.Certificates;
using LucidTls.Sessions;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Connections;

/// <summary>What meters and activities tell of handshakes. Others may run at the same time: those of a test are known by its application protocol or its name.</summary>
public sealed class TelemetryTests : IDisposable
{
    private readonly TestPki _pki = new();
    private readonly TestCertificate _server;
    private readonly MeterListener _meters = new();
    private readonly ActivityListener _activities;
    private readonly ConcurrentQueue<(double Seconds, Dictionary<string, object?> Tags)> _durations = new();
    private readonly ConcurrentQueue<Activity> _spans = new();

    public TelemetryTests()
    {
        _server = _pki.Leaf(KeyKind.EcdsaP256, "telemetry.example");
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "LucidTls")
                listener.EnableMeasurementEvents(instrument);
        };
        _meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => _durations.Enqueue((value, tags.ToArray().ToDictionary())));
        _meters.Start();
        _activities = new ActivityListener { ShouldListenTo = source => source.Name == "LucidTls", Sample = (ref _) => ActivitySamplingResult.AllData, ActivityStopped = _spans.Enqueue };
        ActivitySource.AddActivityListener(_activities);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _activities.Dispose();
        _meters.Dispose();
        _pki.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_handshake_is_timed_by_what_was_agreed_on(bool isTls12)
    {
        var protocol = new SslApplicationProtocol($"telemetry/{isTls12}");
        var client = Client(protocol, TrustStore.FromCertificates([_pki.Root]));
        if (isTls12)
            client.MaximumVersion = TlsVersion.Tls12;
        var server = Server(protocol);
        Assert.Null(await ShakeHandsAsync(client, server));
        Assert.Null(await ShakeHandsAsync(client, server));

        var ours = _durations.Where(one => one.Tags.GetValueOrDefault("tls.next_protocol") as string == protocol.ToString()).ToList();
        Assert.Equal(["client False", "client True", "server False", "server True"], ours.Select(one => $"{one.Tags["lucidtls.role"]} {one.Tags["tls.resumed"]}").Order(StringComparer.Ordinal));
        Assert.All(ours, one =>
        {
            Assert.Equal(isTls12 ? "1.2" : "1.3", one.Tags["tls.protocol.version"]);
            Assert.StartsWith("TLS_", Assert.IsType<string>(one.Tags["tls.cipher"]), StringComparison.Ordinal);
            Assert.False(one.Tags.ContainsKey("error.type"));
            Assert.InRange(one.Seconds, 0, 60);
        });
        var spans = _spans.Where(span => span.GetTagItem("tls.next_protocol") as string == protocol.ToString()).ToList();
        Assert.Equal(2, spans.Count(span => span.Kind == ActivityKind.Server));
        Assert.Equal(2, spans.Count(span => span.Kind == ActivityKind.Client));
        Assert.All(spans, span =>
        {
            Assert.Equal("telemetry.example", span.GetTagItem("tls.client.server_name"));
            Assert.Equal(true, span.GetTagItem("tls.established"));
            Assert.Equal(ActivityStatusCode.Unset, span.Status);
        });
    }

    [Fact]
    public async Task A_failed_handshake_tells_its_error_at_both_ends()
    {
        using var stranger = new TestPki();
        var failure = await ShakeHandsAsync(Client(default, TrustStore.FromCertificates([stranger.Root])), Server(default));

        Assert.Equal(TlsError.CertificateUnknownIssuer, Assert.IsType<TlsException>(failure).Error);
        var span = Assert.Single(_spans, span => span.GetTagItem("server.address") as string == "telemetry.example" && span.GetTagItem("error.type") as string == "CertificateUnknownIssuer");
        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.Equal(failure.Message, span.StatusDescription);
        Assert.Contains(_durations, one => one.Tags.GetValueOrDefault("error.type") as string == "CertificateUnknownIssuer" && one.Tags["lucidtls.role"] as string == "client");
        Assert.Contains(_durations, one => one.Tags.GetValueOrDefault("error.type") as string == "PeerAlert" && one.Tags.GetValueOrDefault("lucidtls.alert") as string == "unknown_ca" && one.Tags["lucidtls.role"] as string == "server");
    }

    /// <summary>A handshake in memory, and a byte for the client, in front of which its tickets come.</summary>
    /// <returns>Why the client's side failed; null when it did not.</returns>
    private static async Task<Exception?> ShakeHandsAsync(TlsClientOptions clientOptions, TlsServerOptions serverOptions)
    {
        var (clientEnd, serverEnd) = DuplexPipe.Create();
        await using var client = new TlsStream(clientEnd);
        await using var server = new TlsStream(serverEnd);
        var serving = server.AuthenticateAsServerAsync(serverOptions, Cancel);
        try
        {
            await client.AuthenticateAsClientAsync(clientOptions, Cancel);
        }
        catch (AuthenticationException failure)
        {
            await Assert.ThrowsAsync<AuthenticationException>(() => serving);
            return failure.InnerException;
        }
        await serving;
        await server.WriteAsync(new byte[1], Cancel);
        Assert.Equal(1, await client.ReadAsync(new byte[1], Cancel));
        return null;
    }

    private TlsServerOptions Server(SslApplicationProtocol protocol) => new() { Identities = [_server.Identity()], ApplicationProtocols = protocol == default ? [] : [protocol] };

    private static TlsClientOptions Client(SslApplicationProtocol protocol, TrustStore roots) => new()
    {
        TargetHost = "telemetry.example",
        CertificateVerifier = new CertificateVerifier(new CertificateVerifierOptions { TrustStore = roots }),
        ApplicationProtocols = protocol == default ? [] : [protocol],
        SessionCache = new TlsSessionCache(),
    };
}

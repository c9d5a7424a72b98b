using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net.Security;
using System.Security.Authentication;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace LucidTls.AspNetCore.Tests;

/// <summary>Kestrel's own meter, on which dashboards are built: it says over LucidTls what it says over UseHttps.</summary>
public sealed class KestrelMeterTests
{
    private const string Durations = "kestrel.tls_handshake.duration";
    private const string Active = "kestrel.active_tls_handshakes";
    private const string Connections = "kestrel.connection.duration";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.1", SslProtocols.Tls13)]
    [InlineData("2.0", SslProtocols.Tls13)]
    [InlineData("1.1", SslProtocols.Tls12)]
    public async Task A_connection_is_measured_as_over_UseHttps(string version, SslProtocols protocol)
    {
        async Task TalkAsync(LoopbackServer server)
        {
            using var handler = new SocketsHttpHandler { UseProxy = false, SslOptions = { CertificateChainPolicy = TestPki.ChainPolicy(), EnabledSslProtocols = protocol } };
            using var client = new HttpClient(handler) { DefaultRequestVersion = Version.Parse(version), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
            Assert.Equal("well", await client.GetStringAsync(server.Url(), Cancel));
        }

        var ours = await MeasureAsync(isOurs: true, TalkAsync);

        Assert.Equal(await MeasureAsync(isOurs: false, TalkAsync), ours);
        Assert.Contains(ours, line => line.StartsWith(Durations, StringComparison.Ordinal) && line.Contains(protocol == SslProtocols.Tls13 ? "tls.protocol.version=1.3" : "tls.protocol.version=1.2", StringComparison.Ordinal));
        Assert.Contains(ours, line => line.StartsWith(Connections, StringComparison.Ordinal) && line.Contains("tls.protocol.version=", StringComparison.Ordinal));
        Assert.Contains(ours, line => line.StartsWith($"{Active} -1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_handshake_that_fails_is_measured_as_over_UseHttps()
    {
        async Task TalkAsync(LoopbackServer server)
        {
            using var client = await server.DialAsync();
            await client.GetStream().WriteAsync("nonsense\r\n"u8.ToArray(), Cancel);
            try
            {
                await client.GetStream().CopyToAsync(Stream.Null, Cancel);
            }
            catch (IOException)
            {
                // The one hangs up with an alert, the other without a word.
            }
        }

        var ours = await MeasureAsync(isOurs: true, TalkAsync);

        Assert.Equal(await MeasureAsync(isOurs: false, TalkAsync), ours);
        Assert.Contains(ours, line => line.StartsWith(Durations, StringComparison.Ordinal) && line.Contains("error.type=System.Security.Authentication.AuthenticationException", StringComparison.Ordinal));
        Assert.Contains(ours, line => line.StartsWith(Connections, StringComparison.Ordinal) && line.Contains("error.type=tls_handshake_failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_connection_with_early_data_is_tagged_with_its_version()
    {
        var options = TestServer.Options();
        options.MaxEarlyDataSize = 1000;
        var lines = await MeasureAsync(listen => listen.UseLucidTls(options), async server =>
        {
            await using var connection = await server.ConnectAsync(SslApplicationProtocol.Http11);
            await connection.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
            Assert.Contains("well", await new StreamReader(connection).ReadToEndAsync(Cancel), StringComparison.Ordinal);
        });

        Assert.Contains(lines, line => line.StartsWith(Connections, StringComparison.Ordinal) && line.Contains("tls.protocol.version=1.3", StringComparison.Ordinal));
    }

    private static Task<List<string>> MeasureAsync(bool isOurs, Func<LoopbackServer, Task> talk) => MeasureAsync(listen =>
    {
        if (isOurs)
            listen.UseLucidTls(TestServer.Options());
        else
            listen.UseHttps(TestPki.ServerCertificate);
    }, talk);

    /// <summary>What the meter of that server says until it has stopped: instrument, unit, attributes; the port left out.</summary>
    private static async Task<List<string>> MeasureAsync(Action<ListenOptions> use, Func<LoopbackServer, Task> talk)
    {
        var lines = new ConcurrentQueue<string>();
        var instruments = new ConcurrentQueue<Instrument>();
        IMeterFactory? factory = null;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name is not (Durations or Active or Connections) || instrument.Meter.Scope != factory)
                return;
            instruments.Enqueue(instrument);
            self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => lines.Enqueue(Line(instrument, "", tags)));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => lines.Enqueue(Line(instrument, $"{value}", tags)));

        await using (var server = await LoopbackServer.StartAsync(LoopbackServer.Listening(use), app =>
        {
            factory = app.Services.GetRequiredService<IMeterFactory>();
            listener.Start();
            app.Run(context => context.Response.WriteAsync("well"));
        }))
        {
            await talk(server);
            await server.StopAsync();
        }
        Assert.Equal(3, instruments.Count);
        return [.. lines.Order(StringComparer.Ordinal)];
    }

    private static string Line(Instrument instrument, string value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        $"{instrument.Name} {value} [{instrument.Unit}] {string.Join(' ', tags.ToArray().Where(tag => tag.Key != "server.port").Select(tag => $"{tag.Key}={tag.Value}").Order(StringComparer.Ordinal))}";
}

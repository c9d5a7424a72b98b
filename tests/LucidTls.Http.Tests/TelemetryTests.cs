using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;

namespace LucidTls.Http.Tests;

/// <summary>What .NET's own meter and activities for HttpClient say of requests over LucidTls.</summary>
public sealed class TelemetryTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Connections_and_requests_are_measured_as_https(string version)
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync("well"));
        var seen = new ConcurrentQueue<(string Instrument, double Value, Dictionary<string, object?> Tags)>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, self) => { if (instrument.Meter.Name == "System.Net.Http") self.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen.Enqueue((instrument.Name, value, new(tags.ToArray()))));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => seen.Enqueue((instrument.Name, value, new(tags.ToArray()))));
        listener.Start();

        using (var client = Clients.Create(Clients.Options(), Version.Parse(version)))
            Assert.Equal("well", await client.GetStringAsync(server.Url(), Cancel));
        while (Of("http.client.connection.duration").Count == 0)
            await Task.Delay(20, Cancel);

        string[] names = ["http.client.open_connections", "http.client.connection.duration", "http.client.request.duration", "http.client.active_requests", "http.client.request.time_in_queue"];
        foreach (var name in names)
        {
            Assert.NotEmpty(Of(name));
            Assert.All(Of(name), measured => Assert.Equal(("https", "localhost"), (measured.Tags["url.scheme"], measured.Tags["server.address"])));
        }
        Assert.Equal(0, Of("http.client.open_connections").Sum(measured => measured.Value));
        var protocol = version == "2.0" ? "2" : version;
        Assert.All(Of("http.client.request.duration").Concat(Of("http.client.connection.duration")), measured => Assert.Equal(protocol, measured.Tags["network.protocol.version"]));

        List<(string Instrument, double Value, Dictionary<string, object?> Tags)> Of(string name) =>
            [.. seen.Where(measured => measured.Instrument == name && measured.Tags.TryGetValue("server.port", out var port) && (int)port! == server.Port)];
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_request_s_activity_is_for_https_and_reaches_the_server(string version)
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync(context.Request.Headers.TraceParent.ToString()));
        var activities = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "System.Net.Http",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activities.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var client = Clients.Create(Clients.Options(), Version.Parse(version));

        var parent = await client.GetStringAsync(server.Url("/there"), Cancel);

        var activity = Assert.Single(activities, activity => (activity.GetTagItem("url.full") as string) == server.Url("/there").AbsoluteUri);
        Assert.Equal(activity.Id, parent);
        Assert.Equal((server.Port, 200, version == "2.0" ? "2" : version), (activity.GetTagItem("server.port"), activity.GetTagItem("http.response.status_code"), activity.GetTagItem("network.protocol.version")));
    }
}

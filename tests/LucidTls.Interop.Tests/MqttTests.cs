using System.Buffers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;
using MQTTnet;
using MQTTnet.Protocol;

namespace LucidTls.Interop.Tests;

/// <summary>MQTT: MQTTnet over our stream with mosquitto, and mosquitto's clients with our tunnel and our front.</summary>
public sealed class MqttTests(PkiFixture pki)
{
    private const int LargePayload = 4_000_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task MQTTnet_passes_messages_of_each_quality_of_service_over_our_stream()
    {
        using var broker = await Mosquitto.StartAsync(pki);
        using var client = await Samples.MqttClients.ConnectAsync("localhost", broker.TlsPort, pki.ClientOptions(), Cancellation);
        await PassMessagesAsync(client);
    }

    [Fact]
    public async Task MQTTnet_shows_a_certificate_over_our_stream()
    {
        using var broker = await Mosquitto.StartAsync(pki);
        var options = pki.ClientOptions();
        options.Identity = pki.Pki.Client().Identity();
        using var client = await Samples.MqttClients.ConnectAsync("localhost", broker.MutualPort, options, Cancellation);
        await PassMessagesAsync(client);
    }

    [Fact]
    public async Task A_broker_of_another_name_is_refused_with_the_explanation_in_what_MQTTnet_throws()
    {
        using var broker = await Mosquitto.StartAsync(pki);
        var options = pki.ClientOptions();
        options.TargetHost = "broker.example";
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => Samples.MqttClients.ConnectAsync("localhost", broker.TlsPort, options, Cancellation));
        Assert.Contains("broker.example", Assert.IsType<TlsException>(failure.GetBaseException()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_without_the_certificate_that_mosquitto_wants_is_told_by_what_MQTTnet_throws()
    {
        using var broker = await Mosquitto.StartAsync(pki);
        var reason = await Refusal.ReasonAsync(() => Samples.MqttClients.ConnectAsync("localhost", broker.MutualPort, pki.ClientOptions(), Cancellation));
        Assert.Equal(TlsAlert.CertificateRequired, reason.Alert);
    }

    [Fact]
    public async Task MQTTnet_resumes_its_session_when_it_connects_again()
    {
        using var broker = await Mosquitto.StartAsync(pki);
        var messages = new List<string>();
        var options = pki.ClientOptions();
        options.OnHandshakeStep = step => messages.Add(step.Message);
        using var client = await Samples.MqttClients.ConnectAsync("localhost", broker.TlsPort, options, Cancellation);
        Assert.Contains("Certificate", messages);
        await PassMessagesAsync(client);
        await client.DisconnectAsync(cancellationToken: Cancellation);
        messages.Clear();

        await client.ReconnectAsync(Cancellation);
        await PassMessagesAsync(client);
        Assert.Contains("ServerHello", messages);
        Assert.DoesNotContain("Certificate", messages);
    }

    [Fact]
    public async Task MQTTnet_and_mosquitto_s_own_clients_reach_a_broker_without_TLS_over_our_front()
    {
        using var broker = await Mosquitto.StartAsync(pki);
        using var front = await Tool.ServeAsync("--to", $"tcp://127.0.0.1:{broker.PlainPort}");
        string[] trust = ["--cafile", front.AuthorityFile];

        await Mosquitto.PublishAsync(front.Url.Port, "front", [.. trust, "-m", "over our front"]);
        Assert.Equal("over our front\n", await Mosquitto.ReceiveAsync(front.Url.Port, "front", trust));

        var options = new MqttClientOptionsBuilder().WithTcpServer("localhost", front.Url.Port)
            .WithTlsOptions(tls => tls.UseTls().WithTrustChain(new X509Certificate2Collection(X509CertificateLoader.LoadCertificateFromFile(front.AuthorityFile))).WithRevocationMode(X509RevocationMode.NoCheck))
            .Build();
        using var client = new MqttClientFactory().CreateMqttClient();
        await client.ConnectAsync(options, Cancellation);
        await PassMessagesAsync(client);
    }

    [Fact]
    public async Task Mosquitto_s_plain_clients_reach_a_broker_with_TLS_through_our_tunnel()
    {
        using var broker = await Mosquitto.StartAsync(pki);
        var (chain, key) = pki.Pki.Client().WriteTo(pki.Folder, "mosquitto-client");
        using var tunnel = await Tool.TunnelAsync("--to", $"localhost:{broker.MutualPort}", "--roots", pki.RootFile, "--cert", chain, "--key", key);
        using var folder = new TempFolder();
        File.WriteAllBytes(folder.File("payload"), RandomNumberGenerator.GetBytes(LargePayload));

        await Mosquitto.PublishAsync(tunnel.Url.Port, "tunnel", "-f", folder.File("payload"));
        Assert.Equal($"{LargePayload} bytes\n", await Mosquitto.ReceiveAsync(tunnel.Url.Port, "tunnel", "-F", "%l bytes"));
    }

    /// <summary>Publishes to itself: a small and a large message of each quality of service.</summary>
    private static async Task PassMessagesAsync(IMqttClient client)
    {
        var received = Channel.CreateUnbounded<(MqttQualityOfServiceLevel Quality, byte[] Payload)>();
        Task KeepAsync(MqttApplicationMessageReceivedEventArgs message) => received.Writer.WriteAsync((message.ApplicationMessage.QualityOfServiceLevel, message.ApplicationMessage.Payload.ToArray())).AsTask();
        client.ApplicationMessageReceivedAsync += KeepAsync;
        await client.SubscribeAsync("mirror", MqttQualityOfServiceLevel.ExactlyOnce, Cancellation);
        foreach (var quality in Enum.GetValues<MqttQualityOfServiceLevel>())
        {
            foreach (var length in (int[])[10, LargePayload])
            {
                var payload = RandomNumberGenerator.GetBytes(length);
                await client.PublishBinaryAsync("mirror", payload, quality, cancellationToken: Cancellation);
                var message = await received.Reader.ReadAsync(Cancellation).AsTask().WaitAsync(PeerProcess.Patience, Cancellation);
                Assert.Equal(quality, message.Quality);
                Assert.True(payload.AsSpan().SequenceEqual(message.Payload), $"{length} bytes came back changed.");
            }
        }
        client.ApplicationMessageReceivedAsync -= KeepAsync;
    }
}

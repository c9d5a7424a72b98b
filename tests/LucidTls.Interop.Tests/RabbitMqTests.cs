using System.Net.Sockets;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using LucidTls.Interop.Tests.Peers;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace LucidTls.Interop.Tests;

/// <summary>RabbitMQ: its client over our stream, through our tunnel and with our front.</summary>
public sealed class RabbitMqTests(PkiFixture pki, RabbitMqFixture rabbit) : IClassFixture<RabbitMqFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RabbitMQ_Client_publishes_and_consumes_over_our_stream()
    {
        var server = await rabbit.StartAsync();
        await using var connection = await Samples.RabbitMqClients.ConnectAsync("localhost", server.TlsPort, MutualOptions(), Cancellation);
        await PassMessagesAsync(connection);
    }

    [Fact]
    public async Task RabbitMQ_Client_recovers_over_our_stream()
    {
        var server = await rabbit.StartAsync();
        await using var scissors = new Scissors(server.TlsPort) { CountsClient = true, After = 200_000, IsReset = true };
        await using var connection = await Samples.RabbitMqClients.ConnectAsync("localhost", scissors.Port, MutualOptions(), Cancellation);
        var recovered = new TaskCompletionSource();
        connection.RecoverySucceededAsync += (_, _) =>
        {
            recovered.TrySetResult();
            return Task.CompletedTask;
        };
        scissors.After = int.MaxValue;
        await Assert.ThrowsAnyAsync<Exception>(() => PassMessagesAsync(connection));
        await recovered.Task.WaitAsync(PeerProcess.Patience, Cancellation);
        await PassMessagesAsync(connection);
    }

    [Fact]
    public async Task A_broker_of_another_name_is_refused_with_the_explanation_in_what_RabbitMQ_Client_throws()
    {
        var server = await rabbit.StartAsync();
        var options = MutualOptions();
        options.TargetHost = "broker.example";
        var failure = await Assert.ThrowsAsync<BrokerUnreachableException>(() => Samples.RabbitMqClients.ConnectAsync("localhost", server.TlsPort, options, Cancellation));
        Assert.Contains("broker.example", Assert.IsType<TlsException>(failure.GetBaseException()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_without_the_certificate_that_RabbitMQ_wants_is_told_by_what_its_client_throws()
    {
        var server = await rabbit.StartAsync();
        var reason = await Refusal.ReasonAsync(() => Samples.RabbitMqClients.ConnectAsync("localhost", server.TlsPort, pki.ClientOptions(), Cancellation));
        Assert.Equal(TlsAlert.CertificateRequired, reason.Alert);
    }

    [Fact]
    public void The_stream_that_RabbitMQ_Client_is_given_has_no_way_past_TLS()
    {
        var stream = typeof(Samples.RabbitMqClients).GetNestedType("TlsNetworkStream", BindingFlags.NonPublic)!;
        var transfers = typeof(NetworkStream).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(method => method.IsVirtual && (method.Name.Contains("Read", StringComparison.Ordinal) || method.Name.Contains("Write", StringComparison.Ordinal) || method.Name.Contains("Flush", StringComparison.Ordinal)) && !method.IsSpecialName)
            .ToArray();
        Assert.NotEmpty(transfers);
        Assert.All(transfers, method => Assert.Equal(stream, stream.GetMethod(method.Name, [.. method.GetParameters().Select(parameter => parameter.ParameterType)])?.DeclaringType));
    }

    [Fact]
    public async Task RabbitMQ_Client_without_TLS_reaches_a_broker_with_TLS_through_our_tunnel()
    {
        var server = await rabbit.StartAsync();
        var (chain, key) = pki.Pki.Client().WriteTo(pki.Folder, "rabbitmq-client");
        using var tunnel = await Tool.TunnelAsync("--to", $"localhost:{server.TlsPort}", "--roots", pki.RootFile, "--cert", chain, "--key", key);
        await using var connection = await new ConnectionFactory { HostName = "127.0.0.1", Port = tunnel.Url.Port }.CreateConnectionAsync(Cancellation);
        await PassMessagesAsync(connection);
    }

    [Fact]
    public async Task A_tunnel_says_why_it_refuses_a_broker_of_another_name()
    {
        var server = await rabbit.StartAsync();
        using var tunnel = await Tool.TunnelAsync("--to", $"localhost:{server.TlsPort}", "--roots", pki.RootFile, "--verify-name", "broker.example");
        await Assert.ThrowsAsync<BrokerUnreachableException>(() => new ConnectionFactory { HostName = "127.0.0.1", Port = tunnel.Url.Port }.CreateConnectionAsync(Cancellation));
        await tunnel.Process.WaitForAsync("broker.example");
    }

    [Fact]
    public async Task RabbitMQ_Client_with_its_own_TLS_reaches_a_broker_without_TLS_over_our_front()
    {
        var server = await rabbit.StartAsync();
        using var front = await Tool.ServeAsync("--to", $"tcp://127.0.0.1:{server.PlainPort}");
        using var authority = X509CertificateLoader.LoadCertificateFromFile(front.AuthorityFile);
        var ssl = new SslOption
        {
            Enabled = true,
            ServerName = "localhost",
            CertificateValidationCallback = (_, certificate, chain, _) =>
            {
                chain!.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
                chain.ChainPolicy.CustomTrustStore.Add(authority);
                return chain.Build((X509Certificate2)certificate!);
            },
        };
        await using var connection = await new ConnectionFactory { HostName = "localhost", Port = front.Url.Port, Ssl = ssl }.CreateConnectionAsync(Cancellation);
        await PassMessagesAsync(connection);
    }

    private TlsClientOptions MutualOptions()
    {
        var options = pki.ClientOptions();
        options.Identity = pki.Pki.Client().Identity();
        return options;
    }

    /// <summary>Publishes messages up to 2 MB, each confirmed by the broker, to a queue of its own, and consumes them.</summary>
    private static async Task PassMessagesAsync(IConnection connection)
    {
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), Cancellation);
        var queue = (await channel.QueueDeclareAsync(cancellationToken: Cancellation)).QueueName;
        var received = Channel.CreateUnbounded<byte[]>();
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, message) => await received.Writer.WriteAsync(message.Body.ToArray());
        await channel.BasicConsumeAsync(queue, autoAck: true, consumer, Cancellation);
        foreach (var length in (int[])[0, 10, 100_000, 2_000_000])
        {
            var body = RandomNumberGenerator.GetBytes(length);
            await channel.BasicPublishAsync("", queue, body, Cancellation);
            Assert.Equal(body, await received.Reader.ReadAsync(Cancellation).AsTask().WaitAsync(PeerProcess.Patience, Cancellation));
        }
        await channel.CloseAsync(Cancellation);
    }
}

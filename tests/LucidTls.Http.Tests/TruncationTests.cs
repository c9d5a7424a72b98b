using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LucidTls.Http.Tests;

/// <summary>Servers that end the connection without close_notify (RFC 8446 §6.1).</summary>
public sealed class TruncationTests
{
    private const string Whole = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf of it")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhalf of it\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nhalf of it")]
    public async Task A_body_that_was_cut_off_is_a_response_that_ended(string answer)
    {
        using var server = new Server([answer]);
        using var client = Clients.Create();

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync(server.Url, Cancel));

        DemandEnded(failure);
    }

    [Fact]
    public async Task A_body_that_was_cut_off_is_a_response_that_ended_for_who_reads_its_stream_too()
    {
        using var server = new Server(["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"]);
        using var client = Clients.Create();
        using var response = await client.GetAsync(server.Url, HttpCompletionOption.ResponseHeadersRead, Cancel);
        await using var body = await response.Content.ReadAsStreamAsync(Cancel);

        var failure = await Assert.ThrowsAsync<HttpIOException>(() => body.CopyToAsync(Stream.Null, Cancel));

        Assert.Equal(HttpRequestError.ResponseEnded, failure.HttpRequestError);
        Assert.Equal(TlsError.Truncated, HttpFailures.Find<TlsException>(failure)?.Error);
    }

    [Fact]
    public async Task A_body_that_was_cut_off_is_a_response_that_ended_for_a_blocked_thread_too()
    {
        using var server = new Server(["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"]);
        using var client = Clients.Create();

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => Task.Run(() =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, server.Url);
            using var response = client.Send(request, Cancel);
        }, Cancel));

        DemandEnded(failure);
    }

    [Fact]
    public async Task A_connection_that_ends_before_the_answer_to_a_request_with_a_body_is_a_response_that_ended()
    {
        using var server = new Server([Whole]);
        using var client = Clients.Create();
        using var first = await client.PostAsync(server.Url, new StringContent("one"), Cancel);

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.PostAsync(server.Url, new StringContent("two"), Cancel));

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        DemandEnded(failure);
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task A_request_is_sent_again_when_a_kept_connection_ends_before_the_answer()
    {
        using var server = new Server([Whole]);
        using var client = Clients.Create();

        for (var i = 0; i < 3; i++)
            Assert.Equal("well", await client.GetStringAsync(server.Url, Cancel));

        Assert.Equal(3, server.Connections);
    }

    [Fact]
    public async Task A_server_that_ends_every_connection_before_the_answer_is_given_up()
    {
        using var server = new Server([]);
        using var client = Clients.Create();

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync(server.Url, Cancel));

        DemandEnded(failure);
        Assert.Equal(4, server.Connections);
    }

    [Fact]
    public async Task A_request_of_a_blocked_thread_is_sent_again_too()
    {
        using var server = new Server([Whole]);
        using var client = Clients.Create();

        for (var i = 0; i < 2; i++)
        {
            using var response = await Task.Run(() =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, server.Url);
                return client.Send(request, Cancel);
            }, Cancel);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task A_request_whose_answer_has_begun_is_not_sent_again()
    {
        using var server = new Server(["HTTP/1.1 200 OK\r\nContent-Le"]);
        using var client = Clients.Create();

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync(server.Url, Cancel));

        DemandEnded(failure);
        Assert.Equal(1, server.Connections);
    }

    private static void DemandEnded(HttpRequestException failure)
    {
        Assert.True(failure.HttpRequestError == HttpRequestError.ResponseEnded, failure.ToString());
        Assert.Equal(HttpRequestError.ResponseEnded, Assert.IsAssignableFrom<HttpIOException>(failure.InnerException).HttpRequestError);
        Assert.Equal(TlsError.Truncated, HttpFailures.Find<TlsException>(failure)?.Error);
    }

    /// <summary>Gives these answers on each connection, and when it has read one request more, or after an answer that is not whole, ends it.</summary>
    private sealed class Server(string[] answers) : Listener
    {
        private int _connections;

        public Uri Url => new($"https://localhost:{Port}/");

        public int Connections => Volatile.Read(ref _connections);

        protected override async Task ServeAsync(TcpClient client)
        {
            using var connection = client;
            Interlocked.Increment(ref _connections);
            try
            {
                var transport = client.GetStream();
                var tls = new TlsStream(transport, leaveInnerStreamOpen: true);
                await tls.AuthenticateAsServerAsync(WebServer.Options(), End);
                foreach (var answer in answers)
                {
                    await ReadRequestAsync(tls);
                    await tls.WriteAsync(Encoding.ASCII.GetBytes(answer), End);
                }
                if (answers is not [.., not Whole])
                    await ReadRequestAsync(tls);
                client.Client.Shutdown(SocketShutdown.Send);
                // Until the client has seen it.
                await transport.CopyToAsync(Stream.Null, End);
            }
            catch (Exception end) when (end is OperationCanceledException or SocketException or InvalidOperationException)
            {
                // The test is over.
            }
        }

        private async Task ReadRequestAsync(TlsStream tls)
        {
            var request = "";
            var buffer = new byte[4096];
            // The bodies of these tests have three letters.
            while (!request.Contains("\r\n\r\n", StringComparison.Ordinal) || request.StartsWith("POST", StringComparison.Ordinal) && !(request.EndsWith("one", StringComparison.Ordinal) || request.EndsWith("two", StringComparison.Ordinal)))
                request += Encoding.ASCII.GetString(buffer, 0, await tls.ReadAsync(buffer, End));
        }
    }
}

using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace LucidTls.AspNetCore.Tests;

/// <summary>Records go to the socket at once where they can, else through the transport's pipe; nobody can tell which.</summary>
public sealed class SendingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_socket_does_not_take_at_once_follows_in_order_and_so_do_later_answers()
    {
        var large = RandomNumberGenerator.GetBytes(12_000_000);
        var isWritten = false;
        await using var server = await TestServer.StartAsync(async context =>
        {
            var body = context.Request.Path == "/large" ? large : "small"u8.ToArray();
            context.Response.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body);
            isWritten |= body == large;
        });
        await using var connection = await server.ConnectAsync(SslApplicationProtocol.Http11);

        Assert.Equal("small"u8.ToArray(), await AskAsync(connection, "/small"));
        await connection.WriteAsync(Request("/large"), Cancel);
        // The answer begins, and nobody reads the rest: the socket is full long before the end.
        await connection.ReadAsync(Memory<byte>.Empty, Cancel);
        Assert.False(isWritten);
        Assert.Equal(large, await ReadAnswerAsync(connection));
        Assert.Equal("small"u8.ToArray(), await AskAsync(connection, "/small"));
        Assert.Equal(large, await AskAsync(connection, "/large"));
    }

    [Fact]
    public async Task A_middleware_between_TLS_and_the_socket_sees_every_record()
    {
        var counted = new CountingWriter();
        await using var server = await TestServer.StartAsync(context => context.Response.WriteAsync("well"), null, endpoint =>
        {
            endpoint.Use(next => async connection =>
            {
                var transport = connection.Transport;
                counted.Inner = transport.Output;
                connection.Transport = new Pair(transport.Input, counted);
                await next(connection);
                connection.Transport = transport;
            });
            endpoint.UseLucidTls(TestServer.Options());
        });
        await using var connection = await server.ConnectAsync(SslApplicationProtocol.Http11);
        var afterHandshake = counted.Bytes;
        await connection.WriteAsync(Request("/"), Cancel);
        await connection.ReadAsync(Memory<byte>.Empty, Cancel);

        // A certificate is among the first, a status line among the second.
        Assert.True(afterHandshake > 500);
        Assert.True(counted.Bytes > afterHandshake + 50);
    }

    [Fact]
    public async Task A_peer_that_is_gone_costs_an_answer_and_nothing_else()
    {
        var arrived = new TaskCompletionSource();
        var isGone = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(async context =>
        {
            arrived.SetResult();
            await isGone.Task;
            for (var i = 0; i < 3; i++)
                await context.Response.WriteAsync(new string('x', 10_000));
        }, null, endpoint =>
        {
            endpoint.Use(next => async connection =>
            {
                await next(connection);
                ended.SetResult();
            });
            endpoint.UseLucidTls(TestServer.Options());
        });
        using var tcp = await server.DialAsync();
        var connection = new TlsStream(tcp.GetStream());
        await connection.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier }, Cancel);
        await connection.WriteAsync(Request("/"), Cancel);
        await arrived.Task;
        tcp.Client.LingerState = new(true, 0);
        tcp.Client.Close();
        isGone.SetResult();

        await ended.Task.WaitAsync(Cancel);
        Assert.Empty(server.Log.Problems);
    }

    private static byte[] Request(string path) => Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");

    private static async Task<byte[]> AskAsync(Stream connection, string path)
    {
        await connection.WriteAsync(Request(path), Cancel);
        return await ReadAnswerAsync(connection);
    }

    private static async Task<byte[]> ReadAnswerAsync(Stream connection)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await connection.ReadExactlyAsync(one, Cancel);
            head.Append((char)one[0]);
        }
        var length = head.ToString().Split("\r\n").Single(line => line.StartsWith("Content-Length: ", StringComparison.Ordinal))["Content-Length: ".Length..];
        var body = new byte[int.Parse(length, System.Globalization.CultureInfo.InvariantCulture)];
        await connection.ReadExactlyAsync(body, Cancel);
        return body;
    }

    private sealed record Pair(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class CountingWriter : PipeWriter
    {
        private long _bytes;

        public PipeWriter Inner { get; set; } = null!;

        public long Bytes => Interlocked.Read(ref _bytes);

        public override void Advance(int bytes)
        {
            Interlocked.Add(ref _bytes, bytes);
            Inner.Advance(bytes);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => Inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => Inner.GetSpan(sizeHint);

        public override void CancelPendingFlush() => Inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => Inner.Complete(exception);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => Inner.FlushAsync(cancellationToken);
    }
}

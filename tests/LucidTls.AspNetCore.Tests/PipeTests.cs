using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Cryptography;
using LucidTls.Sessions;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LucidTls.AspNetCore.Tests;

/// <summary>The plaintext pipes, as a handler that is not HTTP uses them.</summary>
public sealed class PipeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(5000)]
    [InlineData(200_000)]
    public async Task What_is_examined_and_not_consumed_comes_again_with_more(int length)
    {
        var sent = RandomNumberGenerator.GetBytes(length);
        var received = await RunAsync(sent, async connection =>
        {
            while (true)
            {
                var result = await connection.Transport.Input.ReadAsync();
                if (result.IsCompleted)
                    return BuffersExtensions.ToArray(result.Buffer);
                connection.Transport.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            }
        });

        Assert.Equal(sent, received);
    }

    [Fact]
    public async Task What_is_neither_examined_nor_consumed_is_there_at_once()
    {
        var received = await RunAsync([1, 2, 3], async connection =>
        {
            var input = connection.Transport.Input;
            var all = await input.ReadAtLeastAsync(3);
            input.AdvanceTo(all.Buffer.GetPosition(1), all.Buffer.GetPosition(2));
            Assert.True(input.TryRead(out var again));
            var rest = BuffersExtensions.ToArray(again.Buffer);
            input.AdvanceTo(again.Buffer.End);
            return rest;
        });

        Assert.Equal([2, 3], received);
    }

    [Fact]
    public async Task A_read_ends_when_the_connection_is_aborted()
    {
        await RunAsync([7], async connection =>
        {
            var input = connection.Transport.Input;
            input.AdvanceTo((await input.ReadAtLeastAsync(1)).Buffer.End);
            var reading = input.ReadAsync().AsTask();
            connection.Abort(new ConnectionAbortedException("enough"));
            Assert.Contains("enough", (await Assert.ThrowsAnyAsync<Exception>(() => reading.WaitAsync(TimeSpan.FromSeconds(30), Cancel))).Message, StringComparison.Ordinal);
            // And the next one too, at once.
            Assert.Contains("enough", (await Assert.ThrowsAnyAsync<Exception>(() => Task.Run(async () => await input.ReadAsync()).WaitAsync(TimeSpan.FromSeconds(30), Cancel))).Message, StringComparison.Ordinal);
            return [];
        }, isEnded: false);
    }

    [Fact]
    public async Task A_transport_that_was_aborted_has_failed_and_was_not_cancelled()
    {
        var pipe = new Pipe();
        await pipe.Writer.CompleteAsync(new ConnectionAbortedException("enough"));
        var transport = new PipeTransport(new DuplexPipe(pipe), socket: null, dataFollow: true);
        var failure = await Assert.ThrowsAsync<IOException>(async () => await transport.ReadAsync(new byte[1], Cancel));
        Assert.Equal("enough", failure.Message);
    }

    private sealed record DuplexPipe(Pipe Pipe) : IDuplexPipe
    {
        public PipeReader Input => Pipe.Reader;

        public PipeWriter Output => Pipe.Writer;
    }

    [Fact]
    public async Task A_read_that_is_cancelled_loses_nothing()
    {
        var received = await RunAsync([7], async connection =>
        {
            var input = connection.Transport.Input;
            var first = await input.ReadAsync();
            input.AdvanceTo(first.Buffer.Start, first.Buffer.Start);
            // Ahead of a read, and while one waits.
            input.CancelPendingRead();
            var cancelled = await input.ReadAsync();
            Assert.True(cancelled.IsCanceled);
            input.AdvanceTo(cancelled.Buffer.Start, cancelled.Buffer.End);
            var waiting = input.ReadAsync();
            input.CancelPendingRead();
            var second = await waiting;
            Assert.True(second.IsCanceled);
            input.AdvanceTo(second.Buffer.Start, second.Buffer.Start);
            var last = await input.ReadAsync();
            Assert.False(last.IsCanceled);
            return BuffersExtensions.ToArray(last.Buffer);
        }, isEnded: false);

        Assert.Equal([7], received);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    [InlineData(1_000_000)]
    public async Task What_is_written_in_any_pieces_and_flushed_once_arrives(int length)
    {
        var sent = RandomNumberGenerator.GetBytes(length);
        await using var server = await StartAsync(async connection =>
        {
            var output = connection.Transport.Output;
            for (var at = 0; at < sent.Length;)
            {
                var piece = sent.AsMemory(at, Math.Min(Random.Shared.Next(1, 9000), sent.Length - at));
                at += piece.Length;
                piece.CopyTo(output.GetMemory(piece.Length));
                output.Advance(piece.Length);
                Assert.Equal(at, output.UnflushedBytes);
            }
            await output.FlushAsync();
            Assert.Equal(0, output.UnflushedBytes);
            await output.WriteAsync(sent);
            Assert.Throws<ArgumentOutOfRangeException>(() => output.Advance(int.MaxValue));
            await output.CompleteAsync();
            Assert.Throws<InvalidOperationException>(() => output.GetMemory());
        });
        await using var client = await server.ConnectAsync();
        using var received = new MemoryStream();

        await client.CopyToAsync(received, Cancel);

        Assert.Equal([.. sent, .. sent], received.ToArray());
    }

    [Fact]
    public async Task A_client_that_asks_nothing_gets_its_tickets_at_once()
    {
        await using var server = await TestServer.StartAsync(context => context.Response.WriteAsync("well"));
        var socket = (await server.DialAsync()).GetStream();
        await using var client = new TlsStream(socket);
        await client.AuthenticateAsClientAsync(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier, ApplicationProtocols = [SslApplicationProtocol.Http11] }, Cancel);

        // A record comes though nothing was asked.
        Assert.Equal(1, await socket.ReadAsync(new byte[1], Cancel));
    }

    [Fact]
    public async Task Tickets_are_good_after_an_answer()
    {
        await using var server = await TestServer.StartAsync(context => context.Response.WriteAsync("well"));
        var options = new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier, ApplicationProtocols = [SslApplicationProtocol.Http11], SessionCache = new TlsSessionCache() };
        foreach (var isResumed in (bool[])[false, true, true])
        {
            await using var client = new TlsStream((await server.DialAsync()).GetStream());
            await client.AuthenticateAsClientAsync(options, Cancel);
            Assert.Equal(isResumed, client.Session.Resumed);
            await client.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
            Assert.Contains("well", await new StreamReader(client).ReadToEndAsync(Cancel), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Tickets_are_good_without_a_question()
    {
        await using var server = await TestServer.StartAsync(context => context.Response.WriteAsync("well"));
        var options = new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = TestPki.Verifier, ApplicationProtocols = [SslApplicationProtocol.Http11], SessionCache = new TlsSessionCache() };
        foreach (var isResumed in (bool[])[false, true])
        {
            await using var client = new TlsStream((await server.DialAsync()).GetStream());
            await client.AuthenticateAsClientAsync(options, Cancel);
            Assert.Equal(isResumed, client.Session.Resumed);
            await client.ShutdownAsync(Cancel);
            Assert.Equal(0, await client.ReadAsync(new byte[1], Cancel));
        }
    }

    /// <summary>Sends that to a handler, and gives what it makes of it.</summary>
    private static async Task<byte[]> RunAsync(byte[] sent, Func<ConnectionContext, Task<byte[]>> handle, bool isEnded = true)
    {
        var result = new TaskCompletionSource<byte[]>();
        await using var server = await StartAsync(async connection =>
        {
            try
            {
                result.SetResult(await handle(connection));
            }
            catch (Exception failure)
            {
                result.SetException(failure);
            }
        });
        await using var client = await server.ConnectAsync();
        await client.WriteAsync(sent, Cancel);
        if (isEnded)
            await client.ShutdownAsync(Cancel);
        return await result.Task.WaitAsync(Cancel);
    }

    private static Task<LoopbackServer> StartAsync(Func<ConnectionContext, Task> handle) => TestServer.StartAsync(_ => Task.CompletedTask, null, endpoint =>
    {
        endpoint.Protocols = HttpProtocols.None;
        endpoint.UseLucidTls(TestServer.Options());
        endpoint.Run(connection => handle(connection));
    });
}

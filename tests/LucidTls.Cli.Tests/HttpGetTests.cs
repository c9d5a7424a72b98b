using System.Text;
using LucidTls.Cli.Connecting;

namespace LucidTls.Cli.Tests;

public sealed class HttpGetTests
{
    private static async Task<(HttpResponseHead Head, long BodyBytes, string Body)> GetAsync(string response, int pieceSize = int.MaxValue)
    {
        using var body = new MemoryStream();
        await using var connection = new Scripted(Encoding.UTF8.GetBytes(response), pieceSize);
        var (head, count) = await new HttpGet(connection, body).RunAsync("/", "localhost", TestContext.Current.CancellationToken);
        Assert.Equal("GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: lucidtls\r\nAccept: */*\r\nConnection: close\r\n\r\n", connection.Sent);
        return (head, count, Encoding.UTF8.GetString(body.ToArray()));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more", "hello")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\nA;x=y\r\npedia dot!\r\n0\r\nTrailer: 1\r\n\r\nmore", "wikipedia dot!")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nx", "")]
    [InlineData("HTTP/1.0 404 Not Found\nContent-Length: 0\n\n", "")]
    public async Task A_body_ends_where_the_response_says(string response, string expected)
    {
        foreach (var pieceSize in (int[])[1, 3, int.MaxValue])
        {
            var (_, count, body) = await GetAsync(response, pieceSize);
            Assert.Equal(expected, body);
            Assert.Equal(expected.Length, count);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("220 mail.example ESMTP\r\n")]
    [InlineData("HTTP/1.1 abc\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwikipedia\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwi")]
    public async Task An_answer_that_is_not_whole_HTTP_is_a_protocol_failure(string response)
    {
        var failure = await Assert.ThrowsAsync<CliException>(() => GetAsync(response));
        Assert.Equal(ExitCode.Protocol, failure.ExitCode);
    }

    [Fact]
    public async Task A_line_without_end_is_given_up() =>
        await Assert.ThrowsAsync<CliException>(() => GetAsync(new string('x', 100_000)));

    [Fact]
    public async Task The_head_is_kept_as_sent()
    {
        var (head, _, _) = await GetAsync("HTTP/1.1 301 Moved\r\nLocation: /x\r\nlocation: /y\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(301, head.Status);
        Assert.Equal("/x", head.Header("LOCATION"));
        Assert.Equal(3, head.Headers.Count);
    }

    /// <summary>A server that has its answer ready, in pieces.</summary>
    private sealed class Scripted(byte[] answer, int pieceSize) : Stream
    {
        private readonly MemoryStream _sent = new();
        private int _position;

        public string Sent => Encoding.ASCII.GetString(_sent.ToArray());
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var piece = Math.Min(Math.Min(count, pieceSize), answer.Length - _position);
            answer.AsSpan(_position, piece).CopyTo(buffer.AsSpan(offset));
            _position += piece;
            return piece;
        }

        public override void Write(byte[] buffer, int offset, int count) => _sent.Write(buffer, offset, count);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

using System.Globalization;
using System.Text;

namespace LucidTls.Cli.Connecting;

/// <summary>The beginning of an HTTP/1.1 response.</summary>
internal sealed record HttpResponseHead(int Status, string StatusLine, IReadOnlyList<(string Name, string Value)> Headers)
{
    public string? Header(string name)
    {
        foreach (var header in Headers)
        {
            if (header.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                return header.Value;
        }
        return null;
    }
}

/// <summary>One GET in HTTP/1.1 (RFC 9112), enough to see whether a server answers and what.</summary>
internal sealed class HttpGet(Stream connection, Stream body)
{
    private const int LongestLine = 16 * 1024;
    private const int MostHeaders = 200;
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    /// <summary>Sends the request and writes the body of the answer to the stream for it.</summary>
    /// <returns>The response's head, and the length of its body in bytes.</returns>
    /// <exception cref="CliException">The answer is not HTTP, or ends too early.</exception>
    public async Task<(HttpResponseHead Head, long BodyBytes)> RunAsync(string path, string host, CancellationToken cancellationToken)
    {
        var request = $"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: lucidtls\r\nAccept: */*\r\nConnection: close\r\n\r\n";
        await connection.WriteAsync(Encoding.ASCII.GetBytes(request), cancellationToken);
        await connection.FlushAsync(cancellationToken);
        HttpResponseHead head;
        do
        {
            head = await ReadHeadAsync(cancellationToken);
        }
        while (head.Status is >= 100 and < 200);
        return (head, await CopyBodyAsync(head, cancellationToken));
    }

    private async Task<HttpResponseHead> ReadHeadAsync(CancellationToken cancellationToken)
    {
        var statusLine = await ReadLineAsync(cancellationToken);
        if (!statusLine.StartsWith("HTTP/1.", StringComparison.Ordinal) || statusLine.Length < 12 || !int.TryParse(statusLine.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status))
            throw new CliException(ExitCode.Protocol, $"The server does not answer in HTTP/1.1; its answer begins with '{Reporting.Printable.Line(statusLine.Length > 60 ? statusLine[..60] : statusLine)}'.");
        var headers = new List<(string, string)>();
        while (await ReadLineAsync(cancellationToken) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':');
            if (colon <= 0 || headers.Count == MostHeaders)
                throw new CliException(ExitCode.Protocol, "The header of the server's HTTP answer is malformed or too long.");
            headers.Add((line[..colon], line[(colon + 1)..].Trim()));
        }
        return new HttpResponseHead(status, statusLine, headers);
    }

    private async Task<long> CopyBodyAsync(HttpResponseHead head, CancellationToken cancellationToken)
    {
        // RFC 9112 §6.3, in its order.
        if (head.Status is 204 or 304)
            return 0;
        if (head.Header("Transfer-Encoding") is { } encoding && encoding.EndsWith("chunked", StringComparison.OrdinalIgnoreCase))
            return await CopyChunksAsync(cancellationToken);
        if (head.Header("Content-Length") is not { } text)
            return await CopyToEndAsync(cancellationToken);
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length))
            throw new CliException(ExitCode.Protocol, "The Content-Length of the server's HTTP answer is no number.");
        await CopyAsync(length, cancellationToken);
        return length;
    }

    private async Task<long> CopyChunksAsync(CancellationToken cancellationToken)
    {
        long total = 0;
        while (true)
        {
            var size = (await ReadLineAsync(cancellationToken)).Split(';')[0].Trim();
            if (!long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var length) || length < 0)
                throw new CliException(ExitCode.Protocol, "A chunk of the server's HTTP answer has no length.");
            await CopyAsync(length, cancellationToken);
            total += length;
            // After a chunk comes an empty line; after the last one the trailers, then an empty line.
            while ((await ReadLineAsync(cancellationToken)).Length > 0)
            {
                if (length > 0)
                    throw new CliException(ExitCode.Protocol, "A chunk of the server's HTTP answer is longer than it says.");
            }
            if (length == 0)
                return total;
        }
    }

    private async Task<long> CopyToEndAsync(CancellationToken cancellationToken)
    {
        long total = 0;
        while (_start < _end || await FillAsync(cancellationToken))
        {
            await body.WriteAsync(_buffer.AsMemory(_start, _end - _start), cancellationToken);
            total += _end - _start;
            _start = _end;
        }
        return total;
    }

    private async Task CopyAsync(long length, CancellationToken cancellationToken)
    {
        while (length > 0)
        {
            if (_start == _end && !await FillAsync(cancellationToken))
                throw new CliException(ExitCode.Protocol, $"The server's HTTP answer ends {length} bytes too early.");
            var count = (int)Math.Min(length, _end - _start);
            await body.WriteAsync(_buffer.AsMemory(_start, count), cancellationToken);
            _start += count;
            length -= count;
        }
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_start == _end && !await FillAsync(cancellationToken))
                throw new CliException(ExitCode.Protocol, line.Length == 0 ? "The server closed the connection without a complete HTTP answer." : "The server's HTTP answer ends in the middle of a line.");
            var character = (char)_buffer[_start++];
            if (character == '\n')
                return line.Length > 0 && line[^1] == '\r' ? line.ToString(0, line.Length - 1) : line.ToString();
            if (line.Length == LongestLine)
                throw new CliException(ExitCode.Protocol, "A line of the server's HTTP answer is too long, or the answer is not HTTP.");
            line.Append(character);
        }
    }

    private async Task<bool> FillAsync(CancellationToken cancellationToken)
    {
        _start = 0;
        _end = await connection.ReadAsync(_buffer, cancellationToken);
        return _end > 0;
    }
}

using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Fetching;

/// <summary>
/// Gets what certificates name by http: addresses: issuers, revocation lists, OCSP responses. What comes is signed by itself, so nothing is lost without TLS, and much is
/// with it, which would have to verify a certificate first (RFC 5280 §8). The address was written by who may be an attacker: so
/// everything is bounded, and addresses that are not public are asked for nothing unless that is allowed.
/// </summary>
internal sealed class PlainHttp
{
    private const int MostRedirects = 2;
    private const int LongestOcspAddress = 255;

    private readonly HttpMessageInvoker _http;
    private readonly bool _allowPrivateAddresses;
    private readonly TimeSpan _deadline;
    private readonly TimeProvider _time;

    /// <param name="allowPrivateAddresses">Whether hosts that the internet does not reach are asked too.</param>
    /// <param name="deadline">How long a request may take, from the name's resolution to the last byte.</param>
    /// <param name="time">The clock for that.</param>
    public PlainHttp(bool allowPrivateAddresses, TimeSpan deadline, TimeProvider time)
    {
        _allowPrivateAddresses = allowPrivateAddresses;
        _deadline = deadline;
        _time = time;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = 16,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),
            MaxConnectionsPerServer = 4,
            ConnectCallback = ConnectAsync,
        });
    }

    /// <summary>What is said when the deadline passes.</summary>
    public string TooLate => string.Create(CultureInfo.InvariantCulture, $"there was no answer within {_deadline.TotalSeconds:0.##} s");

    /// <returns>The answer's body, or why there is none, in words.</returns>
    public Task<(byte[]? Body, string? Problem)> GetAsync(string address, int mostBytes) =>
        AskAsync(address, null, null, mostBytes, MostRedirects);

    /// <summary>Gets a revocation list: whoever delivers one redirects nowhere.</summary>
    public Task<(byte[]? Body, string? Problem)> GetListAsync(string address, int mostBytes) =>
        AskAsync(address, null, null, mostBytes, mostRedirects: 0);

    /// <summary>Asks an OCSP responder (RFC 6960 appendix A): by GET what fits into an address of 255 bytes and may be cached on the way (RFC 5019 §5), by POST otherwise.</summary>
    public Task<(byte[]? Body, string? Problem)> AskResponderAsync(string address, byte[] request, bool mayBeCached, int mostBytes)
    {
        var inAddress = $"{address.TrimEnd('/')}/{Uri.EscapeDataString(Convert.ToBase64String(request))}";
        var isShort = mayBeCached && !address.Contains('?', StringComparison.Ordinal) && inAddress.Length <= LongestOcspAddress;
        return AskAsync(isShort ? inAddress : address, isShort ? null : request, "application/ocsp-response", mostBytes, mostRedirects: 0);
    }

    private async Task<(byte[]? Body, string? Problem)> AskAsync(string text, byte[]? ocspRequest, string? type, int mostBytes, int mostRedirects)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address))
            return (null, "it is not an http: address");
        // The handshake's own thread goes on with it.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var deadline = new CancellationTokenSource(_deadline, _time);
        try
        {
            return await AskAsync(address, ocspRequest, type, mostBytes, mostRedirects, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return (null, TooLate);
        }
    }

    private async Task<(byte[]? Body, string? Problem)> AskAsync(Uri address, byte[]? ocspRequest, string? type, int mostBytes, int mostRedirects, CancellationToken cancellationToken)
    {
        try
        {
            for (var redirects = 0; redirects <= mostRedirects; redirects++)
            {
                if (address.Scheme != Uri.UriSchemeHttp)
                    return (null, "it is not an http: address");
                using var request = new HttpRequestMessage(ocspRequest == null ? HttpMethod.Get : HttpMethod.Post, address);
                request.Headers.Add("User-Agent", "LucidTls");
                if (ocspRequest != null)
                    request.Content = new ByteArrayContent(ocspRequest) { Headers = { ContentType = new MediaTypeHeaderValue("application/ocsp-request") } };
                using var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
                if (response.StatusCode == HttpStatusCode.OK && type != null && !string.Equals(response.Content.Headers.ContentType?.MediaType, type, StringComparison.OrdinalIgnoreCase))
                    return (null, $"the answer is of the type {X501Name.Printable(response.Content.Headers.ContentType?.MediaType ?? "none")}, not {type}");
                if (response.StatusCode == HttpStatusCode.OK)
                    return await ReadAsync(response.Content, mostBytes, cancellationToken).ConfigureAwait(false);
                if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location || mostRedirects == 0)
                    return (null, $"the server answered with the status {(int)response.StatusCode}");
                address = new Uri(address, location);
            }
            return (null, $"the server redirects more than {mostRedirects} times");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or SocketException or UriFormatException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return (null, (exception.InnerException as PrivateAddressException ?? exception).Message);
        }
    }

    private static async Task<(byte[]? Body, string? Problem)> ReadAsync(HttpContent content, int mostBytes, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > mostBytes)
            return (null, $"the answer has {content.Headers.ContentLength} bytes, of {mostBytes} allowed");
        var buffer = new byte[Math.Min(mostBytes, content.Headers.ContentLength ?? 8 * 1024) + 1];
        var count = 0;
        using var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        while (await stream.ReadAsync(buffer.AsMemory(count), cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            count += read;
            if (count > mostBytes)
                return (null, $"the answer has more than the {mostBytes} bytes allowed");
            if (count == buffer.Length)
                Array.Resize(ref buffer, Math.Min(buffer.Length * 2, mostBytes + 1));
        }
        return (buffer[..count], null);
    }

    // The addresses are looked at here, after the name was resolved, so that no name can lead anywhere else.
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellationToken).ConfigureAwait(false);
        if (!_allowPrivateAddresses)
            addresses = Array.FindAll(addresses, PublicAddresses.Contains);
        if (addresses.Length == 0)
            throw new PrivateAddressException("the address is not a public one, which only the option AllowPrivateAddresses allows");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private sealed class PrivateAddressException(string message) : IOException(message);
}

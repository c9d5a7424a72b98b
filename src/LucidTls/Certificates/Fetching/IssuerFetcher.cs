using System.Collections.Concurrent;
using System.Globalization;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Fetching;

/// <summary>
/// Gets intermediate certificates that a peer forgot to send from where its certificate says that they can be had (the access method
/// caIssuers, RFC 5280 §4.2.2.1). Off unless a verifier is given one: it makes this end send requests to addresses that a stranger wrote. One
/// object may serve any number of verifiers and keeps what it got. Safe for use by several threads at once.
/// </summary>
public sealed class IssuerFetcher
{
    private const int MostCertificatesInAnswer = 16;
    private const int MostAnswersKept = 256;
    private static readonly TimeSpan GoodLifetime = TimeSpan.FromHours(24);
    private static readonly TimeSpan BadLifetime = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, Answer> _answers = new(StringComparer.Ordinal);
    private readonly Lazy<PlainHttp> _http;

    /// <summary>Makes one that has nothing yet.</summary>
    public IssuerFetcher() => _http = new Lazy<PlainHttp>(() => new PlainHttp(AllowPrivateAddresses));

    /// <summary>How many addresses are asked for one verification, at most; 4.</summary>
    public int MaxFetches { get; init; } = 4;

    /// <summary>How many missing certificates in a row are got, at most; 3.</summary>
    public int MaxDepth { get; init; } = 3;

    /// <summary>How many bytes an answer may have; 128 KiB.</summary>
    public int MaxBytes { get; init; } = 128 * 1024;

    /// <summary>How long one verification waits for all answers together; 5 seconds.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether hosts on loopback, in private networks and other places that the internet does not reach are asked too; false. A peer may
    /// name any address, and a request from inside may do what one from outside cannot.
    /// </summary>
    public bool AllowPrivateAddresses { get; init; }

    /// <summary>The clock for deadlines and for how long answers are kept: a day when good, five minutes when not.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The certificates to be had at an address, or why there are none. Requests for one address at one time are one; each ends by its own deadline.</summary>
    /// <param name="address">An http: address.</param>
    /// <param name="patience">How long to wait for it here.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    internal async ValueTask<(IReadOnlyList<Certificate> Certificates, string? Problem)> GetAsync(Uri address, TimeSpan patience, CancellationToken cancellationToken)
    {
        var now = TimeProvider.GetUtcNow();
        var answer = _answers.GetOrAdd(address.AbsoluteUri, Start);
        if (answer.Expires <= now)
        {
            // Who removes the old one makes room for the one new.
            _answers.TryRemove(new KeyValuePair<string, Answer>(address.AbsoluteUri, answer));
            answer = _answers.GetOrAdd(address.AbsoluteUri, Start);
        }
        try
        {
            return await answer.Fetching.Value.WaitAsync(patience > TimeSpan.Zero ? patience : TimeSpan.Zero, TimeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return ([], TooLate);
        }
    }

    private string TooLate => string.Create(CultureInfo.InvariantCulture, $"there was no answer within {Deadline.TotalSeconds:0.##} s");

    private Answer Start(string address)
    {
        if (_answers.Count >= MostAnswersKept)
            Forget();
        var answer = new Answer();
        answer.Fetching = new Lazy<Task<(IReadOnlyList<Certificate> Certificates, string? Problem)>>(() => FetchAsync(new Uri(address), answer));
        return answer;
    }

    private async Task<(IReadOnlyList<Certificate> Certificates, string? Problem)> FetchAsync(Uri address, Answer answer)
    {
        // The waiting verification's own thread goes on with it.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var (certificates, problem) = await TryFetchAsync(address).ConfigureAwait(false);
        answer.Expires = TimeProvider.GetUtcNow() + (problem == null ? GoodLifetime : BadLifetime);
        return (certificates, problem);
    }

    private async Task<(IReadOnlyList<Certificate> Certificates, string? Problem)> TryFetchAsync(Uri address)
    {
        using var deadline = new CancellationTokenSource(Deadline, TimeProvider);
        try
        {
            var (body, problem) = await _http.Value.GetAsync(address, MaxBytes, deadline.Token).ConfigureAwait(false);
            if (body == null)
                return ([], problem);
            var certificates = Read(body);
            return (certificates, certificates.Count > 0 ? null : "the answer is no certificate");
        }
        catch (OperationCanceledException)
        {
            return ([], TooLate);
        }
        catch (FormatException exception)
        {
            return ([], $"the answer cannot be read: {exception.Message.TrimEnd('.')}");
        }
    }

    // RFC 5280 §4.2.2.1: one certificate in DER or a "certs-only" CMS message. Some servers answer with PEM.
    private static List<Certificate> Read(byte[] body)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> encoded = Pkcs7.IsLikely(body) ? Pkcs7.Certificates(body)
            : body.AsSpan().StartsWith("-----"u8) ? PemReader.Certificates(System.Text.Encoding.Latin1.GetString(body))
            : [body];
        var certificates = encoded.Take(MostCertificatesInAnswer).Select(Certificate.TryParse).OfType<Certificate>().ToList();
        return certificates;
    }

    // Rare, so that it need not be clever: half of all go, those that expired first.
    private void Forget()
    {
        foreach (var (address, answer) in _answers.OrderBy(pair => pair.Value.Expires).Take(MostAnswersKept / 2).ToList())
            _answers.TryRemove(new KeyValuePair<string, Answer>(address, answer));
    }

    private sealed class Answer
    {
        private long _expires = DateTimeOffset.MaxValue.Ticks;

        /// <summary>While it is under way it does not expire.</summary>
        public DateTimeOffset Expires
        {
            get => new(Volatile.Read(ref _expires), TimeSpan.Zero);
            set => Volatile.Write(ref _expires, value.UtcTicks);
        }

        public Lazy<Task<(IReadOnlyList<Certificate> Certificates, string? Problem)>> Fetching { get; set; } = null!;
    }
}

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

    private readonly Lazy<PlainHttp> _http;
    private readonly Lazy<SharedAnswers<IReadOnlyList<Certificate>>> _answers;

    /// <summary>Makes one that has nothing yet.</summary>
    public IssuerFetcher()
    {
        _http = new(() => new PlainHttp(AllowPrivateAddresses, Deadline, TimeProvider));
        _answers = new(() => new SharedAnswers<IReadOnlyList<Certificate>>(MostAnswersKept, (long)MostAnswersKept * MaxBytes, TimeProvider));
    }

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
    /// <param name="address">Where they are said to be.</param>
    /// <param name="patience">How long to wait for them here.</param>
    internal async ValueTask<(IReadOnlyList<Certificate> Certificates, string? Problem)> GetAsync(string address, Patience patience)
    {
        var answer = await patience.WaitAsync(_answers.Value, address, () => FetchAsync(address)).ConfigureAwait(false);
        return answer == null ? ([], _http.Value.TooLate) : (answer.Value ?? [], answer.Problem);
    }

    private async Task<FetchedAnswer<IReadOnlyList<Certificate>>> FetchAsync(string address)
    {
        var (body, problem) = await _http.Value.GetAsync(address, MaxBytes).ConfigureAwait(false);
        if (body == null)
            return Failure(problem!);
        try
        {
            var certificates = Read(body);
            return certificates.Count > 0 ? new(certificates, null, TimeProvider.GetUtcNow() + GoodLifetime, body.Length) : Failure("the answer is no certificate");
        }
        catch (FormatException exception)
        {
            return Failure($"the answer cannot be read: {exception.Message.TrimEnd('.')}");
        }
    }

    private FetchedAnswer<IReadOnlyList<Certificate>> Failure(string problem) => new(null, problem, TimeProvider.GetUtcNow() + BadLifetime, 0);

    // RFC 5280 §4.2.2.1: one certificate in DER or a "certs-only" CMS message. Some servers answer with PEM.
    private static List<Certificate> Read(byte[] body)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> encoded = Pkcs7.IsLikely(body) ? Pkcs7.Certificates(body)
            : body.AsSpan().StartsWith("-----"u8) ? PemReader.Certificates(System.Text.Encoding.Latin1.GetString(body))
            : [body];
        var certificates = encoded.Take(MostCertificatesInAnswer).Select(Certificate.TryParse).OfType<Certificate>().ToList();
        return certificates;
    }
}

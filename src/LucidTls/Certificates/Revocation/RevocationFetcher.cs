using System.Security.Cryptography;
using LucidTls.Certificates.Fetching;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>
/// Asks OCSP responders (RFC 6960) and gets revocation lists at the http: addresses in certificates, of paths that lead to a trust anchor only. One
/// object may serve any number of verifiers and keeps what it got for as long as that is valid; a failure for a minute. Safe for use by several
/// threads at once.
/// </summary>
public sealed class RevocationFetcher
{
    private const int MostResponses = 4096;
    private const int MostLists = 256;
    private const int NonceLength = 32;
    private static readonly TimeSpan BadLifetime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan UndatedLifetime = TimeSpan.FromMinutes(5);

    private readonly Lazy<PlainHttp> _http;
    private readonly Lazy<SharedAnswers<OcspResponse>> _responses;
    private readonly Lazy<SharedAnswers<CertificateRevocationList>> _lists;

    /// <summary>Makes one that has nothing yet.</summary>
    public RevocationFetcher()
    {
        _http = new(() => new PlainHttp(AllowPrivateAddresses, Deadline, TimeProvider));
        _responses = new(() => new SharedAnswers<OcspResponse>(MostResponses, (long)MostResponses * OcspResponse.MostBytes, TimeProvider));
        _lists = new(() => new SharedAnswers<CertificateRevocationList>(MostLists, MaxKeptListBytes, TimeProvider));
    }

    /// <summary>How long one verification waits for the network, all requests together, and how long one request may take, from the name's resolution to the last byte; 5 seconds.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How many bytes a revocation list may have; 32 MiB. An OCSP response may have 64 KiB.</summary>
    public int MaxListBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>How many bytes of revocation lists are kept at most, all together; 128 MiB.</summary>
    public long MaxKeptListBytes { get; init; } = 128 * 1024 * 1024;

    /// <summary>
    /// Whether hosts on loopback, in private networks and other places that the internet does not reach are asked too; false. Set it for an
    /// authority of your own whose responder is inside.
    /// </summary>
    public bool AllowPrivateAddresses { get; init; }

    /// <summary>Whether certificates are named to responders with SHA-256; false, for SHA-1, which every responder knows and which protects nothing here.</summary>
    public bool UseSha256Ids { get; init; }

    /// <summary>
    /// Whether responders are sent a nonce (RFC 9654); false. An answer with another nonce is not taken. Most large responders answer with
    /// prepared responses that have none, which are taken for their dates.
    /// </summary>
    public bool SendNonce { get; init; }

    /// <summary>The clock for deadlines and for how long answers are kept.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <param name="address">The responder.</param>
    /// <param name="certificate">The certificate asked about.</param>
    /// <param name="issuer">Its issuer.</param>
    /// <param name="lifetime">Until when a response may be relied upon; null when it is not to be kept.</param>
    /// <param name="patience">How long to wait for it here.</param>
    internal ValueTask<FetchedAnswer<OcspResponse>> OcspAsync(string address, Certificate certificate, Certificate issuer, Func<OcspResponse, DateTimeOffset?> lifetime, Patience patience) =>
        PatientlyAsync(_responses.Value, $"{Convert.ToHexString(SHA256.HashData(certificate.Der.Span))} {Convert.ToHexString(SHA256.HashData(issuer.SubjectPublicKeyInfo.Span))} {address}", () => AskAsync(address, certificate, issuer, lifetime), patience);

    /// <summary>Asks the responder now, whatever is kept.</summary>
    internal async Task<FetchedAnswer<OcspResponse>> AskAsync(string address, Certificate certificate, Certificate issuer, Func<OcspResponse, DateTimeOffset?> lifetime)
    {
        var nonce = SendNonce ? RandomNumberGenerator.GetBytes(NonceLength) : [];
        var request = OcspRequest.Write(certificate, issuer, UseSha256Ids, nonce);
        var (body, problem) = await _http.Value.AskResponderAsync(address, request, mayBeCached: !SendNonce, OcspResponse.MostBytes).ConfigureAwait(false);
        if (body == null)
            return Failure<OcspResponse>(problem!);
        if (OcspResponse.TryParse(body) is not { } response)
            return Failure<OcspResponse>("the answer is not well-formed DER");
        if (SendNonce && response.Nonce is { } returned && !returned.Span.SequenceEqual(nonce))
            return Failure<OcspResponse>("the answer has another nonce than the one sent");
        return new(response, null, lifetime(response) ?? Soon, body.Length);
    }

    /// <param name="address">Where the list is.</param>
    /// <param name="isGood">Whether the list may be relied upon, and so kept for as long as it is valid.</param>
    /// <param name="patience">How long to wait for it here.</param>
    internal ValueTask<FetchedAnswer<CertificateRevocationList>> ListAsync(string address, Func<CertificateRevocationList, bool> isGood, Patience patience) =>
        PatientlyAsync(_lists.Value, address, async () =>
        {
            var (body, problem) = await _http.Value.GetListAsync(address, MaxListBytes).ConfigureAwait(false);
            if (body == null)
                return Failure<CertificateRevocationList>(problem!);
            if (!CertificateRevocationList.TryParse(body, out var list, out problem))
                return Failure<CertificateRevocationList>($"the answer {problem}");
            return new(list, null, isGood(list) && list.NextUpdate > Soon ? list.NextUpdate.Value : Soon, body.Length);
        }, patience);

    /// <summary>Until when a response of whom it may come from is kept.</summary>
    internal DateTimeOffset LifetimeOf(CertificateStatus status) =>
        status.NextUpdate is { } next && next > Soon ? next : status.NextUpdate == null ? TimeProvider.GetUtcNow() + UndatedLifetime : Soon;

    private DateTimeOffset Soon => TimeProvider.GetUtcNow() + BadLifetime;

    private FetchedAnswer<T> Failure<T>(string problem) where T : class => new(null, problem, Soon, 0);

    private async ValueTask<FetchedAnswer<T>> PatientlyAsync<T>(SharedAnswers<T> answers, string key, Func<Task<FetchedAnswer<T>>> fetch, Patience patience) where T : class =>
        await patience.WaitAsync(answers, key, fetch).ConfigureAwait(false) ?? Failure<T>(_http.Value.TooLate);
}

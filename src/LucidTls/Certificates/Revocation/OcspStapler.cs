using System.Security.Cryptography;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Revocation;

/// <summary>
/// Keeps an identity's staples (<see cref="TlsIdentity.Staples"/>) current in the background: asks the OCSP responder that each certificate of its chain names,
/// asks again at half of the response's life, give or take a tenth, keeps the last one while the responder cannot be asked, and takes it away when it
/// expires. No handshake ever waits for it.
/// </summary>
public sealed class OcspStapler : IAsyncDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromHours(1);
    private static readonly TimeSpan UndatedLife = TimeSpan.FromDays(1);

    private readonly TlsIdentity _identity;
    private readonly RevocationFetcher _fetcher;
    private readonly ReadOnlyMemory<byte>[] _staples;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Task[] _keeping;
    private readonly List<Task> _firstAnswers = [];
    private volatile string? _problem;

    /// <summary>Starts to keep the staples of an identity.</summary>
    /// <param name="identity">The identity.</param>
    /// <param name="fetcher">Who asks the responders; null for a new one of the default kind, which asks public addresses only.</param>
    /// <param name="issuers">Certificates in DER among which the issuer is of the last certificate in the identity's chain, its root for example; that one is stapled for only with it.</param>
    public OcspStapler(TlsIdentity identity, RevocationFetcher? fetcher = null, IEnumerable<ReadOnlyMemory<byte>>? issuers = null)
    {
        ArgumentNullException.ThrowIfNull(identity);
        _identity = identity;
        _fetcher = fetcher ?? new RevocationFetcher();
        _staples = new ReadOnlyMemory<byte>[identity.Chain.Count];
        var chain = identity.Chain.Concat(issuers ?? []).Select(Certificate.TryParse).OfType<Certificate>().ToList();
        var keeping = new List<Task>();
        for (var index = 0; index < identity.Chain.Count; index++)
        {
            var certificate = Certificate.TryParse(identity.Chain[index]);
            if (certificate?.Facts.OcspResponders.Count > 0 && chain.Find(other => IsIssuer(other, certificate)) is { } issuer)
                keeping.Add(KeepAsync(index, certificate, issuer));
        }
        _keeping = [.. keeping];
        Ready = Task.WhenAll(_firstAnswers);
    }

    /// <summary>Whether there is anything to do: a certificate that names a responder, with its issuer at hand.</summary>
    public bool HasWork => _keeping.Length > 0;

    /// <summary>Ends when each responder was asked once, with or without an answer; it never fails.</summary>
    public Task Ready { get; }

    /// <summary>Why the last answer could not be used, in words; null when it could.</summary>
    public string? Problem => _problem;

    /// <summary>Stops. The staples stay as they are.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_keeping).ConfigureAwait(false);
    }

    private Task KeepAsync(int index, Certificate certificate, Certificate issuer)
    {
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _firstAnswers.Add(first.Task);
        return KeepAsync(index, certificate, issuer, first);
    }

    private async Task KeepAsync(int index, Certificate certificate, Certificate issuer, TaskCompletionSource first)
    {
        var time = _fetcher.TimeProvider;
        var retry = FirstRetry;
        var expires = DateTimeOffset.MinValue;
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                TimeSpan wait;
                if (await AskAsync(certificate, issuer).ConfigureAwait(false) is var (response, status))
                {
                    Set(index, response.Der);
                    expires = status.NextUpdate ?? status.ThisUpdate!.Value + UndatedLife;
                    retry = FirstRetry;
                    var half = status.ThisUpdate!.Value + (expires - status.ThisUpdate.Value) / 2 - time.GetUtcNow();
                    wait = Jittered(half > FirstRetry ? half : FirstRetry);
                }
                else
                {
                    wait = Jittered(retry);
                    retry = retry * 2 < LastRetry ? retry * 2 : LastRetry;
                }
                first.TrySetResult();
                await WaitAsync(index, wait, expires, time).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // It was stopped.
        }
        finally
        {
            first.TrySetResult();
        }
    }

    // A staple that expires during the wait goes at that moment.
    private async Task WaitAsync(int index, TimeSpan wait, DateTimeOffset expires, TimeProvider time)
    {
        var left = expires - time.GetUtcNow();
        if (!_staples[index].IsEmpty && left < wait)
        {
            if (left > TimeSpan.Zero)
                await Task.Delay(left, time, _stop.Token).ConfigureAwait(false);
            Set(index, default);
            wait -= left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
        await Task.Delay(wait, time, _stop.Token).ConfigureAwait(false);
    }

    private async Task<(OcspResponse Response, CertificateStatus Status)?> AskAsync(Certificate certificate, Certificate issuer)
    {
        foreach (var address in certificate.Facts.OcspResponders)
        {
            var answer = await _fetcher.AskAsync(address, certificate, issuer, _ => null).WaitAsync(_stop.Token).ConfigureAwait(false);
            if (answer.Value is not { } response)
            {
                _problem = $"the OCSP responder {X501Name.Printable(address)} could not be asked: {answer.Problem}";
                continue;
            }
            ReadOnlyMemory<byte> unused = default;
            // What says "revoked" is stapled too: whoever asks shall know it.
            var status = new OcspJudge(_fetcher.TimeProvider.GetUtcNow(), TimeSpan.Zero, (_, _) => false).Judge(response, certificate, issuer, CertificateStatusSource.Ocsp, ref unused);
            if (status.Kind != CertificateStatusKind.Unknown)
            {
                _problem = null;
                return (response, status);
            }
            _problem = status.Explanation;
        }
        return null;
    }

    private void Set(int index, ReadOnlyMemory<byte> staple)
    {
        lock (_lock)
        {
            _staples[index] = staple;
            _identity.Staples = [.. _staples];
        }
    }

    private static bool IsIssuer(Certificate candidate, Certificate certificate) =>
        candidate.Subject.Equals(certificate.Issuer) && CertificateSignature.SchemeOf(certificate.SignatureAlgorithm) is { } scheme && CertificateSignature.Verifies(certificate, candidate, scheme);

    // Servers that were started together do not ask together.
    private static TimeSpan Jittered(TimeSpan wait) => wait * (0.9 + RandomNumberGenerator.GetInt32(0, 2001) / 10000.0);
}

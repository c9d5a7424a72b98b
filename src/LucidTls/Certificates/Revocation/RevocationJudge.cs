using LucidTls.Certificates.Fetching;
using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Paths;

namespace LucidTls.Certificates.Revocation;

/// <summary>Holds a path against the sources of revocation status, in the order and with the weight that the options give them.</summary>
internal sealed class RevocationJudge(RevocationOptions options)
{
    /// <summary>Addresses of one kind that are asked one after the other about a certificate.</summary>
    public const int MostAddresses = 3;

    private readonly RevocationLists _lists = new(options.GivenLists);
    private readonly Certificate[] _listIssuers = [.. options.ListIssuers.Select(der => Certificate.TryParse(der.ToArray()) ?? throw new ArgumentException("One of the ListIssuers is no certificate.", nameof(options)))];

    /// <summary>Whether there is anything to hold that path against, so that most paths cost nothing.</summary>
    public bool Concerns(CandidatePath path, CertificateVerificationRequest request)
    {
        if (path.Certificates.Count < 2)
            return false;
        var most = (RevocationMode)Math.Max((int)options.Stapled, Math.Max((int)options.Ocsp, (int)options.Lists));
        if (most != RevocationMode.SoftFail)
            return most == RevocationMode.HardFail;
        return (options.Lists != RevocationMode.Off && !_lists.IsEmpty)
            || (options.Fetcher != null && (options.Ocsp != RevocationMode.Off || options.Lists != RevocationMode.Off))
            || (options.Stapled != RevocationMode.Off && request.Staples is { } staples && (HasStaple(staples) || path.Certificates[0].Facts.DemandsStaple));
    }

    /// <param name="path">A path to an anchor, good so far.</param>
    /// <param name="request">The question, with the staples.</param>
    /// <param name="now">The time of validation.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The path with the statuses found, and with problems where there are some.</returns>
    public async ValueTask<CandidatePath> JudgeAsync(CandidatePath path, CertificateVerificationRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        using var patience = options.Fetcher is { } fetcher ? new Patience(fetcher.Deadline, fetcher.TimeProvider, cancellationToken) : null;
        // Those who sign lists for others are looked up in the lists of their own issuers alone, or it could go on for ever.
        var direct = new ListJudge(now, options.ClockSkew, static _ => null);
        var lists = new ListJudge(now, options.ClockSkew, new ListSigners(path, request, _listIssuers, now, (certificate, issuer) => IsListed(certificate, issuer, direct)).Find);
        var statuses = new List<CertificateStatus>();
        var problems = new List<PathProblem>();
        ReadOnlyMemory<byte> timestamps = default;
        // The last one is the trust anchor.
        var count = options.Scope == RevocationScope.Leaf ? 1 : path.Certificates.Count - 1;
        for (var index = 0; index < count; index++)
        {
            var inquiry = new Inquiry(path.Certificates[index], path.Certificates[index + 1], index, statuses);
            if (await InquireAsync(inquiry, request, lists, now, patience).ConfigureAwait(false) is { } problem)
                problems.Add(problem);
            if (index == 0)
                timestamps = inquiry.StapledTimestamps;
        }
        return path with { Problems = problems, Statuses = statuses, StapledTimestamps = timestamps };
    }

    // What is at hand is looked at whole, since any of it may call the certificate revoked; the network is asked only for what is still not known.
    private async ValueTask<PathProblem?> InquireAsync(Inquiry about, CertificateVerificationRequest request, ListJudge lists, DateTimeOffset now, Patience? patience)
    {
        var responses = new OcspJudge(now, options.ClockSkew, (responder, issuer) => IsListed(responder, issuer, lists));
        var stapleProblem = LookAtStaple(about, request, responses);
        var fetch = options.Fetcher is { } fetcher && patience != null ? new ListFetch(fetcher, lists, about.Certificate, about.Issuer, now, patience, about.Add) : null;
        await LookAtGivenListsAsync(about, lists, fetch).ConfigureAwait(false);
        if ((about.Revocation ?? stapleProblem) is { } problem)
            return problem;

        if (!about.IsGood && options.Ocsp != RevocationMode.Off)
            await AskRespondersAsync(about, responses, patience).ConfigureAwait(false);
        if ((about.Revocation ?? about.Demand(options.Ocsp)) is { } ocspProblem)
            return ocspProblem;

        if (!about.IsGood && options.Lists != RevocationMode.Off)
            await FetchListsAsync(about, lists, fetch).ConfigureAwait(false);
        return about.Revocation ?? about.Demand(options.Lists);
    }

    private PathProblem? LookAtStaple(Inquiry about, CertificateVerificationRequest request, OcspJudge responses)
    {
        if (options.Stapled == RevocationMode.Off)
            return null;
        // RFC 7633 §4.2.3.1: who offered status_request and gets no answer for a certificate that promises one ends the handshake.
        var isDemanded = about.IsLeaf && (options.Stapled == RevocationMode.HardFail || (request.Staples != null && about.Certificate.Facts.DemandsStaple));
        if (StapleOf(about.Certificate, request) is { IsEmpty: false } staple)
        {
            var timestamps = about.StapledTimestamps;
            about.Add(responses.Judge(OcspResponse.TryParse(staple.Span), about.Certificate, about.Issuer, CertificateStatusSource.Staple, ref timestamps));
            about.StapledTimestamps = timestamps;
        }
        else if (isDemanded)
        {
            about.Add(CertificateStatus.Unknown(CertificateStatusSource.Staple, "the peer stapled no OCSP response"));
        }
        return isDemanded ? about.DemandStaple() : null;
    }

    // RFC 5280 §6.3.3 (a)(2): a complete list counts with its current delta list, and so that one is got even if the complete one calls the certificate good.
    private async ValueTask LookAtGivenListsAsync(Inquiry about, ListJudge judge, ListFetch? fetch)
    {
        if (options.Lists == RevocationMode.Off || _lists.IsEmpty)
            return;
        var lists = new List<CertificateRevocationList>(_lists.For(about.Certificate));
        if (fetch != null && !about.IsDecided)
            lists.AddRange(await fetch.DeltasAsync(lists).ConfigureAwait(false));
        about.Add(judge.Judge(about.Certificate, about.Issuer, lists, CertificateStatusSource.GivenList));
    }

    private async ValueTask AskRespondersAsync(Inquiry about, OcspJudge judge, Patience? patience)
    {
        if (options.Fetcher is not { } fetcher || patience == null)
        {
            about.AddUnknown(CertificateStatusSource.Ocsp, options.Ocsp, "OCSP responders are not asked: no fetcher is configured");
            return;
        }
        if (about.Certificate.Facts.OcspResponders.Count == 0)
            about.AddUnknown(CertificateStatusSource.Ocsp, options.Ocsp, "the certificate names no OCSP responder");
        foreach (var address in about.Certificate.Facts.OcspResponders.Take(MostAddresses))
        {
            var answer = await fetcher.OcspAsync(address, about.Certificate, about.Issuer, Lifetime, patience).ConfigureAwait(false);
            about.Add(answer.Value is { } response ? Judge(response) : CertificateStatus.Unknown(CertificateStatusSource.Ocsp, $"the OCSP responder {X501Name.Printable(address)} could not be asked: {answer.Problem}"));
            if (about.IsDecided)
                return;
        }

        CertificateStatus Judge(OcspResponse response)
        {
            ReadOnlyMemory<byte> unused = default;
            return judge.Judge(response, about.Certificate, about.Issuer, CertificateStatusSource.Ocsp, ref unused);
        }

        DateTimeOffset? Lifetime(OcspResponse response) => Judge(response) is { Kind: not CertificateStatusKind.Unknown } status ? fetcher.LifetimeOf(status) : null;
    }

    private async ValueTask FetchListsAsync(Inquiry about, ListJudge judge, ListFetch? fetch)
    {
        if (fetch == null)
        {
            if (_lists.IsEmpty)
                about.AddUnknown(CertificateStatusSource.FetchedList, options.Lists, "no revocation list is given, and none is fetched: no fetcher is configured");
            return;
        }
        if (fetch.Addresses.Count == 0)
            about.AddUnknown(CertificateStatusSource.FetchedList, options.Lists, "the certificate names no http: address of a revocation list");
        var lists = new List<CertificateRevocationList>(1);
        foreach (var address in fetch.Addresses)
        {
            if (await fetch.CompleteAsync(address).ConfigureAwait(false) is not { } list)
                continue;
            lists.AddRange([list, .. await fetch.DeltasAsync([list]).ConfigureAwait(false)]);
            // Several lists may be needed, each for some reasons.
            about.Add(judge.Judge(about.Certificate, about.Issuer, lists, CertificateStatusSource.FetchedList));
            if (about.IsDecided)
                return;
        }
    }

    // A responder's certificate is looked up in what is at hand only: asking for it could go on for ever.
    private bool IsListed(Certificate certificate, Certificate issuer, ListJudge lists) =>
        lists.Judge(certificate, issuer, _lists.Of(certificate.Issuer), CertificateStatusSource.GivenList).Kind == CertificateStatusKind.Revoked;

    private static bool HasStaple(IReadOnlyList<ReadOnlyMemory<byte>> staples)
    {
        for (var i = 0; i < staples.Count; i++)
        {
            if (!staples[i].IsEmpty)
                return true;
        }
        return false;
    }

    // Staples stand beside the peer's certificates, which need not be in the order of the path.
    private static ReadOnlyMemory<byte> StapleOf(Certificate certificate, CertificateVerificationRequest request)
    {
        if (request.Staples is not { } staples)
            return default;
        for (var i = 0; i < staples.Count && i < request.Chain.Count; i++)
        {
            if (!staples[i].IsEmpty && request.Chain[i].Span.SequenceEqual(certificate.Der.Span))
                return staples[i];
        }
        return default;
    }

    /// <summary>What was found out about one certificate.</summary>
    private sealed class Inquiry(Certificate certificate, Certificate issuer, int index, List<CertificateStatus> statuses)
    {
        private readonly int _first = statuses.Count;

        public Certificate Certificate => certificate;
        public Certificate Issuer => issuer;
        public bool IsLeaf => index == 0;
        public ReadOnlyMemory<byte> StapledTimestamps { get; set; }

        /// <summary>The problem when a source calls the certificate revoked.</summary>
        public PathProblem? Revocation { get; private set; }

        public bool IsGood { get; private set; }

        public bool IsDecided => IsGood || Revocation != null;

        public void Add(CertificateStatus status)
        {
            statuses.Add(status with { Index = index });
            IsGood |= status.Kind == CertificateStatusKind.Good;
            if (status.Kind == CertificateStatusKind.Revoked)
                Revocation ??= new PathProblem(CertificateRule.NotRevoked, index, status.Explanation);
        }

        /// <summary>Tells that a source has nothing to say, where that matters.</summary>
        public void AddUnknown(CertificateStatusSource source, RevocationMode mode, string why)
        {
            if (mode == RevocationMode.HardFail)
                Add(CertificateStatus.Unknown(source, why));
        }

        /// <summary>The problem when a source must not fail and nothing so far calls the certificate good.</summary>
        public PathProblem? Demand(RevocationMode mode) => mode == RevocationMode.HardFail && !IsGood
            ? new PathProblem(CertificateRule.RevocationStatus, index, $"whether {certificate} was revoked is not known: {string.Join("; ", statuses.Skip(_first))}")
            : null;

        /// <summary>The same for the staple, which must come first.</summary>
        public PathProblem? DemandStaple() => Demand(RevocationMode.HardFail) is { } problem
            ? problem with { Sentence = $"{certificate} {(certificate.Facts.DemandsStaple ? "promises" : "must come with")} a stapled OCSP response that calls it good, but {string.Join("; ", statuses.Skip(_first))}" }
            : null;
    }
}

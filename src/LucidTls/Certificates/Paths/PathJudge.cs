using System.Globalization;
using System.Security.Cryptography;
using LucidTls.Certificates.Names;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Paths;

/// <summary>
/// Judges a path whose signatures were checked when it was found: RFC 5280 §6.1 from the trust anchor down to the leaf. It goes on after
/// a rule that is broken, so that the verdict can name them all.
/// </summary>
internal sealed partial class PathJudge(VerificationPolicy policy, SearchBudget budget)
{
    private const int LeastRsaBits = 2048;

    /// <summary>No clock that is right shows an earlier time.</summary>
    private static readonly DateTimeOffset FirstRelease = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly CertificateProfile _profile = policy.Profile;
    private List<PathProblem>? _problems;
    private IReadOnlyList<Certificate> _path = [];
    private TrustAnchor _anchor = null!;

    /// <param name="path">The leaf first, the anchor last; both may be the same.</param>
    /// <param name="anchor">What is known about the anchor.</param>
    /// <returns>The rules that the path breaks; empty when it is good.</returns>
    public IReadOnlyList<PathProblem> Judge(IReadOnlyList<Certificate> path, TrustAnchor anchor)
    {
        _problems = null;
        _path = path;
        _anchor = anchor;
        try
        {
            for (var i = path.Count - 1; i >= 0; i--)
                Common(i);
            PathLengths();
            for (var i = path.Count - 1; i >= 1; i--)
                Authority(i);
            Leaf(path[0]);
            Names(path[0]);
            NameConstraints();
            Policies();
            AnchorLimits();
            Pins();
        }
        catch (SearchBudgetException exhausted)
        {
            Add(CertificateRule.SearchBudget, 0, $"judging the chain takes more than {exhausted.Message}, which no honest chain does");
        }
        return _problems ?? (IReadOnlyList<PathProblem>)[];
    }

    private void Add(CertificateRule rule, int index, string sentence, CertificateMender? mender = null, string? remedy = null) =>
        (_problems ??= []).Add(new PathProblem(rule, index, sentence, mender, remedy));

    private bool IsAnchor(int index) => index == _path.Count - 1;

    // The keepers of the system's store have accepted each root as it is, so its form is settled.
    private bool FormCounts(int index) => !(IsAnchor(index) && _anchor.IsFormSettled);

    private void Common(int index)
    {
        var certificate = _path[index];
        if (certificate.Facts.Malformation is { } malformation)
            Add(CertificateRule.WellFormed, index, $"{certificate} is malformed: {malformation}");
        if (_profile.Demands(CertificateRule.Validity))
            Validity(index, certificate);
        if (_profile.Demands(CertificateRule.SignatureAlgorithmAgreement) && !certificate.SignatureAlgorithmsAgree)
            Add(CertificateRule.SignatureAlgorithmAgreement, index, $"{certificate} names two different algorithms for its signature");
        if (_profile.Demands(CertificateRule.Version) && certificate.Version != 3 && !(IsAnchor(index) && index > 0 && (_anchor.IsFormSettled || !_profile.Demands(CertificateRule.SerialNumber))))
            Add(CertificateRule.Version, index, $"{certificate} is an X.509 certificate of version {certificate.Version}; 3 is needed");
        else if (certificate.Version != 3 && certificate.Extensions.Count > 0)
            Add(CertificateRule.WellFormed, index, $"{certificate} has extensions, which version {certificate.Version} does not know");
        if (_profile.Demands(CertificateRule.UnknownCriticalExtension) && certificate.Facts.UnknownCritical is { } oid)
            Add(CertificateRule.UnknownCriticalExtension, index, $"{certificate} has the critical extension {oid}, which is not understood");
        Key(index, certificate);
        Purpose(index, certificate);
        if (FormCounts(index))
            Form(index, certificate);
    }

    private void Validity(int index, Certificate certificate)
    {
        var now = policy.Now;
        if (now > certificate.NotAfter)
            Add(CertificateRule.Validity, index, $"{certificate} expired {Words(now - certificate.NotAfter)} ago, on {Time(certificate.NotAfter)}");
        if (now < certificate.NotBefore)
            NotYetValid(index, certificate, now);
    }

    private void NotYetValid(int index, Certificate certificate, DateTimeOffset now)
    {
        var (shown, remedy) = policy.IsTimeGiven ? ("the time asked about is", "Ask about a time at which the certificate is valid.")
            : now < FirstRelease ? ("the clock of this machine says", "Set this machine's clock: it shows a time before this library was made.")
            : ("the clock of this machine says", "Set this machine's clock if it is wrong; otherwise the certificate was installed too early.");
        Add(CertificateRule.Validity, index, $"{certificate} becomes valid in {Words(certificate.NotBefore - now)}, on {Time(certificate.NotBefore)}; {shown} {Time(now)}", CertificateMender.ThisEnd, remedy);
    }

    private void Key(int index, Certificate certificate)
    {
        var key = certificate.KeyFacts;
        if (_profile.Demands(CertificateRule.KeyStrength))
        {
            if (key.Kind == PublicKeyKind.Unknown)
                Add(CertificateRule.KeyStrength, index, $"{certificate} has {key.Text}, which cannot be used");
            if (key.Kind is PublicKeyKind.Rsa or PublicKeyKind.RsaPss && key.Bits < LeastRsaBits)
                Add(CertificateRule.KeyStrength, index, $"{certificate} has an RSA key of {key.Bits} bits; {LeastRsaBits} are the least that is safe");
        }
        if (_profile.Demands(CertificateRule.KeyKind) && key.Kind is PublicKeyKind.RsaPss or PublicKeyKind.Ed25519 or PublicKeyKind.MlDsa)
            Add(CertificateRule.KeyKind, index, $"{certificate} has a key of the kind {key.Text}, which the web's authorities may not certify");
    }

    private void Purpose(int index, Certificate certificate)
    {
        var facts = certificate.Facts;
        if (!_profile.Demands(CertificateRule.ExtendedKeyUsage) || !facts.Has(KnownExtensions.ExtendedKeyUsage))
            return;
        if (!facts.HasExtendedKeyUsage(policy.PurposeUsage) && !facts.HasExtendedKeyUsage(Oids.AnyExtendedKeyUsage))
            Add(CertificateRule.ExtendedKeyUsage, index, $"the extended key usage of {certificate} does not allow {policy.PurposeText}");
    }

    /// <summary>RFC 5280 §6.1.4 (l) and (m). What the caller allows is the first limit.</summary>
    private void PathLengths()
    {
        var allowed = policy.Options.MaxDepth ?? int.MaxValue;
        Certificate? allowedBy = null;
        for (var i = _path.Count - 1; i >= 1; i--)
        {
            var authority = _path[i];
            if (!IsAnchor(i) && !authority.IsSelfIssued && allowed != int.MaxValue && --allowed < 0)
            {
                if (allowedBy == null)
                    Add(CertificateRule.PathDepth, i, $"the path has more than {policy.Options.MaxDepth} authorities between the leaf and the trust anchor");
                else if (_profile.Demands(CertificateRule.PathLength))
                    Add(CertificateRule.PathLength, i, $"{allowedBy} allows {allowedBy.Facts.PathLength} authorities below it, and {authority} is one more");
                return;
            }
            if (authority.Facts.PathLength is { } most && most < allowed && (allowedBy != null || _profile.Demands(CertificateRule.PathLength)))
                (allowed, allowedBy) = (most, authority);
        }
    }

    /// <summary>RFC 5280 §6.1.4 (k) and (n). What an anchor says of itself binds what it signed (RFC 5937).</summary>
    private void Authority(int index)
    {
        var authority = _path[index];
        var facts = authority.Facts;
        if (authority.Version == 3)
        {
            if (_profile.Demands(CertificateRule.IssuerIsAuthority) && !facts.IsAuthority)
                Add(CertificateRule.IssuerIsAuthority, index, $"{authority} is not an authority (basic constraints) but signed the certificate below it");
            if (_profile.Demands(CertificateRule.CertificateSigning) && facts.KeyUsage is { } usage && (usage & KeyUsages.KeyCertSign) == 0)
                Add(CertificateRule.CertificateSigning, index, $"the key usage of {authority} does not allow signing certificates");
        }
        if (FormCounts(index))
            AuthorityForm(index, authority);
    }

    private void Leaf(Certificate leaf)
    {
        var facts = leaf.Facts;
        if (_profile.Demands(CertificateRule.DigitalSignature) && facts.KeyUsage is { } usage && (usage & KeyUsages.DigitalSignature) == 0)
            Add(CertificateRule.DigitalSignature, 0, $"the key usage of {leaf} does not allow digital signatures");
        var demanded = policy.Options.DemandedKeyUsages;
        if (demanded != 0 && (facts.KeyUsage is not { } stated || ((KeyUsages)demanded & ~stated) != 0))
            Add(CertificateRule.DemandedUsage, 0, $"the key usage of {leaf} is not all that is demanded");
        foreach (var oid in policy.Options.DemandedExtendedKeyUsages)
        {
            if (!facts.HasExtendedKeyUsage(Oids.FromText(oid)))
                Add(CertificateRule.DemandedUsage, 0, $"{leaf} does not have the extended key usage {oid}, which is demanded");
        }
        LeafForm(leaf);
    }

    // RFC 9525 §6: only the subject alternative name counts.
    private void Names(Certificate leaf)
    {
        if (policy.Options is { PeerUris: not null } or { PeerDnsNames: not null })
        {
            Peer(leaf, policy.Options.PeerUris, policy.Options.PeerDnsNames);
            return;
        }
        foreach (var asked in policy.Names)
        {
            if (NameMatching.Find(leaf.Facts.AlternativeNames, asked) is not { } name)
            {
                Add(CertificateRule.Name, 0, $"names in the certificate: {NamesOf(leaf)}; asked for: {asked}");
                continue;
            }
            if (name.Kind == GeneralName.Dns && name.Value.Span[0] == (byte)'*' && (_profile.Demands(CertificateRule.RegistrySuffixWildcard) || _profile.Demands(CertificateRule.PrivateSuffixWildcard)))
                Wildcard(name);
        }
    }

    private void Peer(Certificate leaf, IReadOnlyList<string>? uris, IReadOnlyList<string>? dnsNames)
    {
        var names = leaf.Facts.AlternativeNames;
        if (dnsNames is not null && PeerDnsNames.Accept(names, dnsNames))
            return;
        var wrong = uris is null ? null : PeerUris.Check(names, uris);
        if (uris is not null && wrong is null)
            return;
        Add(CertificateRule.Name, 0, $"{(dnsNames is null ? wrong : $"names in the certificate: {NamesOf(leaf)}")}; accepted: {Shown([.. uris ?? [], .. dnsNames ?? []])}");
    }

    private void Wildcard(GeneralName name)
    {
        var suffix = name.Text[2..].ToLowerInvariant();
        var section = PublicSuffixes.Default.SectionOf(suffix);
        if (section == SuffixSection.Registry && _profile.Demands(CertificateRule.RegistrySuffixWildcard))
            Add(CertificateRule.RegistrySuffixWildcard, 0, $"{name} stands for every name below \"{suffix}\", which is a registry's suffix and nobody's own");
        if (section == SuffixSection.Private && _profile.Demands(CertificateRule.PrivateSuffixWildcard))
            Add(CertificateRule.PrivateSuffixWildcard, 0, $"{name} stands for every name below \"{suffix}\", a suffix under which others have their names");
    }

    private static string NamesOf(Certificate leaf) => Shown(leaf.Facts.AlternativeNames);

    private static string Shown<T>(IReadOnlyList<T> names)
    {
        const int MostShown = 20;
        if (names.Count == 0)
            return "none";
        var shown = string.Join(", ", names.Take(MostShown));
        return names.Count > MostShown ? $"{shown} and {names.Count - MostShown} more" : shown;
    }

    /// <summary>RFC 5280 §6.1.3 (b) and (c): an authority's constraints hold for all below it, but for self-issued ones in between.</summary>
    private void NameConstraints()
    {
        for (var i = _path.Count - 1; i >= 0; i--)
        {
            if (i > 0 && _profile.Demands(CertificateRule.NameConstraints) && _path[i].Facts.NameConstraints is { } constraints)
                NameConstraints(i, constraints, CertificateRule.NameConstraints);
            if (IsAnchor(i) && _anchor.PermittedSubtrees is { } permitted)
                NameConstraints(i == 0 ? 1 : i, permitted, CertificateRule.AnchorLimits);
        }
    }

    private void NameConstraints(int index, NameConstraints constraints, CertificateRule rule)
    {
        for (var below = index - 1; below >= 0; below--)
        {
            if ((below == 0 || !_path[below].IsSelfIssued) && NameConstraintMatching.FirstBroken(constraints, _path[below], budget) is { } broken)
                Add(rule, below, $"{_path[Math.Min(index, _path.Count - 1)]} may not issue for this: {broken}");
        }
    }

    private void Policies()
    {
        if (_profile.Demands(CertificateRule.Policies) && PolicyGraph.Check(_path, policy.Options) is { } sentence)
            Add(CertificateRule.Policies, 0, sentence);
    }

    private void AnchorLimits()
    {
        if (_anchor.Purposes is { } purposes && !purposes.Contains(policy.Purpose))
            Add(CertificateRule.AnchorLimits, _path.Count - 1, $"{_path[^1]} is not trusted for {policy.PurposeText}");
        if (_anchor.DistrustAfter is { } time && _path[0].NotBefore > time)
            Add(CertificateRule.AnchorLimits, 0, $"{_path[0]} was issued on {Time(_path[0].NotBefore)}; {_path[^1]} is trusted only for what was issued until {Time(time)}");
    }

    private void Pins()
    {
        if (policy.Options.Pins.Count == 0)
            return;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        foreach (var certificate in _path)
        {
            SHA256.HashData(certificate.SubjectPublicKeyInfo.Span, hash);
            foreach (var pin in policy.Options.Pins)
            {
                if (pin.Span.SequenceEqual(hash))
                    return;
            }
        }
        SHA256.HashData(_path[0].SubjectPublicKeyInfo.Span, hash);
        Add(CertificateRule.Pin, 0, $"no key of the path is pinned; the key of {_path[0]} is sha256/{Convert.ToBase64String(hash)}");
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC";

    private static string Words(TimeSpan time) =>
        time.TotalDays >= 2 ? $"{(int)time.TotalDays} days" : time.TotalHours >= 2 ? $"{(int)time.TotalHours} hours" : time.TotalMinutes >= 2 ? $"{(int)time.TotalMinutes} minutes" : time.TotalSeconds >= 2 ? $"{(int)time.TotalSeconds} seconds" : "1 second";
}

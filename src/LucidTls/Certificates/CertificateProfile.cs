using System.Collections.Immutable;

namespace LucidTls.Certificates;

/// <summary>Which rules a path must keep. Two profiles are given, and either can be varied rule by rule.</summary>
public sealed class CertificateProfile
{
    private readonly ulong _rules;

    private CertificateProfile(string name, ulong rules)
    {
        Name = name;
        _rules = rules;
    }

    /// <summary>
    /// What RFC 5280 §6 has a relying party check, and RFC 9525 for names: what a private authority may do is let pass. The default with
    /// roots that the caller gives.
    /// </summary>
    public static CertificateProfile Rfc5280 { get; } = new("RFC 5280", Bits(rule => rule < CertificateRule.SerialNumber));

    /// <summary>
    /// The same and the rules of form of RFC 5280 and of the CA/Browser Forum's Baseline Requirements, which all publicly trusted
    /// authorities must keep. The default with the system's roots.
    /// </summary>
    public static CertificateProfile WebPki { get; } = new("WebPKI", Bits(rule => rule < CertificateRule.PrivateSuffixWildcard));

    /// <summary>"WebPKI" or "RFC 5280", and what was added or left out.</summary>
    public string Name { get; }

    /// <summary>The rules of this profile.</summary>
    public ImmutableArray<CertificateRule> Rules => [.. Enum.GetValues<CertificateRule>().Where(Demands)];

    /// <summary>Whether the profile has that rule.</summary>
    public bool Demands(CertificateRule rule) => (_rules >> (int)rule & 1) != 0;

    /// <summary>The profile without some rules.</summary>
    /// <exception cref="ArgumentException">Without one of them a verdict would mean nothing.</exception>
    public CertificateProfile Without(params ReadOnlySpan<CertificateRule> rules)
    {
        var bits = _rules;
        foreach (var rule in rules)
        {
            if (rule < CertificateRule.Validity)
                throw new ArgumentException($"{rule} cannot be left out: without it a verdict would mean nothing, or it is a demand of the caller's own.", nameof(rules));
            bits &= ~(1UL << (int)rule);
        }
        return new CertificateProfile($"{Name} without {string.Join(", ", rules.ToArray())}", bits);
    }

    /// <summary>The profile with further rules.</summary>
    public CertificateProfile With(params ReadOnlySpan<CertificateRule> rules)
    {
        var bits = _rules;
        foreach (var rule in rules)
            bits |= 1UL << (int)rule;
        return new CertificateProfile($"{Name} with {string.Join(", ", rules.ToArray())}", bits);
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    private static ulong Bits(Func<CertificateRule, bool> choose) =>
        Enum.GetValues<CertificateRule>().Where(choose).Aggregate(0UL, (bits, rule) => bits | 1UL << (int)rule);
}

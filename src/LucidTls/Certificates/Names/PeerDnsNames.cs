using System.Text;
using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Names;

/// <summary>Whether a certificate has a DNS name among those that are accepted.</summary>
internal static class PeerDnsNames
{
    /// <exception cref="ArgumentException">An entry is no DNS name, or one that would accept all names of a top-level domain.</exception>
    public static void Demand(IReadOnlyList<string> accepted)
    {
        foreach (var name in accepted)
        {
            ArgumentNullException.ThrowIfNull(name);
            if (!IsOne(name))
                throw new ArgumentException($"\"{name}\" is no DNS name such as client.example.org, and no *.example.org for one label more.", nameof(accepted));
        }
    }

    /// <summary>Whether an entry is a DNS name, or "*." and one of two labels and more (RFC 9525 §6.3).</summary>
    public static bool IsOne(string accepted)
    {
        var name = accepted.StartsWith("*.", StringComparison.Ordinal) ? accepted.AsSpan(2) : accepted;
        return DnsNames.IsName(name) && !DnsNames.EndsInNumber(name) && (name.Length == accepted.Length || name.Contains('.'));
    }

    /// <summary>The DNS names in a certificate; none when it cannot be read.</summary>
    public static IReadOnlyList<string> Of(ReadOnlyMemory<byte> certificate) =>
        Certificate.TryParse(certificate)?.Facts.AlternativeNames.Where(name => name.Kind == GeneralName.Dns).Select(name => name.Text).ToArray() ?? [];

    /// <summary>Whether one of the names in a certificate is accepted. A wildcard there is only by the same wildcard, since its holder may be any of the names that it stands for.</summary>
    public static bool Accept(IReadOnlyList<GeneralName> names, IReadOnlyList<string> accepted) =>
        names.Any(name => name.Kind == GeneralName.Dns && IsOne(name.Text) && accepted.Any(one => NameMatching.MatchesDns(Encoding.ASCII.GetBytes(one), name.Text)));
}

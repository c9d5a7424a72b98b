using System.Net.Security;

namespace LucidTls.Cli;

/// <summary>Comma-separated lists of suites, groups and protocols as options take them, by their IANA names.</summary>
internal static class Names
{
    public static readonly CipherSuite[] Suites =
    [
        CipherSuite.Aes128GcmSha256, CipherSuite.Aes256GcmSha384, CipherSuite.ChaCha20Poly1305Sha256,
        CipherSuite.EcdheEcdsaAes128GcmSha256, CipherSuite.EcdheRsaAes128GcmSha256, CipherSuite.EcdheEcdsaAes256GcmSha384,
        CipherSuite.EcdheRsaAes256GcmSha384, CipherSuite.EcdheEcdsaChaCha20Poly1305Sha256, CipherSuite.EcdheRsaChaCha20Poly1305Sha256,
    ];

    public static readonly NamedGroup[] Groups =
    [
        NamedGroup.X25519MLKEM768, NamedGroup.X25519, NamedGroup.Secp256r1, NamedGroup.Secp384r1, NamedGroup.Secp521r1,
        NamedGroup.SecP256r1MLKEM768, NamedGroup.SecP384r1MLKEM1024,
    ];

    private static readonly Dictionary<string, NamedGroup> GroupAliases = new(StringComparer.OrdinalIgnoreCase)
    {
        ["P-256"] = NamedGroup.Secp256r1,
        ["P-384"] = NamedGroup.Secp384r1,
        ["P-521"] = NamedGroup.Secp521r1,
    };

    /// <exception cref="FormatException">A name is not known; the message lists those that are.</exception>
    public static IReadOnlyList<CipherSuite> ParseSuites(string list) => Parse(list, "cipher suite", Suites, []);

    /// <exception cref="FormatException">A name is not known; the message lists those that are.</exception>
    public static IReadOnlyList<NamedGroup> ParseGroups(string list) => Parse(list, "group", Groups, GroupAliases);

    /// <exception cref="FormatException">A name is empty or longer than 255 bytes (RFC 7301 §3.1).</exception>
    public static IReadOnlyList<SslApplicationProtocol> ParseProtocols(string list)
    {
        var protocols = new List<SslApplicationProtocol>();
        foreach (var name in list.Split(',', StringSplitOptions.TrimEntries))
        {
            if (System.Text.Encoding.UTF8.GetByteCount(name) is 0 or > 255)
                throw new FormatException("A protocol's name has 1 to 255 bytes; give a list such as h2,http/1.1.");
            protocols.Add(new SslApplicationProtocol(name));
        }
        return protocols;
    }

    private static List<T> Parse<T>(string list, string kind, T[] known, Dictionary<string, T> aliases) where T : struct
    {
        var values = new List<T>();
        foreach (var name in list.Split(',', StringSplitOptions.TrimEntries))
        {
            var index = Array.FindIndex(known, candidate => string.Equals(candidate.ToString(), name, StringComparison.OrdinalIgnoreCase));
            if (index < 0 && !aliases.ContainsKey(name))
                throw new FormatException($"'{Reporting.Printable.Line(name)}' is no {kind} that lucidtls knows. It knows {string.Join(", ", known)}.");
            var value = index >= 0 ? known[index] : aliases[name];
            if (!values.Contains(value))
                values.Add(value);
        }
        return values;
    }
}

using System.Globalization;

namespace LucidTls.BogoShim;

/// <summary>A flag that the shim does not know, or one that asks for what LucidTls does not do: the runner counts the test as not implemented.</summary>
internal sealed class UnknownFlagException(string flag) : Exception($"unknown flag {flag}");

/// <summary>The flags of one of a test's connections: some are for the first only, some for those that resume it, some for the rest of one whose early data was refused.</summary>
internal sealed class ShimFlags
{
    // What the shim knows; those in the first list have no value.
    private static readonly HashSet<string> Switches =
    [
        "-server", "-ipv6", "-no-tls13", "-no-tls12", "-no-tls11", "-no-tls1", "-no-ticket", "-fallback-scsv", "-no-key-shares",
        "-require-any-client-certificate", "-verify-peer", "-verify-fail", "-use-custom-verify-callback",
        "-shim-writes-first", "-shim-shuts-down", "-check-close-notify", "-key-update", "-key-update-before-read",
        "-decline-alpn", "-reject-alpn", "-use-export-context", "-enable-early-data", "-enable-ocsp-stapling", "-enable-signed-cert-timestamps",
        "-expect-session-miss", "-expect-extended-master-secret", "-expect-no-session", "-expect-no-server-name", "-expect-ticket-supports-early-data",
        "-expect-accept-early-data", "-expect-reject-early-data", "-expect-no-offer-early-data", "-expect-verify-result", "-expect-no-peer-cert",
        "-expect-hrr", "-expect-no-hrr", "-expect-secure-renegotiation", "-expect-session-id", "-expect-no-session-id", "-expect-ticket-renewal",
        "-new-x509-credential", "-new-psk-credential", "-psk-importer-sha256", "-psk-importer-sha384", "-write-different-record-sizes", "-fail-cert-callback",
        // How BoringSSL's functions are called, which has no counterpart here: the same must come out.
        "-async", "-implicit-handshake", "-no-op-extra-handshake", "-use-early-callback", "-use-ticket-callback", "-use-old-client-cert-callback",
        "-partial-write", "-use-exporter-between-reads", "-handshake-twice", "-ignore-rsa-key-usage", "-server-preference", "-install-ddos-callback", "-no-legacy-server-connect", "-use-ocsp-callback", "-decline-ocsp-callback", "-enable-grease", "-permute-extensions", "-read-with-unfinished-write", "-forbid-renegotiation-after-handshake",
    ];

    private static readonly HashSet<string> WithValue =
    [
        "-port", "-shim-id", "-resume-count", "-cert-file", "-key-file", "-trust-cert", "-signing-prefs", "-verify-prefs", "-expect-peer-signature-algorithm",
        "-curves", "-key-shares", "-expect-curve-id", "-min-version", "-max-version", "-expect-version", "-host-name", "-expect-server-name",
        "-advertise-alpn", "-select-alpn", "-expect-alpn", "-expect-advertised-alpn", "-cipher", "-expect-cipher", "-expect-cipher-aes", "-expect-cipher-no-aes",
        "-export-keying-material", "-export-label", "-export-context", "-ocsp-response", "-use-client-ca-list", "-expect-client-ca-list", "-expect-ocsp-response", "-expect-signed-cert-timestamps", "-psk-importer-key", "-psk-importer-identity", "-psk-importer-context",
        "-signed-cert-timestamps",
        "-expect-peer-cert-file", "-read-size", "-resumption-delay", "-expect-selected-credential", "-expect-total-renegotiations",
        // Why early data was not taken is told to nobody here; that it was not is checked.
        "-expect-early-data-reason",
    ];

    private readonly List<(string Name, string Value)> _all = [];

    /// <summary>The flags in the order in which they were given.</summary>
    public IReadOnlyList<(string Name, string Value)> All => _all;

    /// <summary>The flags of a test's first connection, of those that resume, and of what follows refused early data.</summary>
    /// <exception cref="UnknownFlagException">One of them is not known.</exception>
    public static (ShimFlags Initial, ShimFlags Resume, ShimFlags Retry) Parse(ReadOnlySpan<string> arguments)
    {
        var (initial, resume, retry) = (new ShimFlags(), new ShimFlags(), new ShimFlags());
        for (var i = 0; i < arguments.Length; i++)
        {
            var name = arguments[i];
            TakePrefix(ref name, "-on-shim");
            ShimFlags[] takers = TakePrefix(ref name, "-on-initial") ? [initial]
                : TakePrefix(ref name, "-on-resume") ? [resume]
                : TakePrefix(ref name, "-on-retry") ? [retry]
                : [initial, resume, retry];
            var value = "";
            if (WithValue.Contains(name) && i + 1 < arguments.Length)
                value = arguments[++i];
            else if (!Switches.Contains(name))
                throw new UnknownFlagException(name);
            foreach (var taker in takers)
                taker._all.Add((name, value));
        }
        return (initial, resume, retry);
    }

    public bool Has(string name) => _all.Exists(flag => flag.Name == name);

    /// <summary>The value of a flag, the last if it was given several times; null if it was not.</summary>
    public string? Text(string name)
    {
        var index = _all.FindLastIndex(flag => flag.Name == name);
        return index < 0 ? null : _all[index].Value;
    }

    public int? Number(string name) => Text(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    public ulong Id => ulong.Parse(Text("-shim-id") ?? "0", CultureInfo.InvariantCulture);

    public IReadOnlyList<ushort> Numbers(string name) => [.. _all.Where(flag => flag.Name == name).Select(flag => ushort.Parse(flag.Value, CultureInfo.InvariantCulture))];

    private static bool TakePrefix(ref string name, string prefix)
    {
        if (!name.StartsWith(prefix + "-", StringComparison.Ordinal))
            return false;
        name = name[prefix.Length..];
        return true;
    }
}

namespace LucidTls.Cli.Trust;

/// <summary>How to make programs trust the private authority, a line each.</summary>
internal static class TrustInstructions
{
    public static IReadOnlyList<(string Where, string How)> For(string authorityPath, string url) =>
    [
        ("curl", $"curl --cacert {Quote(authorityPath)} {url}"),
        ("Debian, Ubuntu", $"sudo cp {Quote(authorityPath)} /usr/local/share/ca-certificates/lucidtls.crt && sudo update-ca-certificates"),
        ("Fedora", $"sudo trust anchor {Quote(authorityPath)}"),
        ("macOS", $"security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db {Quote(authorityPath)}"),
        ("Windows", $"certutil -user -addstore Root \"{authorityPath}\""),
        ("Chrome on Linux", $"certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n lucidtls -i {Quote(authorityPath)}"),
        ("Firefox", "Settings, Privacy & Security, View Certificates, Authorities, Import: that file"),
    ];

    private static string Quote(string path) =>
        path.AsSpan().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:\\") ? $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'" : path;
}

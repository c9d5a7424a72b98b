using LucidTls.Cryptography;

namespace LucidTls.Handshake;

/// <summary>The versions that one end can speak: those its options allow and have a suite and a group for.</summary>
internal static class SpokenVersions
{
    /// <returns>The newest first; at least one.</returns>
    /// <exception cref="TlsException">There is none.</exception>
    public static IReadOnlyList<TlsVersion> Of(TlsOptions options, CryptoProvider crypto)
    {
        var versions = new List<TlsVersion>(2);
        foreach (var version in (ReadOnlySpan<TlsVersion>)[TlsVersion.Tls13, TlsVersion.Tls12])
        {
            if (version.Value >= options.MinimumVersion.Value && version.Value <= options.MaximumVersion.Value && (version == TlsVersion.Tls13 || !options.DemandsPreSharedKey) && IsPossible(version, options, crypto))
                versions.Add(version);
        }
        return versions.Count > 0 ? versions : throw new TlsException(TlsError.LocalFailure, "the options leave no cipher suite or no group that this machine can do");
    }

    private static bool IsPossible(TlsVersion version, TlsOptions options, CryptoProvider crypto) =>
        options.CipherSuites.Any(suite => suite.Version == version && crypto.TryGetSuite(suite, out _))
        && options.Groups.Any(group => (version == TlsVersion.Tls13 || group.IsForTls12) && crypto.TryGetGroup(group, out _));
}

using LucidTls.Certificates.Trust;
using LucidTls.Protocol;

namespace LucidTls.Certificates;

/// <summary>Whom to trust: the system's roots, those in a PEM file or folder, or given ones. Safe for use by several threads at once.</summary>
public abstract class TrustStore
{
    private protected TrustStore()
    {
    }

    /// <summary>
    /// The system's store, read when it is first needed and then kept: what SSL_CERT_FILE and SSL_CERT_DIR name, else the distribution's
    /// bundle on Linux, else the platform's root store. An empty store trusts nobody.
    /// </summary>
    public static TrustStore System { get; } = new LazyStore(SystemStore.Read);

    /// <summary>The trust anchors as they are now.</summary>
    /// <exception cref="IOException">They are read now, and cannot be.</exception>
    public IReadOnlyList<TrustAnchor> Anchors => Current.All;

    internal abstract TrustAnchors Current { get; }

    /// <summary>What clients are told whose certificates are judged by it. The system's roots are for servers, and many.</summary>
    internal AuthorityNames ClientAuthorities => this == System ? AuthorityNames.None : Current.ClientAuthorities;

    /// <summary>The certificates in a PEM file, read now.</summary>
    /// <param name="path">A file with one certificate or many, other PEM blocks among them.</param>
    /// <param name="reload">
    /// Whether to read the file again when it was changed: looked at once a second at most, when it is used. While it cannot be read the certificates from
    /// before stay.
    /// </param>
    /// <param name="time">The clock for the second; null for the system's.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="FormatException">The file holds no certificate, or one that cannot be read.</exception>
    public static TrustStore FromPemFile(string path, bool reload = false, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        var files = new ReloadedFiles(() => [path], time ?? TimeProvider.System);
        return reload ? files : new FixedStore(files.Current);
    }

    /// <summary>The certificates in the PEM files of a folder (not below it), read now. Files without a certificate are passed over.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="reload">Whether to read it again when a file was added, removed or changed, as <see cref="FromPemFile"/> does.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="IOException">The folder or a file cannot be read.</exception>
    /// <exception cref="FormatException">There is no certificate in it, or one that cannot be read.</exception>
    public static TrustStore FromFolder(string path, bool reload = false, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        var files = new ReloadedFiles(() => [.. Directory.EnumerateFiles(path).Order(StringComparer.Ordinal)], time ?? TimeProvider.System, mayLackCertificates: true);
        return reload ? files : new FixedStore(files.Current);
    }

    /// <summary>Given certificates, each in DER.</summary>
    /// <exception cref="FormatException">One of them is no certificate.</exception>
    public static TrustStore FromCertificates(IEnumerable<ReadOnlyMemory<byte>> certificates)
    {
        ArgumentNullException.ThrowIfNull(certificates);
        return FromAnchors(certificates.Select(der => new TrustAnchor(der)));
    }

    /// <summary>Given trust anchors.</summary>
    public static TrustStore FromAnchors(IEnumerable<TrustAnchor> anchors)
    {
        ArgumentNullException.ThrowIfNull(anchors);
        return new FixedStore(new TrustAnchors(anchors));
    }

    private sealed class FixedStore(TrustAnchors anchors) : TrustStore
    {
        internal override TrustAnchors Current { get; } = anchors;
    }

    private sealed class LazyStore(Func<TrustAnchors> read) : TrustStore
    {
        private readonly Lazy<TrustAnchors> _anchors = new(read);

        internal override TrustAnchors Current => _anchors.Value;
    }
}

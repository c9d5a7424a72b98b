namespace LucidTls.Certificates;

/// <summary>Decides whether a peer's certificate chain proves that the peer is who we asked for.</summary>
public sealed class CertificateVerifier
{
    /// <summary>Verifies against the system's trust store.</summary>
    public static CertificateVerifier System { get; } = new();

    /// <summary>Verifies against the roots in a PEM file.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="FormatException">The file holds no certificate.</exception>
    public static CertificateVerifier FromPemFile(string path) => throw new NotSupportedException(path);

    /// <summary>Verifies against given roots, each in DER.</summary>
    public static CertificateVerifier FromRoots(IEnumerable<ReadOnlyMemory<byte>> roots) => throw new NotSupportedException(roots.ToString());

    /// <summary>Verifies <paramref name="chain"/> (DER, leaf first, as the peer sent it).</summary>
    /// <param name="chain">The peer's certificates, leaf first.</param>
    /// <param name="name">The DNS name or IP address asked for, or null to skip the name (clients' certificates).</param>
    /// <param name="purpose">What the leaf must be good for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public ValueTask<CertificateVerdict> VerifyAsync(IReadOnlyList<ReadOnlyMemory<byte>> chain, string? name, CertificatePurpose purpose, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(new CertificateVerdict(CertificateFailure.UnknownIssuer, "not built yet", []));
}

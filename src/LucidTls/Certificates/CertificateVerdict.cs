namespace LucidTls.Certificates;

/// <summary>Which rule a certificate chain broke, coarse enough to choose an alert by.</summary>
public enum CertificateFailure
{
    /// <summary>None: the chain is accepted.</summary>
    None,
    /// <summary>A certificate could not be parsed, or a signature in the chain does not verify.</summary>
    Malformed,
    /// <summary>The certificate is for another name.</summary>
    WrongName,
    /// <summary>A certificate of the path has expired or is not yet valid.</summary>
    Expired,
    /// <summary>No path leads to a trust anchor.</summary>
    UnknownIssuer,
    /// <summary>A certificate of the path was revoked.</summary>
    Revoked,
    /// <summary>A certificate's key, type or use does not allow what it is used for.</summary>
    Unsuitable,
}

/// <summary>What a verifier found out about a peer's chain. A bad certificate is a verdict, never an exception.</summary>
public sealed class CertificateVerdict
{
    private string? _explanation;

    /// <summary>A refusal.</summary>
    internal CertificateVerdict(CertificateFailure failure, string explanation)
    {
        Failure = failure;
        _explanation = explanation;
        Path = [];
    }

    /// <summary>An acceptance.</summary>
    internal CertificateVerdict(IReadOnlyList<ReadOnlyMemory<byte>> path) => Path = path;

    /// <summary>Whether the chain may be relied upon.</summary>
    public bool IsAccepted => Failure == CertificateFailure.None;

    /// <summary>The most specific reason for a refusal.</summary>
    public CertificateFailure Failure { get; }

    /// <summary>A sentence for a person: what is wrong, with values, who mends it and how; or why the chain is accepted.</summary>
    public string Explanation => _explanation ??= Describe(Path);

    /// <summary>The accepted path in DER, leaf first and trust anchor last; empty when refused.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Path { get; }

    // Names are put into words only when somebody reads them: that takes as long as the rest of a verification whose links are known.
    private static string Describe(IReadOnlyList<ReadOnlyMemory<byte>> path) => string.Join(", by ", path.Select(Certificate.TryParse));
}

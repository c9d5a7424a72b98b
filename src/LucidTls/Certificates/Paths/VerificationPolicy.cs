using LucidTls.Certificates.Parsing;

namespace LucidTls.Certificates.Paths;

/// <summary>What one verification demands: the options of the verifier and what this call asks for.</summary>
internal sealed class VerificationPolicy
{
    public required CertificateVerifierOptions Options { get; init; }
    public required CertificateProfile Profile { get; init; }
    public required CertificatePurpose Purpose { get; init; }
    public required IReadOnlyList<PeerName> Names { get; init; }

    /// <summary>The time of validation, in whole seconds.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Whether the caller asked about that time; otherwise a clock gave it.</summary>
    public required bool IsTimeGiven { get; init; }

    /// <summary>Why an issuer could not be had at an address, in words; null when it was not tried.</summary>
    public Func<string, string?> FetchProblem { get; init; } = static _ => null;

    /// <summary>The extended key usage that stands for the purpose.</summary>
    public ReadOnlySpan<byte> PurposeUsage => Purpose switch
    {
        CertificatePurpose.Server => Oids.ServerAuthentication,
        CertificatePurpose.Client => Oids.ClientAuthentication,
    };

    public string PurposeText => Purpose switch
    {
        CertificatePurpose.Server => "TLS server authentication",
        CertificatePurpose.Client => "TLS client authentication",
    };
}

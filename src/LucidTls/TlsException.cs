using LucidTls.Certificates;

namespace LucidTls;

/// <summary>Who ended the connection.</summary>
public enum TlsFailureSource
{
    /// <summary>This end refused what the peer sent.</summary>
    Local,
    /// <summary>The peer refused what this end sent, and said so with an alert.</summary>
    Peer,
    /// <summary>The transport under TLS broke or ended.</summary>
    Transport,
}

/// <summary>A TLS connection failed. The message is for people: what happened, the rule it breaks, and what to do.</summary>
public sealed class TlsException : Exception
{
    internal TlsException(TlsError error, string? detail = null, Exception? inner = null)
        : this(error, TlsErrorFacts.Of(error), detail, inner)
    {
    }

    internal TlsException(TlsError error, TlsVersion version)
        : this(error, TlsErrorFacts.Of(error, version), null, null)
    {
    }

    private TlsException(TlsError error, TlsErrorFacts facts, string? detail, Exception? inner)
        : base(facts.Explain(detail), inner)
    {
        Error = error;
        Source = facts.Source;
        Alert = facts.Alert;
        Rule = facts.Rule;
        Remedy = facts.Remedy;
    }

    private TlsException(TlsAlert alert, TlsErrorFacts facts) : base(facts.Explain($"{AlertNames.Of(alert)} ({(byte)alert}): {AlertNames.Meaning(alert)}"))
    {
        Error = TlsError.PeerAlert;
        Source = facts.Source;
        Alert = alert;
        Rule = facts.Rule;
        Remedy = facts.Remedy;
    }

    /// <summary>What happened, for programs to switch on.</summary>
    public TlsError Error { get; }

    /// <summary>Who ended the connection.</summary>
    public new TlsFailureSource Source { get; }

    /// <summary>The alert that was sent, or received when <see cref="Source"/> is the peer; null when none was.</summary>
    public TlsAlert? Alert { get; }

    /// <summary>The rule that was broken: "RFC 8446 §4.1.3" for example; empty when no rule was.</summary>
    public string Rule { get; }

    /// <summary>Who can mend it and how.</summary>
    public string Remedy { get; }

    /// <summary>What the verifier said, when the failure is about a certificate; null otherwise.</summary>
    public CertificateVerdict? Verdict { get; private init; }

    /// <summary>The certificates that <see cref="Verdict"/> is about, in DER, leaf first, as the peer sent them; empty when it is about none.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> PeerCertificates { get; private init; } = [];

    internal static TlsException FromPeer(TlsAlert alert) => new(alert, TlsErrorFacts.Of(TlsError.PeerAlert));

    internal static TlsException FromVerdict(CertificateVerdict verdict, IReadOnlyList<ReadOnlyMemory<byte>>? peerCertificates = null) =>
        new(ErrorOf(verdict.Failure), verdict.Explanation) { Verdict = verdict, PeerCertificates = peerCertificates ?? [] };

    private static TlsError ErrorOf(CertificateFailure failure) => failure switch
    {
        CertificateFailure.Malformed => TlsError.CertificateMalformed,
        CertificateFailure.WrongName => TlsError.CertificateWrongName,
        CertificateFailure.Expired => TlsError.CertificateExpired,
        CertificateFailure.UnknownIssuer => TlsError.CertificateUnknownIssuer,
        CertificateFailure.Revoked => TlsError.CertificateRevoked,
        CertificateFailure.Unsuitable => TlsError.CertificateUnsuitable,
        CertificateFailure.UnknownStatus => TlsError.CertificateStatusUnknown,
        CertificateFailure.Unacceptable => TlsError.CertificateUnacceptable,
        CertificateFailure.None => throw new InvalidOperationException("An accepted certificate is no error."),
    };
}

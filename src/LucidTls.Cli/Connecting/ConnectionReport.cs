using LucidTls.Certificates;

namespace LucidTls.Cli.Connecting;

/// <summary>Tells the user what happens on a connection, as it happens.</summary>
internal interface IConnectionReport
{
    void Connected(Dialed connection);

    void Step(TlsHandshakeStep step);

    void Certificates(IReadOnlyList<ReadOnlyMemory<byte>> chain, CertificateVerdict? verdict);

    void Session(TlsSessionInfo session);

    void Response(HttpResponseHead head, long bodyBytes);

    /// <summary>The end: the exit code, and what failed if it is not 0.</summary>
    void Finish(int exitCode, string? problem, TlsException? failure);
}

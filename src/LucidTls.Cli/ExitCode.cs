namespace LucidTls.Cli;

/// <summary>What the tool's exit codes mean; <c>docs/cli.md</c> and <c>--help</c> say the same.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The command line is wrong, or something that it names cannot be used.</summary>
    public const int Usage = 1;

    /// <summary>The network failed: unknown host, connection refused, port in use, time-out, or a connection that broke off.</summary>
    public const int Network = 2;

    /// <summary>The two ends did not agree: an alert, no common parameters, or not TLS at all.</summary>
    public const int Protocol = 3;

    /// <summary>A certificate was refused, or breaks a rule.</summary>
    public const int Certificate = 4;

    /// <summary>A fault in this tool.</summary>
    public const int Internal = 5;

    /// <summary>Interrupted, as shells count it: 128 and the signal's number.</summary>
    public const int Interrupted = 130;

    public const string Help = """
        Exit codes:
          0    all went well
          1    the command line is wrong, or a file or address that it names cannot be used
          2    the network failed (unknown host, refused, port in use, time-out, broken off)
          3    the TLS protocol failed (alert, nothing in common, not TLS, not HTTP)
          4    a certificate was refused, or cert lint found an error
          5    a fault in lucidtls itself
          130  interrupted
        """;

    /// <summary>The code for a failed handshake or connection.</summary>
    public static int Of(TlsException failure) => failure switch
    {
        { Verdict: not null } => Certificate,
        { Error: TlsError.NoServerCertificate or TlsError.UnsupportedCertificateKey } => Certificate,
        { Error: TlsError.HandshakeTimeout } or { Source: TlsFailureSource.Transport } => Network,
        { Error: TlsError.Cancelled } => Interrupted,
        _ => Protocol,
    };
}

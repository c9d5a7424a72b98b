using LucidTls.StartTls;

namespace LucidTls.Cli.Connecting;

/// <summary>What <c>connect</c> was asked to do.</summary>
/// <param name="Target">Where to connect to.</param>
/// <param name="ServerName">The name asked for and demanded of the certificate.</param>
/// <param name="StartTls">How to ask the server for TLS; null when it speaks TLS from the first byte.</param>
/// <param name="RequestPath">The path of the one HTTP request to make, or null to pass standard input and output through.</param>
/// <param name="Json">Whether to report in JSON on standard output.</param>
internal sealed record ConnectSettings(HostPort Target, string ServerName, StartTlsProtocol? StartTls, string? RequestPath, bool Json);

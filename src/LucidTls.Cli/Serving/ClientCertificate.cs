using LucidTls.AspNetCore;
using Microsoft.AspNetCore.Http;

namespace LucidTls.Cli.Serving;

/// <summary>The client's certificate in headers for the service behind (RFC 9440): each in DER as a byte sequence of structured fields (RFC 9651 §3.3.5).</summary>
internal static class ClientCertificate
{
    public const string Header = "Client-Cert";
    public const string ChainHeader = "Client-Cert-Chain";

    /// <summary>What the service may be made to take in headers, all in all; a longer chain is left out, which RFC 9440 §2.3 allows.</summary>
    private const int MostBytes = 16 * 1024;

    public static string? Leaf(HttpContext context) => Certificates(context) is [var leaf, ..] ? Write(leaf) : null;

    /// <summary>What the client sent above the leaf.</summary>
    public static string? Chain(HttpContext context) => Certificates(context) is [_, .. var above] && string.Join(", ", above.Select(Write)) is { Length: < MostBytes } chain ? chain : null;

    private static ReadOnlyMemory<byte>[] Certificates(HttpContext context) => [.. context.Features.Get<ITlsSessionFeature>()?.Session.PeerCertificates ?? []];

    private static string Write(ReadOnlyMemory<byte> der) => $":{Convert.ToBase64String(der.Span)}:";
}

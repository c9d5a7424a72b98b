using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Handshake;

/// <summary>Exports keying material from a finished handshake (RFC 8446 §7.5).</summary>
internal sealed class Exporter(SuiteAlgorithm suite, Secret exporterMasterSecret) : IDisposable
{
    /// <summary>TLS-Exporter(label, context, length). An absent context and an empty one are the same in TLS 1.3.</summary>
    public void Export(ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, Span<byte> output)
    {
        Span<byte> hash = stackalloc byte[64];
        var length = CryptographicOperations.HashData(suite.Hash, ReadOnlySpan<byte>.Empty, hash);
        using var derived = new Secret(suite.HashLength);
        Hkdf.ExpandLabel(suite.Hash, exporterMasterSecret.Span, label, hash[..length], derived.Span);
        length = CryptographicOperations.HashData(suite.Hash, context, hash);
        Hkdf.ExpandLabel(suite.Hash, derived.Span, "exporter"u8, hash[..length], output);
    }

    public void Dispose() => exporterMasterSecret.Dispose();
}

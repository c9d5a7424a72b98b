using System.Buffers.Binary;
using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Handshake;

/// <summary>Exports keying material from a finished handshake.</summary>
internal abstract class Exporter : IDisposable
{
    /// <param name="label">The label, in ASCII.</param>
    /// <param name="context">The context.</param>
    /// <param name="hasContext">Whether there is one: in TLS 1.2 an empty one and none at all differ.</param>
    /// <param name="output">As many bytes as are wanted.</param>
    public abstract void Export(ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, bool hasContext, Span<byte> output);

    public abstract void Dispose();
}

/// <summary>TLS-Exporter(label, context, length) of RFC 8446 §7.5.</summary>
internal sealed class Tls13Exporter(SuiteAlgorithm suite, Secret exporterMasterSecret) : Exporter
{
    public override void Export(ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, bool hasContext, Span<byte> output)
    {
        Span<byte> hash = stackalloc byte[64];
        var length = CryptographicOperations.HashData(suite.Hash, ReadOnlySpan<byte>.Empty, hash);
        using var derived = new Secret(suite.HashLength);
        Hkdf.ExpandLabel(suite.Hash, exporterMasterSecret, label, hash[..length], derived.Span);
        length = CryptographicOperations.HashData(suite.Hash, context, hash);
        Hkdf.ExpandLabel(suite.Hash, derived, "exporter"u8, hash[..length], output);
    }

    public override void Dispose() => exporterMasterSecret.Dispose();
}

/// <summary>The exporter of TLS 1.2 (RFC 5705 §4).</summary>
internal sealed class Tls12Exporter(Tls12KeySchedule schedule) : Exporter
{
    public override void Export(ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, bool hasContext, Span<byte> output)
    {
        if (!hasContext)
        {
            schedule.Export(label, default, output);
            return;
        }
        var seed = new byte[2 + context.Length];
        BinaryPrimitives.WriteUInt16BigEndian(seed, checked((ushort)context.Length));
        context.CopyTo(seed.AsSpan(2));
        schedule.Export(label, seed, output);
    }

    public override void Dispose() => schedule.Dispose();
}

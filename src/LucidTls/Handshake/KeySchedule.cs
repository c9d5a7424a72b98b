using System.Collections.Concurrent;
using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Handshake;

/// <summary>
/// The key schedule of RFC 8446 §7.1 in stages: early, handshake, master. A stage gives only the secrets that belong to it and
/// is used up by the step to the next, so that an early stage cannot yield an application secret.
/// </summary>
internal abstract class KeyScheduleStage(SuiteAlgorithm suite, Secret secret) : IDisposable
{
    protected SuiteAlgorithm Suite { get; } = suite;

    public void Dispose() => secret.Dispose();

    /// <summary>RFC 8446 §7.1: Derive-Secret, with the transcript's hash already taken.</summary>
    protected Secret Derive(ReadOnlySpan<byte> label, ReadOnlySpan<byte> transcriptHash)
    {
        var derived = new Secret(Suite.HashLength);
        Hkdf.ExpandLabel(Suite.Hash, secret, label, transcriptHash, derived.Span);
        return derived;
    }

    /// <summary>The next stage's secret: HKDF-Extract(Derive-Secret(., "derived", ""), <paramref name="input"/>), or zeros for no input.</summary>
    protected Secret Advance(ReadOnlySpan<byte> input)
    {
        using var salt = Salt();
        return Extract(Suite, salt, input);
    }

    protected Secret Salt() => Derive("derived"u8, Suite.HashOfNothing.Span);

    protected static Secret Extract(SuiteAlgorithm suite, Secret salt, ReadOnlySpan<byte> input)
    {
        Span<byte> zeros = stackalloc byte[suite.HashLength];
        zeros.Clear();
        var extracted = new Secret(suite.HashLength);
        Hkdf.Extract(suite.Hash, salt, input.IsEmpty ? zeros : input, extracted);
        return extracted;
    }
}

/// <summary>The first stage: what comes from a pre-shared key, or from nothing.</summary>
internal sealed class EarlyStage(SuiteAlgorithm suite, Secret secret) : KeyScheduleStage(suite, secret)
{
    /// <summary>What leads from this stage to the next where there is no pre-shared key: it depends on the hash alone, and is no secret.</summary>
    private static readonly ConcurrentDictionary<HashAlgorithmName, Secret> SaltsWithoutPsk = new();

    /// <summary>The second stage at once, where nothing of this one is asked for.</summary>
    public static HandshakeStage Pass(SuiteAlgorithm suite, ReadOnlySpan<byte> preSharedKey, Secret sharedSecret)
    {
        if (!preSharedKey.IsEmpty)
            return Create(suite, preSharedKey).Advance(sharedSecret);
        var salt = SaltsWithoutPsk.GetOrAdd(suite.Hash, static (_, suite) =>
        {
            using var early = Create(suite, preSharedKey: default);
            return early.Salt();
        }, suite);
        return new HandshakeStage(suite, Extract(suite, salt, sharedSecret.Span));
    }

    /// <param name="suite">The suite whose hash is used.</param>
    /// <param name="preSharedKey">The PSK; empty for none, which counts as zeros.</param>
    public static EarlyStage Create(SuiteAlgorithm suite, ReadOnlySpan<byte> preSharedKey) => new(suite, Extract(suite, Hkdf.NoSalt, preSharedKey));

    public Secret BinderKey(PskKind kind) => Derive(LabelOf(kind), Suite.HashOfNothing.Span);

    public Secret ClientEarlyTraffic(ReadOnlySpan<byte> clientHelloHash) => Derive("c e traffic"u8, clientHelloHash);

    public Secret EarlyExporter(ReadOnlySpan<byte> clientHelloHash) => Derive("e exp master"u8, clientHelloHash);

    /// <summary>Goes on with the (EC)DHE secret; this stage is over.</summary>
    public HandshakeStage Advance(Secret sharedSecret)
    {
        var next = new HandshakeStage(Suite, Advance(sharedSecret.Span));
        Dispose();
        return next;
    }

    // RFC 8446 §7.1, RFC 9258 §5.2
    private static ReadOnlySpan<byte> LabelOf(PskKind kind) => kind switch
    {
        PskKind.Resumption => "res binder"u8,
        PskKind.External => "ext binder"u8,
        PskKind.Imported => "imp binder"u8,
    };
}

/// <summary>The second stage: the keys of the encrypted part of the handshake.</summary>
internal sealed class HandshakeStage(SuiteAlgorithm suite, Secret secret) : KeyScheduleStage(suite, secret)
{
    public Secret ClientTraffic(ReadOnlySpan<byte> serverHelloHash) => Derive("c hs traffic"u8, serverHelloHash);

    public Secret ServerTraffic(ReadOnlySpan<byte> serverHelloHash) => Derive("s hs traffic"u8, serverHelloHash);

    /// <summary>Goes on to the master secret; this stage is over.</summary>
    public MasterStage Advance()
    {
        var next = new MasterStage(Suite, Advance(default));
        Dispose();
        return next;
    }
}

/// <summary>The last stage: application traffic, exporters, resumption.</summary>
internal sealed class MasterStage(SuiteAlgorithm suite, Secret secret) : KeyScheduleStage(suite, secret)
{
    public Secret ClientTraffic(ReadOnlySpan<byte> serverFinishedHash) => Derive("c ap traffic"u8, serverFinishedHash);

    public Secret ServerTraffic(ReadOnlySpan<byte> serverFinishedHash) => Derive("s ap traffic"u8, serverFinishedHash);

    public Secret Exporter(ReadOnlySpan<byte> serverFinishedHash) => Derive("exp master"u8, serverFinishedHash);

    public Secret Resumption(ReadOnlySpan<byte> clientFinishedHash) => Derive("res master"u8, clientFinishedHash);
}

using LucidTls.Cryptography;
using LucidTls.Records;

namespace LucidTls.Handshake;

/// <summary>The master secret of TLS 1.2 and what is made from it (RFC 5246 §6.3, §7.4.9, §8.1; RFC 7627 §4).</summary>
internal sealed class Tls12KeySchedule : IDisposable
{
    public const int MasterSecretLength = 48;
    public const int VerifyDataLength = 12;

    private readonly SuiteAlgorithm _suite;
    private readonly byte[] _clientRandom;
    private readonly byte[] _serverRandom;

    /// <summary>Takes over <paramref name="masterSecret"/> and disposes it with itself.</summary>
    public Tls12KeySchedule(SuiteAlgorithm suite, Secret masterSecret, ReadOnlyMemory<byte> clientRandom, ReadOnlyMemory<byte> serverRandom)
    {
        _suite = suite;
        MasterSecret = masterSecret;
        _clientRandom = clientRandom.ToArray();
        _serverRandom = serverRandom.ToArray();
    }

    public Secret MasterSecret { get; }

    /// <param name="suite">The suite, whose hash the PRF uses.</param>
    /// <param name="premasterSecret">What the key exchange gave.</param>
    /// <param name="clientRandom">ClientHello.random.</param>
    /// <param name="serverRandom">ServerHello.random.</param>
    /// <param name="sessionHash">The transcript's hash up to ClientKeyExchange, for extended_master_secret; empty without that.</param>
    public static Tls12KeySchedule Derive(SuiteAlgorithm suite, Secret premasterSecret, ReadOnlyMemory<byte> clientRandom, ReadOnlyMemory<byte> serverRandom, ReadOnlySpan<byte> sessionHash)
    {
        var masterSecret = new Secret(MasterSecretLength);
        if (sessionHash.IsEmpty)
            Prf.Derive(suite.Hash, premasterSecret, "master secret"u8, [.. clientRandom.Span, .. serverRandom.Span], masterSecret.Span);
        else
            Prf.Derive(suite.Hash, premasterSecret, "extended master secret"u8, sessionHash, masterSecret.Span);
        return new Tls12KeySchedule(suite, masterSecret, clientRandom, serverRandom);
    }

    /// <summary>RFC 5246 §6.3: the key block, cut into the two directions' keys. AEADs have no MAC keys.</summary>
    public (TrafficKeys Client, TrafficKeys Server) TrafficKeys()
    {
        var ivLength = Records.TrafficKeys.FixedIvLength(_suite);
        using var block = new Secret(2 * (_suite.KeyLength + ivLength));
        Prf.Derive(_suite.Hash, MasterSecret, "key expansion"u8, [.. _serverRandom, .. _clientRandom], block.Span);
        var keys = block.Span[..(2 * _suite.KeyLength)];
        var ivs = block.Span[(2 * _suite.KeyLength)..];
        return (
            new TrafficKeys(_suite, keys[.._suite.KeyLength], ivs[..ivLength]),
            new TrafficKeys(_suite, keys[_suite.KeyLength..], ivs[ivLength..]));
    }

    /// <summary>RFC 5246 §7.4.9: verify_data of one end.</summary>
    public byte[] VerifyData(bool ofServer, ReadOnlySpan<byte> transcriptHash)
    {
        var verifyData = new byte[VerifyDataLength];
        Prf.Derive(_suite.Hash, MasterSecret, ofServer ? "server finished"u8 : "client finished"u8, transcriptHash, verifyData);
        return verifyData;
    }

    /// <summary>RFC 5705 §4: PRF(master_secret, label, client_random + server_random + context with its length).</summary>
    public void Export(ReadOnlySpan<byte> label, ReadOnlySpan<byte> contextWithLength, Span<byte> output) =>
        Prf.Derive(_suite.Hash, MasterSecret, label, [.. _clientRandom, .. _serverRandom, .. contextWithLength], output);

    public void Dispose() => MasterSecret.Dispose();
}

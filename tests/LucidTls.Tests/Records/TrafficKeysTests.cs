using System.Reflection;
using LucidTls.Cryptography;
using LucidTls.Handshake;
using LucidTls.Records;
using LucidTls.Tests.Connections;

namespace LucidTls.Tests.Records;

/// <summary>Sequence numbers, updates and the limits on a key's use (RFC 8446 §5.3, §5.5, §7.2).</summary>
public sealed class TrafficKeysTests
{
    [Fact]
    public void Each_record_has_a_nonce_of_its_own()
    {
        using var keys = Keys();
        var sealedContents = Enumerable.Range(0, 10).Select(_ => Convert.ToHexString(Seal(keys, "the same"u8.ToArray()))).ToHashSet();
        Assert.Equal(10, sealedContents.Count);
        Assert.Equal(10ul, keys.Sequence);
    }

    [Fact]
    public void A_record_that_does_not_open_is_not_counted()
    {
        using var sealing = Keys();
        using var opening = Keys();
        var record = Seal(sealing, "content"u8.ToArray());
        var damaged = record.ToArray();
        damaged[0] ^= 1;
        Assert.False(opening.Open(Header, damaged.AsSpan(..^16), damaged.AsSpan(^16..)));
        Assert.Equal(0ul, opening.Sequence);
        Assert.True(opening.Open(Header, record.AsSpan(..^16), record.AsSpan(^16..)));
        Assert.Equal("content"u8, record.AsSpan(..^16));
    }

    [Fact]
    public void Sequence_numbers_do_not_wrap()
    {
        using var keys = Keys();
        typeof(TrafficKeys).GetProperty(nameof(TrafficKeys.Sequence), BindingFlags.Instance | BindingFlags.Public)!.SetValue(keys, ulong.MaxValue - 1);
        Seal(keys, [1]);
        Assert.Equal(TlsError.KeyExhausted, Assert.Throws<TlsException>(() => Seal(keys, [1])).Error);
    }

    [Fact]
    public void An_update_gives_other_keys_that_count_from_zero()
    {
        using var keys = Keys();
        Seal(keys, [1]);
        using var next = keys.Next();
        using var same = keys.Next();
        Assert.Equal(0ul, next.Sequence);
        Assert.Equal(Seal(next, [7]), Seal(same, [7]));
        using var first = Keys();
        using var other = keys.Next();
        Assert.NotEqual(Seal(first, [7]), Seal(other, [7]));
    }

    [Fact]
    public async Task Keys_that_are_worn_are_updated_without_being_asked()
    {
        var (client, server) = await ConnectAsync();
        using var secret = new Secret(new byte[32]);
        client.Writer.Install(new TrafficKeys(new ShortLived(Suite, records: 5), new Secret(secret.Span)));
        server.Reader.Install(new TrafficKeys(Suite, new Secret(secret.Span)));
        var received = new List<byte>();
        var updates = 0;
        for (byte i = 0; i < 50; i++)
        {
            client.Seal([i]);
            var pending = client.Writer.Pending;
            updates += pending.Length > RecordLimits.Overhead + 1 ? 1 : 0;
            pending.CopyTo(server.Reader.GetSpace());
            server.Reader.Added(pending.Length);
            client.Writer.Clear();
            var buffer = new byte[10];
            while (server.TryRead(buffer, out var count) && count > 0)
                received.AddRange(buffer[..count]);
        }
        Assert.Equal(Enumerable.Range(0, 50).Select(i => (byte)i), received);
        // A KeyUpdate is the sixth record under its keys, so five of the data's records lie between two of them.
        Assert.Equal(9, updates);
    }

    private static ReadOnlySpan<byte> Header => [23, 3, 3, 0, 20];

    private static SuiteAlgorithm Suite => CryptoProvider.Default.TryGetSuite(CipherSuite.Aes128GcmSha256, out var suite) ? suite : throw new InvalidOperationException();

    private static TrafficKeys Keys() => new(Suite, new Secret(new byte[32]));

    private static byte[] Seal(TrafficKeys keys, byte[] content)
    {
        var tag = new byte[16];
        keys.Seal(Header, content, tag);
        return [.. content, .. tag];
    }

    private static async Task<(EstablishedConnection Client, EstablishedConnection Server)> ConnectAsync()
    {
        var client = new MemoryTransport();
        var server = new MemoryTransport();
        var clientSide = HandshakeRunner.RunAsync(Fixture.ClientOptions(), client, CancellationToken.None).AsTask();
        var serverSide = HandshakeRunner.RunAsync(Fixture.ServerOptions(), server, CancellationToken.None).AsTask();
        var buffer = new byte[8192];
        for (var i = 0; i < 3; i++)
        {
            server.Give(buffer.AsSpan(0, client.Take(buffer)));
            client.Give(buffer.AsSpan(0, server.Take(buffer)));
        }
        return (await clientSide.WaitAsync(Fixture.Patience), await serverSide.WaitAsync(Fixture.Patience));
    }

    private sealed class ShortLived(SuiteAlgorithm suite, ulong records) : SuiteAlgorithm(suite.Id, suite.Hash, suite.HashLength, suite.KeyLength, records)
    {
        public override int ExplicitNonceLength => 8;
        public override AeadKey CreateKey(ReadOnlySpan<byte> key) => suite.CreateKey(key);
    }
}

using CsCheck;
using LucidTls.Cryptography;
using LucidTls.Sessions;

namespace LucidTls.Tests.Sessions;

/// <summary>The content of a ticket: what was written is read, anything else is no session and no exception.</summary>
public sealed class ServerSessionTests
{
    private static readonly Gen<byte[]> States =
        from issued in Gen.Long[0, 253_402_300_799_999]
        from seconds in Gen.Int[0, 604_800]
        from name in Gen.Char['a', 'z'].Array[0, 20]
        from chain in Gen.Byte.Array[1, 50].Array[0, 3]
        from key in Gen.Byte.Array[32, 48]
        select State(DateTimeOffset.FromUnixTimeMilliseconds(issued), TimeSpan.FromSeconds(seconds), name.Length == 0 ? null : new string(name), chain, key);

    [Fact]
    public void A_session_survives() => States.Sample(state =>
    {
        var session = ServerSession.TryParse(state);
        Assert.NotNull(session);
        using (session.PreSharedKey)
            Assert.Equal(state, session.ToBytes());
    }, iter: 300);

    [Fact]
    public void A_session_that_is_cut_is_none() => States.Sample(state =>
    {
        for (var length = 0; length < state.Length; length++)
            Assert.Null(ServerSession.TryParse(state.AsMemory(0, length)));
    }, iter: 50);

    [Fact]
    public void A_session_of_another_format_or_of_an_impossible_time_is_none()
    {
        var state = State(DateTimeOffset.UnixEpoch, TimeSpan.FromHours(1), "localhost", [], new byte[32]);
        Assert.Null(ServerSession.TryParse((byte[])[1, .. state[1..]]));
        state[8] = 0x7F;
        Assert.Null(ServerSession.TryParse(state));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_session_remembers_the_key_that_it_was_made_with_and_not_the_key_itself(bool isImported)
    {
        byte[] secret = [.. Enumerable.Range(1, 32).Select(value => (byte)value)];
        var key = isImported ? TlsPreSharedKey.Imported("name"u8, secret, "context"u8) : TlsPreSharedKey.External("name"u8, secret);
        var state = State(DateTimeOffset.UnixEpoch, TimeSpan.FromHours(1), "localhost", [], new byte[32], key);
        Assert.Equal(-1, state.AsSpan().IndexOf(secret.AsSpan(0, 8)));
        var proof = ServerSession.TryParse(state)!.KeyProof!;
        Assert.True(proof.Is(key));
        Assert.False(proof.Is(null));
        Assert.False(proof.Is(isImported ? TlsPreSharedKey.Imported("name"u8, new byte[32], "context"u8) : TlsPreSharedKey.External("name"u8, new byte[32])));
        for (var length = 0; length < state.Length; length++)
            Assert.Null(ServerSession.TryParse(state.AsMemory(0, length)));
    }

    private static byte[] State(DateTimeOffset issued, TimeSpan lifetime, string? name, byte[][] chain, byte[] key, TlsPreSharedKey? proof = null)
    {
        using var secret = new Secret(key);
        return new ServerSession
        {
            Version = TlsVersion.Tls13,
            Group = NamedGroup.X25519,
            ExtendedMasterSecret = true,
            CipherSuite = CipherSuite.Aes128GcmSha256,
            Issued = issued,
            Lifetime = lifetime,
            ServerName = name,
            ClientChain = [.. chain.Select(certificate => (ReadOnlyMemory<byte>)certificate)],
            PreSharedKey = secret,
            KeyProof = proof == null ? null : SessionKeyProof.Of(proof),
        }.ToBytes();
    }
}

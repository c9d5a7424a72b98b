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

    private static byte[] State(DateTimeOffset issued, TimeSpan lifetime, string? name, byte[][] chain, byte[] key)
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
        }.ToBytes();
    }
}

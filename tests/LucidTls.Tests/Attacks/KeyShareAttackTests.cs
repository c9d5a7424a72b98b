using LucidTls.Cryptography;
using LucidTls.Handshake;
using LucidTls.Protocol;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Attacks;

/// <summary>Shares made to learn something of the other end's key, or to make it agree on a secret that everybody knows.</summary>
public sealed class KeyShareAttackTests
{
    public static TheoryData<NamedGroup> Curves => [NamedGroup.Secp256r1, NamedGroup.Secp384r1, NamedGroup.Secp521r1];

    public static TheoryData<NamedGroup> Hybrids => [NamedGroup.X25519MLKEM768, NamedGroup.SecP256r1MLKEM768, NamedGroup.SecP384r1MLKEM1024];

    // In TLS 1.2 the server signs its share, so the attacker is a server that has a certificate.
    [Theory]
    [MemberData(nameof(Curves))]
    public void Invalid_curve_a_signed_point_off_the_curve_is_refused_by_a_client_of_TLS_1_2(NamedGroup group)
    {
        foreach (var change in (Func<byte[], byte[]>[])[OffTheCurve, Compressed, share => share[..^1], share => [.. share, 0], _ => [0]])
            Assert.Equal((TlsError.InvalidKeyShare, TlsAlert.IllegalParameter), ClientOfTls12(group, change));
    }

    [Fact]
    public void Small_subgroup_a_signed_X25519_share_that_gives_zero_is_refused_by_a_client_of_TLS_1_2()
    {
        foreach (var point in PointsOfSmallOrder)
            Assert.Equal((TlsError.InvalidKeyShare, TlsAlert.IllegalParameter), ClientOfTls12(NamedGroup.X25519, _ => point));
    }

    [Fact]
    public void Small_subgroup_an_X25519_share_that_gives_zero_is_refused_by_a_client()
    {
        foreach (var point in PointsOfSmallOrder)
            ClientRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, ServersShare(NamedGroup.X25519, _ => point));
    }

    // A hybrid is as good as either half only if both are looked at.
    [Theory]
    [MemberData(nameof(Hybrids))]
    public void Small_subgroup_and_invalid_curve_the_classical_half_of_a_hybrid_share_is_checked_at_both_ends(NamedGroup group)
    {
        ServerRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, ClientsShare(group, share => BadClassicalHalf(group, share, ofServer: false)), client: Only(group));
        ClientRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, ServersShare(group, share => BadClassicalHalf(group, share, ofServer: true)), Only(group));
    }

    [Theory]
    [MemberData(nameof(Hybrids))]
    public void An_ML_KEM_key_out_of_range_in_a_hybrid_is_refused_by_a_server(NamedGroup group)
    {
        var (start, length) = KemKey(group);
        foreach (var change in (Action<Span<byte>>[])[key => key.Fill(0xFF), key => (key[0], key[1]) = (0x01, (byte)(key[1] & 0xF0 | 0x0D))])
        {
            ServerRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, ClientsShare(group, share =>
            {
                // The last 32 bytes are a seed, in which every value is good. 0xD01 is the modulus, 3329.
                change(share.AsSpan(start, length - 32));
                return share;
            }), client: Only(group));
        }
    }

    [Theory]
    [MemberData(nameof(Hybrids))]
    public void An_ML_KEM_ciphertext_of_another_length_is_refused_by_a_client(NamedGroup group)
    {
        foreach (var change in (Func<byte[], byte[]>[])[share => share[1..], share => share[..^1], share => [.. share, 0], share => share[..32], _ => [1]])
            ClientRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, ServersShare(group, change), Only(group));
    }

    // FIPS 203 §6.3: a ciphertext that nobody made gives a secret that nobody knows. A refusal of its own would tell about the key.
    [Theory]
    [MemberData(nameof(Hybrids))]
    public void An_ML_KEM_ciphertext_that_was_changed_tells_nothing_of_the_key(NamedGroup group)
    {
        var start = group == NamedGroup.X25519MLKEM768 ? 0 : PointLength(group);
        foreach (var offset in (int[])[0, 500, 1087])
        {
            var outcome = Duel.OfClient(ServersShare(group, share =>
            {
                share[start + offset] ^= 0x10;
                return share;
            }), Only(group));
            Assert.Equal((TlsError.BadRecordMac, TlsAlert.BadRecordMac), (outcome.Failure!.Error, outcome.Failure.Alert));
        }
    }

    // RFC 7748 §6.1: what its check is for; 0, 1, a point of order 8 and p - 1, then p and p + 1, which are not reduced.
    private static byte[][] PointsOfSmallOrder =>
    [
        new byte[32],
        [1, .. new byte[31]],
        Convert.FromHexString("E0EB7A7C3B41B8AE1656E3FAF19FC46ADA098DEB9C32B1FD866205165F49B800"),
        Convert.FromHexString("ECFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F"),
        Convert.FromHexString("EDFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F"),
        Convert.FromHexString("EEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F"),
    ];

    private static int PointLength(NamedGroup group) => group == NamedGroup.SecP384r1MLKEM1024 ? 97 : 65;

    private static (int Start, int Length) KemKey(NamedGroup group) => group == NamedGroup.X25519MLKEM768 ? (0, 1184) : (PointLength(group), group == NamedGroup.SecP384r1MLKEM1024 ? 1568 : 1184);

    // The ML-KEM half comes first in the one with X25519, and last in the others.
    private static byte[] BadClassicalHalf(NamedGroup group, byte[] share, bool ofServer)
    {
        if (group == NamedGroup.X25519MLKEM768)
            share.AsSpan(ofServer ? 1088 : 1184).Clear();
        else
            share[PointLength(group) - 1] ^= 1;
        return share;
    }

    private static byte[] OffTheCurve(byte[] share)
    {
        share[^1] ^= 1;
        return share;
    }

    private static byte[] Compressed(byte[] share) => [(byte)(2 + (share[^1] & 1)), .. share[1..(share.Length / 2 + 1)]];

    private static TlsClientOptions Only(NamedGroup group)
    {
        var options = Fixture.ClientOptions();
        options.Groups = options.KeyShareGroups = [group];
        return options;
    }

    private static Script ClientsShare(NamedGroup group, Func<byte[], byte[]> change) => Script.Changing<ClientHello>(hello =>
    {
        var share = ClientHello.Parse(Wire.Body(hello)).KeyShares!.Single(entry => entry.Group == group).KeyExchange.ToArray();
        return hello.With(extensions: block => block.With(ExtensionType.KeyShare, Extensions.BuildClientShares([new KeyShareEntry(group, change(share))])));
    });

    private static Script ServersShare(NamedGroup group, Func<byte[], byte[]> change) => Script.Changing<ServerHello>(hello =>
    {
        Assert.True(hello.Extensions.TryGet(ExtensionType.KeyShare, out var data));
        // Its group and its length stand before it.
        return hello.With(extensions: block => block.With(ExtensionType.KeyShare, Extensions.BuildServerShare(new KeyShareEntry(group, change(data[4..].ToArray())))));
    });

    private static (TlsError, TlsAlert?) ClientOfTls12(NamedGroup group, Func<byte[], byte[]> change)
    {
        var serverOptions = Fixture.ServerOptions();
        serverOptions.MaximumVersion = TlsVersion.Tls12;
        serverOptions.Groups = [group];
        serverOptions.Hooks = new Sharing(change);
        using var client = TlsConnection.CreateClient(Fixture.ClientOptions());
        using var server = TlsConnection.CreateServer(serverOptions);
        var buffer = new byte[16 * 1024];
        server.Receive(buffer.AsSpan(0, client.TakeOutput(buffer)));
        var failure = Assert.Throws<TlsException>(() => client.Receive(buffer.AsSpan(0, server.TakeOutput(buffer))));
        return (failure.Error, failure.Alert);
    }

    private sealed class Sharing(Func<byte[], byte[]> change) : HandshakeHooks
    {
        public override KeyShare GenerateShare(KeyExchangeGroup group) => new Changed(group.Generate(), change);
    }

    private sealed class Changed(KeyShare share, Func<byte[], byte[]> change) : KeyShare
    {
        public override NamedGroup Group => share.Group;
        public override ReadOnlyMemory<byte> PublicShare { get; } = change(share.PublicShare.ToArray());
        public override Secret Agree(ReadOnlySpan<byte> serverShare) => share.Agree(serverShare);
        public override void Dispose() => share.Dispose();
    }
}

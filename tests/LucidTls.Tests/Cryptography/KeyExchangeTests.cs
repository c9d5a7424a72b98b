using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Tests.Cryptography;

public sealed class KeyExchangeTests
{
    /// <summary>The group, its lengths on the wire (client, server) and its secret's.</summary>
    public static TheoryData<ushort, int, int, int> Groups => new()
    {
        { 0x0017, 65, 65, 32 },
        { 0x0018, 97, 97, 48 },
        { 0x0019, 133, 133, 66 },
        { 0x001D, 32, 32, 32 },
        { 0x11EB, 65 + 1184, 65 + 1088, 64 },
        { 0x11EC, 1184 + 32, 1088 + 32, 64 },
        { 0x11ED, 97 + 1568, 97 + 1568, 80 },
    };

    [Theory]
    [MemberData(nameof(Groups))]
    public void Both_ends_come_to_the_same_secret(ushort id, int clientLength, int serverLength, int secretLength)
    {
        var group = Group(id);
        Assert.Equal(new NamedGroup(id), group.Id);
        using var share = group.Generate();
        Assert.Equal(group.Id, share.Group);
        Assert.Equal(clientLength, share.PublicShare.Length);
        Assert.Equal(clientLength, group.ClientShareLength);

        var (serverShare, serverSecret) = group.Respond(share.PublicShare.Span);
        using (serverSecret)
        using (var clientSecret = share.Agree(serverShare))
        {
            Assert.Equal(serverLength, serverShare.Length);
            Assert.Equal(serverLength, group.ServerShareLength);
            Assert.Equal(secretLength, clientSecret.Length);
            Assert.Equal(serverSecret.Span, clientSecret.Span);
        }
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void Two_exchanges_have_nothing_in_common(ushort id, int clientLength, int serverLength, int secretLength)
    {
        var group = Group(id);
        using var first = group.Generate();
        using var second = group.Generate();
        var (firstShare, firstSecret) = group.Respond(first.PublicShare.Span);
        var (secondShare, secondSecret) = group.Respond(first.PublicShare.Span);
        using (firstSecret)
        using (secondSecret)
        {
            Assert.NotEqual(first.PublicShare.ToArray(), second.PublicShare.ToArray());
            Assert.NotEqual(firstShare, secondShare);
            Assert.NotEqual(firstSecret.Span.ToArray(), secondSecret.Span.ToArray());
        }
        Assert.Equal((clientLength, serverLength, secretLength), (first.PublicShare.Length, firstShare.Length, firstSecret.Length));
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void A_share_of_another_length_is_refused_on_both_sides(ushort id, int clientLength, int serverLength, int secretLength)
    {
        var group = Group(id);
        using var share = group.Generate();
        var (serverShare, secret) = group.Respond(share.PublicShare.Span);
        Assert.Equal(secretLength, secret.Length);
        secret.Dispose();
        foreach (var wrong in new[] { 0, 1, clientLength - 1, clientLength + 1 })
            Assert.Throws<InvalidKeyShareException>(() => group.Respond(Resize(share.PublicShare.Span, wrong)));
        foreach (var wrong in new[] { 0, 1, serverLength - 1, serverLength + 1 })
            Assert.Throws<InvalidKeyShareException>(() => share.Agree(Resize(serverShare, wrong)));
    }

    [Theory]
    [InlineData(0x0017)]
    [InlineData(0x0018)]
    [InlineData(0x0019)]
    public void A_point_that_is_compressed_or_off_the_curve_is_refused(ushort id)
    {
        var group = Group(id);
        using var share = group.Generate();
        var offCurve = share.PublicShare.ToArray();
        offCurve[^1] ^= 1;
        Assert.Throws<InvalidKeyShareException>(() => group.Respond(offCurve));

        var infinity = new byte[group.ClientShareLength];
        infinity[0] = 4;
        Assert.Throws<InvalidKeyShareException>(() => group.Respond(infinity));

        byte[] compressed = [(byte)(2 + (share.PublicShare.Span[^1] & 1)), .. share.PublicShare[1..(1 + (group.ClientShareLength / 2))].Span];
        Assert.Throws<InvalidKeyShareException>(() => group.Respond(compressed));

        // SEC 1 §2.3.3 knows a "hybrid" form too: 6 or 7, x, y.
        var hybridForm = share.PublicShare.ToArray();
        hybridForm[0] = (byte)(6 + (hybridForm[^1] & 1));
        Assert.Throws<InvalidKeyShareException>(() => group.Respond(hybridForm));
    }

    [Fact]
    public void An_X25519_share_of_low_order_is_refused_on_both_sides()
    {
        var group = Group(0x001D);
        using var share = group.Generate();
        Assert.Throws<InvalidKeyShareException>(() => group.Respond(new byte[32]));
        Assert.Throws<InvalidKeyShareException>(() => share.Agree(new byte[32]));
    }

    [Theory]
    [InlineData(0x11EB, 65, 1184)]
    [InlineData(0x11EC, 0, 1184)]
    [InlineData(0x11ED, 97, 1568)]
    public void A_hybrid_share_whose_ML_KEM_key_is_not_reduced_is_refused(ushort id, int offset, int length)
    {
        var group = Group(id);
        using var share = group.Generate();
        var clientShare = share.PublicShare.ToArray();
        // The last coefficient before the 32 bytes of rho becomes 0xFFF, which is not below q = 3329.
        clientShare[offset + length - 33] = 0xFF;
        clientShare[offset + length - 34] |= 0xF0;
        Assert.Throws<InvalidKeyShareException>(() => group.Respond(clientShare));
    }

    [Theory]
    [InlineData(0x11EB, 0, 65)]
    [InlineData(0x11EC, 1184, 32)]
    [InlineData(0x11ED, 0, 97)]
    public void A_hybrid_share_whose_classical_part_is_bad_is_refused(ushort id, int offset, int length)
    {
        var group = Group(id);
        using var share = group.Generate();
        var clientShare = share.PublicShare.ToArray();
        clientShare.AsSpan(offset, length).Clear();
        Assert.Throws<InvalidKeyShareException>(() => group.Respond(clientShare));
    }

    [Theory]
    [InlineData(0x11EB, 0x0017)]
    [InlineData(0x11EC, 0x001D)]
    [InlineData(0x11ED, 0x0018)]
    public void The_classical_part_of_a_hybrid_share_can_be_used_alone(ushort hybridId, ushort classicalId)
    {
        using var share = Group(hybridId).Generate();
        var classicalPart = share.ClassicalPart!;
        Assert.Equal(new NamedGroup(classicalId), classicalPart.Group);
        Assert.True(share.PublicShare.Span.IndexOf(classicalPart.PublicShare.Span) >= 0);

        var (serverShare, serverSecret) = Group(classicalId).Respond(classicalPart.PublicShare.Span);
        using (serverSecret)
        using (var clientSecret = classicalPart.Agree(serverShare))
            Assert.Equal(serverSecret.Span, clientSecret.Span);
    }

    [Fact]
    public void A_classical_share_has_no_classical_part()
    {
        using var share = Group(0x001D).Generate();
        Assert.Null(share.ClassicalPart);
    }

    [Fact]
    public void A_damaged_ML_KEM_ciphertext_gives_another_secret_and_no_error()
    {
        var group = Group(0x11EC);
        using var share = group.Generate();
        var (serverShare, serverSecret) = group.Respond(share.PublicShare.Span);
        serverShare[0] ^= 1;
        using (serverSecret)
        using (var clientSecret = share.Agree(serverShare))
        {
            Assert.NotEqual(serverSecret.Span[..32].ToArray(), clientSecret.Span[..32].ToArray());
            Assert.Equal(serverSecret.Span[32..], clientSecret.Span[32..]);
        }
    }

    [Fact]
    public void An_unknown_group_is_not_listed() => Assert.False(CryptoProvider.Default.TryGetGroup(new NamedGroup(0x001E), out _));

    [Fact]
    public void X25519_passes_Wycheproof() =>
        WycheproofFile.Run("x25519_test", expectedCases: 518, @case =>
        {
            var (publicKey, expected) = (@case.Bytes("public"), @case.Bytes("shared"));
            using var share = new X25519KeyShare(new Secret(@case.Bytes("private")));
            // The function is defined on all inputs: points on the twist and non-canonical encodings must work (RFC 7748 §5). Only an
            // all-zero result must be refused in TLS (RFC 8446 §7.4.2), which the file leaves open.
            if (@case.HasFlag("ZeroSharedSecret"))
                return Record.Exception(() => share.Agree(publicKey)) is InvalidKeyShareException;
            using var shared = share.Agree(publicKey);
            return shared.Span.SequenceEqual(expected);
        });

    [Theory]
    [InlineData("ecdh_secp256r1_ecpoint_test", 0x0017, 355)]
    [InlineData("ecdh_secp384r1_ecpoint_test", 0x0018, 790)]
    [InlineData("ecdh_secp521r1_ecpoint_test", 0x0019, 661)]
    public void Ecdh_passes_Wycheproof(string file, ushort id, int cases)
    {
        var group = (EcdhGroup)Group(id);
        WycheproofFile.Run(file, cases, @case => AgreesWith(group, @case, @case.Bytes("public")));
    }

    private static bool AgreesWith(EcdhGroup group, WycheproofCase @case, byte[] publicPoint)
    {
        var privateKey = @case.Bytes("private").AsSpan();
        var scalar = new byte[group.CoordinateLength];
        // The file writes integers with a sign byte or without leading zeros.
        if (privateKey.Length > scalar.Length)
            privateKey = privateKey[^scalar.Length..];
        privateKey.CopyTo(scalar.AsSpan(scalar.Length - privateKey.Length));
        var curve = group.Id.Value switch { 0x0017 => ECCurve.NamedCurves.nistP256, 0x0018 => ECCurve.NamedCurves.nistP384, _ => ECCurve.NamedCurves.nistP521 };
        using var share = new EcdhKeyShare(group, ECDiffieHellman.Create(new ECParameters { Curve = curve, D = scalar }));
        // Acceptable are the compressed points alone, and TLS 1.3 has none (RFC 8446 §4.2.8.2).
        if (!@case.IsValid)
            return Record.Exception(() => share.Agree(publicPoint)) is InvalidKeyShareException;
        using var shared = share.Agree(publicPoint);
        return shared.Span.SequenceEqual(@case.Bytes("shared"));
    }

    private static KeyExchangeGroup Group(ushort id)
    {
        Assert.True(CryptoProvider.Default.TryGetGroup(new NamedGroup(id), out var group));
        return group;
    }

    private static byte[] Resize(ReadOnlySpan<byte> bytes, int length)
    {
        var resized = new byte[length];
        bytes[..Math.Min(length, bytes.Length)].CopyTo(resized);
        return resized;
    }
}

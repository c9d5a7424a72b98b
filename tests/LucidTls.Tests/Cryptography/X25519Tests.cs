using LucidTls.Cryptography;

namespace LucidTls.Tests.Cryptography;

public sealed class X25519Tests
{
    [Theory]
    [InlineData("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c", "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")]
    [InlineData("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d", "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493", "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957")]
    public void Rfc7748_section_5_2_comes_out(string scalar, string u, string expected)
    {
        var result = new byte[X25519.Length];
        Assert.True(X25519.ScalarMultiply(Convert.FromHexString(scalar), Convert.FromHexString(u), result));
        Assert.Equal(expected, Convert.ToHexStringLower(result));
    }

    [Fact]
    public void A_thousand_iterations_of_Rfc7748_section_5_2_come_out()
    {
        var (k, u, next) = (new byte[32], new byte[32], new byte[32]);
        k[0] = u[0] = 9;
        for (var i = 0; i < 1000; i++)
        {
            X25519.ScalarMultiply(k, u, next);
            (k, u, next) = (next, k, u);
        }
        Assert.Equal("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51", Convert.ToHexStringLower(k));
    }

    [Fact]
    public void It_agrees_with_BouncyCastle_on_random_inputs()
    {
        var random = new Random(Differential.Seed);
        var (scalar, u, ours, theirs) = (new byte[32], new byte[32], new byte[32], new byte[32]);
        for (var i = 0; i < Differential.Rounds(3000); i++)
        {
            random.NextBytes(scalar);
            FillWithRuns(random, u);
            X25519.ScalarMultiply(scalar, u, ours);
            Org.BouncyCastle.Math.EC.Rfc7748.X25519.ScalarMult(scalar, u, theirs);
            Assert.True(ours.AsSpan().SequenceEqual(theirs), $"k = {Convert.ToHexString(scalar)}, u = {Convert.ToHexString(u)}, seed {Differential.Seed}");

            X25519.DerivePublicKey(scalar, ours);
            Org.BouncyCastle.Math.EC.Rfc7748.X25519.ScalarMultBase(scalar, theirs);
            Assert.True(ours.AsSpan().SequenceEqual(theirs), $"k = {Convert.ToHexString(scalar)}, base point, seed {Differential.Seed}");
        }
    }

    [Fact]
    public void Both_ladders_give_the_same()
    {
        Assert.SkipUnless(VectorWidth.Has256, "This processor has no vectors for the second ladder.");
        var random = new Random(Differential.Seed);
        var (scalar, u, first, second) = (new byte[32], new byte[32], new byte[32], new byte[32]);
        for (var i = 0; i < Differential.Rounds(3000); i++)
        {
            FillWithRuns(random, scalar);
            FillWithRuns(random, u);
            scalar[0] &= 248;
            scalar[31] = (byte)((scalar[31] & 127) | 64);
            X25519Ladder.Run(scalar, Field25519.Read(u), out var x, out var z);
            Write(x, z, first);
            X25519VectorLadder.Run(scalar, Field25519.Read(u), out x, out z);
            Write(x, z, second);
            Assert.True(first.AsSpan().SequenceEqual(second), $"k = {Convert.ToHexString(scalar)}, u = {Convert.ToHexString(u)}, seed {Differential.Seed}");
        }
    }

    [Fact]
    public void Both_ways_to_multiply_the_base_point_give_the_same()
    {
        Assert.SkipUnless(VectorWidth.Has256, "This processor has no vectors for the second way.");
        var random = new Random(Differential.Seed);
        var (scalar, first, second) = (new byte[32], new byte[32], new byte[32]);
        for (var i = 0; i < Differential.Rounds(3000); i++)
        {
            FillWithRuns(random, scalar);
            // Digits of 8 and -8, and lanes whose sum is the neutral element.
            if (i % 3 == 0)
                scalar.AsSpan(8 * random.Next(4), 8).Fill((byte)(0x11 * random.Next(16)));
            scalar[0] &= 248;
            scalar[31] = (byte)((scalar[31] & 127) | 64);
            Edwards25519.MultiplyBase(scalar, out var numerator, out var denominator);
            Write(numerator, denominator, first);
            Edwards25519x4.MultiplyBase(scalar, out numerator, out denominator);
            Write(numerator, denominator, second);
            Assert.True(first.AsSpan().SequenceEqual(second), $"k = {Convert.ToHexString(scalar)}, seed {Differential.Seed}");
        }
    }

    [Fact]
    public void A_response_is_the_public_key_and_the_shared_secret_of_its_private_key()
    {
        var random = new Random(Differential.Seed);
        var (scalar, u, expected) = (new byte[32], new byte[32], new byte[32]);
        var (publicKey, sharedSecret) = (new byte[32], new byte[32]);
        for (var i = 0; i < Differential.Rounds(1000); i++)
        {
            FillWithRuns(random, scalar);
            FillWithRuns(random, u);
            var isSecret = X25519.Respond(scalar, u, publicKey, sharedSecret);
            Assert.Equal(X25519.ScalarMultiply(scalar, u, expected), isSecret);
            Assert.Equal(expected, sharedSecret);
            if (!isSecret)
                continue;
            X25519.DerivePublicKey(scalar, expected);
            Assert.Equal(expected, publicKey);
        }
    }

    // The points of order 1, 2, 4 and 8, and numbers that stand for them.
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    [InlineData("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    public void A_share_of_low_order_is_refused_by_both_ends(string u)
    {
        var share = Convert.FromHexString(u);
        var group = new X25519Group();
        Assert.Contains("low order", Assert.Throws<InvalidKeyShareException>(() => group.Respond(share)).Message, StringComparison.Ordinal);
        using var own = group.Generate();
        Assert.Contains("low order", Assert.Throws<InvalidKeyShareException>(() => own.Agree(share)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Results_may_overwrite_their_inputs()
    {
        var (scalar, u, expected) = (new byte[32], new byte[32], new byte[32]);
        scalar[5] = 77;
        u[0] = 9;
        X25519.ScalarMultiply(scalar, u, expected);
        X25519.ScalarMultiply(scalar, u, u);
        Assert.Equal(expected, u);
    }

    private static void Write(in Field25519 x, in Field25519 z, byte[] bytes)
    {
        Field25519.Invert(z, out var inverse);
        Field25519.Multiply(x, inverse, out var quotient);
        quotient.Write(bytes);
    }

    /// <summary>Random bytes, in one case of four with long runs of zeros or ones: limbs at their limits are where carries go wrong.</summary>
    private static void FillWithRuns(Random random, byte[] bytes)
    {
        random.NextBytes(bytes);
        if (random.Next(4) != 0)
            return;
        var start = random.Next(bytes.Length);
        bytes.AsSpan(start, random.Next(bytes.Length - start + 1)).Fill(random.Next(2) == 0 ? (byte)0 : (byte)0xFF);
    }
}

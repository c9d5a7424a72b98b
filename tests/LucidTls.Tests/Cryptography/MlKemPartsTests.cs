using System.Runtime.InteropServices;
using System.Security.Cryptography;
using LucidTls.Cryptography;
using Org.BouncyCastle.Crypto.Digests;

namespace LucidTls.Tests.Cryptography;

/// <summary>The parts of ML-KEM, each against another form of the same: vectors against scalars, reciprocals against divisions, ours against BouncyCastle's.</summary>
public sealed class MlKemPartsTests
{
    private const int N = MlKemRing.N;
    private const int Q = MlKemRing.Q;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(135)]
    [InlineData(136)]
    [InlineData(137)]
    [InlineData(1184)]
    public void Hashes_agree_with_BouncyCastle(int length)
    {
        var data = RandomNumberGenerator.GetBytes(length);
        var (ours, theirs) = (new byte[64], new byte[64]);
        Sha3.HashData256(data, ours);
        Digest(new Sha3Digest(256), data, theirs.AsSpan(0, 32));
        Assert.Equal(theirs[..32], ours[..32]);

        Sha3.HashData512(data.AsSpan(0, length / 3), data.AsSpan(length / 3), ours);
        Digest(new Sha3Digest(512), data, theirs);
        Assert.Equal(theirs, ours);

        var (longOutput, theirLongOutput) = (new byte[500], new byte[500]);
        Sha3.Shake256(data.AsSpan(0, length / 2), data.AsSpan(length / 2), longOutput);
        var shake = new ShakeDigest(256);
        shake.BlockUpdate(data);
        shake.OutputFinal(theirLongOutput);
        Assert.Equal(theirLongOutput, longOutput);
    }

    [Fact]
    public void Several_Keccak_states_at_once_are_permuted_like_each_alone()
    {
        if (VectorWidth.Has256)
            AssertLanesAgree<KeccakLanes4>();
        if (VectorWidth.Has512)
            AssertLanesAgree<KeccakLanes8>();
        AssertLanesAgree<KeccakLanes1>();
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Matrix_and_noise_do_not_depend_on_the_number_of_lanes(int rank)
    {
        for (var round = 0; round < 20; round++)
        {
            var seed = RandomNumberGenerator.GetBytes(32);
            var (matrix, noise) = (new short[rank * rank * N], new short[((2 * rank) + 1) * N]);
            MlKemSampler.ExpandMatrix<KeccakLanes1>(seed, rank, matrix);
            MlKemSampler.SampleNoise<KeccakLanes1>(seed, 5, noise);
            Assert.All(noise, x => Assert.InRange(x, -2, 2));
            Assert.All(matrix, x => Assert.InRange(x, 0, Q - 1));

            var (otherMatrix, otherNoise) = (new short[matrix.Length], new short[noise.Length]);
            MlKemSampler.ExpandMatrix(seed, rank, otherMatrix);
            MlKemSampler.SampleNoise(seed, 5, otherNoise);
            Assert.Equal(matrix, otherMatrix);
            Assert.Equal(noise, otherNoise);

            if (!VectorWidth.Has256)
                continue;
            MlKemSampler.ExpandMatrix<KeccakLanes4>(seed, rank, otherMatrix);
            MlKemSampler.SampleNoise<KeccakLanes4>(seed, 5, otherNoise);
            Assert.Equal(matrix, otherMatrix);
            Assert.Equal(noise, otherNoise);
        }
    }

    [Fact]
    public void Vectors_and_scalars_compute_the_same_in_the_ring()
    {
        if (!VectorWidth.Has256)
            return; // Scalars are all there is, and the other tests are about them.
        var random = new Random(203);
        for (var round = 0; round < 300; round++)
        {
            var polynomial = Polynomials(random, 1, -Q, Q, round);
            AssertSame(polynomial, MlKemRing.TransformPortably, MlKemRingAvx2.Transform, 0, Q);
            AssertSame(polynomial, MlKemRing.InverseTransformPortably, MlKemRingAvx2.InverseTransform, -Q, Q);
            AssertSame(polynomial, MlKemRing.ToMontgomeryPortably, MlKemRingAvx2.ToMontgomery, -Q, Q);
            AssertSame(Polynomials(random, 1, short.MinValue, short.MaxValue, round), MlKemRing.NormalizePortably, MlKemRingAvx2.Normalize, 0, Q - 1);

            var a = Polynomials(random, 16, 0, Q, round);
            var b = Polynomials(random, 4, -Q, Q, round);
            var (twisted, sum, otherSum) = (new short[4 * N], new short[N], new short[N]);
            for (var i = 0; i < twisted.Length; i += N)
            {
                MlKemRing.TwistPortably(b.AsSpan(i, N), twisted.AsSpan(i, N));
                MlKemRingAvx2.Twist(b.AsSpan(i, N), sum);
                AssertCongruent(twisted.AsSpan(i, N), sum, -Q, Q);
            }
            foreach (var (count, stride) in new[] { (3, N), (3, 3 * N), (4, N), (4, 4 * N) })
            {
                MlKemRing.InnerProductPortably(a, stride, b, twisted, count, sum);
                MlKemRingAvx2.InnerProduct(a, stride, b, twisted, count, otherSum);
                AssertCongruent(sum, otherSum, -Q, Q);
            }
        }
    }

    [Fact]
    public void The_transform_of_a_product_is_the_product_of_the_transforms()
    {
        var random = new Random(9);
        for (var round = 0; round < 20; round++)
        {
            var (a, b) = (Polynomials(random, 1, 0, Q - 1, round), Polynomials(random, 1, 0, Q - 1, round));
            var schoolbook = new int[N];
            for (var i = 0; i < N; i++)
            {
                for (var j = 0; j < N; j++)
                {
                    // X^256 = -1.
                    var sign = i + j < N ? 1 : -1;
                    schoolbook[(i + j) % N] = (schoolbook[(i + j) % N] + (sign * (a[i] * b[j] % Q)) + Q) % Q;
                }
            }
            var (twisted, product) = (new short[N], new short[N]);
            MlKemRing.Transform(a);
            MlKemRing.Transform(b);
            MlKemRing.Twist(b, twisted);
            MlKemRing.InnerProduct(a, N, b, twisted, 1, product);
            MlKemRing.InverseTransform(product);
            MlKemRing.Normalize(product);
            Assert.Equal(schoolbook, product.Select(x => (int)x));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(10)]
    [InlineData(11)]
    public void Compression_is_rounded_division_for_every_coefficient(int bits)
    {
        for (var first = 0; first < Q; first += N)
        {
            var polynomial = Enumerable.Range(first, N).Select(x => (short)(x % Q)).ToArray();
            var compressed = polynomial.ToArray();
            MlKemEncoding.Compress(compressed, bits);
            Assert.Equal(polynomial.Select(x => ((x << bits) + (Q / 2)) / Q % (1 << bits)), compressed.Select(x => (int)x));

            MlKemEncoding.Decompress(compressed, bits);
            for (var i = 0; i < N; i++)
            {
                var distance = Math.Abs(compressed[i] - polynomial[i]);
                Assert.InRange(Math.Min(distance, Q - distance), 0, (Q + (1 << bits)) / (2 << bits));
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(12)]
    public void Encoding_puts_the_lowest_bit_first_and_can_be_undone(int bits)
    {
        var random = new Random(bits);
        var polynomials = Enumerable.Range(0, 3 * N).Select(_ => (short)random.Next(1 << bits)).ToArray();
        var bytes = new byte[3 * N * bits / 8];
        MlKemEncoding.Encode(polynomials, bits, bytes);
        for (var i = 0; i < polynomials.Length * bits; i++)
            Assert.Equal((polynomials[i / bits] >> (i % bits)) & 1, (bytes[i / 8] >> (i % 8)) & 1);
        var decoded = new short[polynomials.Length];
        MlKemEncoding.Decode(bytes, bits, decoded);
        Assert.Equal(polynomials, decoded);
    }

    private delegate void InPlace(Span<short> polynomial);

    private static void AssertSame(short[] input, InPlace portable, InPlace vectors, int minimum, int maximum)
    {
        var (first, second) = (input.ToArray(), input.ToArray());
        portable(first);
        vectors(second);
        AssertCongruent(first, second, minimum, maximum);
    }

    private static void AssertCongruent(ReadOnlySpan<short> first, ReadOnlySpan<short> second, int minimum, int maximum)
    {
        for (var i = 0; i < first.Length; i++)
        {
            Assert.InRange(first[i], minimum, maximum);
            Assert.InRange(second[i], minimum, maximum);
            Assert.Equal(0, (first[i] - second[i]) % Q);
        }
    }

    /// <summary>Random coefficients, in some rounds only the ends of the range: that is where sums overflow.</summary>
    private static short[] Polynomials(Random random, int count, int minimum, int maximum, int round) =>
        [.. Enumerable.Range(0, count * N).Select(_ => (short)((round % 4) switch
        {
            0 => maximum,
            1 => random.Next(2) == 0 ? minimum : maximum,
            _ => random.Next(minimum, maximum + 1),
        }))];

    private static void AssertLanesAgree<TLanes>() where TLanes : struct, IKeccakLanes<TLanes>
    {
        var states = new ulong[Keccak.StateWords * TLanes.Width];
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(states.AsSpan()));
        var before = states.ToArray();
        Keccak.Permute<TLanes>(states);
        for (var lane = 0; lane < TLanes.Width; lane++)
        {
            var alone = new ulong[Keccak.StateWords];
            for (var i = 0; i < alone.Length; i++)
                alone[i] = before[(i * TLanes.Width) + lane];
            Keccak.Permute<KeccakLanes1>(alone);
            for (var i = 0; i < alone.Length; i++)
                Assert.Equal(alone[i], states[(i * TLanes.Width) + lane]);
        }
    }

    private static void Digest(Org.BouncyCastle.Crypto.IDigest digest, byte[] data, Span<byte> output)
    {
        digest.BlockUpdate(data);
        digest.DoFinal(output);
    }
}

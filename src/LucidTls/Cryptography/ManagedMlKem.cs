using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// ML-KEM in C# (FIPS 203), for platforms without one. For little-endian machines.
/// <para>
/// Constant time: see <see cref="MlKemRing"/>, <see cref="MlKemEncoding"/>, <see cref="MlKemSampler"/> and <see cref="Keccak"/>; the re-encrypted
/// ciphertext is compared, and the secret chosen, without a branch. Working memory that held secrets is wiped.
/// </para>
/// </summary>
internal sealed partial class ManagedMlKem : MlKem
{
    private const int SeedPartLength = 32;
    private const int N = MlKemRing.N;

    private readonly int _rank;
    private readonly int _uBits;
    private readonly int _vBits;

    private ManagedMlKem(int rank, int uBits, int vBits)
        : base((rank * MlKemEncoding.WholeLength) + SeedPartLength, ((rank * uBits) + vBits) * N / 8)
    {
        _rank = rank;
        _uBits = uBits;
        _vBits = vBits;
    }

    /// <summary>ML-KEM-768 (FIPS 203 §8): k = 3, d_u = 10, d_v = 4.</summary>
    public static ManagedMlKem Parameters768 { get; } = new(rank: 3, uBits: 10, vBits: 4);

    /// <summary>ML-KEM-1024: k = 4, d_u = 11, d_v = 5.</summary>
    public static ManagedMlKem Parameters1024 { get; } = new(rank: 4, uBits: 11, vBits: 5);

    public static bool IsSupported => BitConverter.IsLittleEndian;

    /// <summary>Bytes of a decapsulation key as FIPS 203 writes it.</summary>
    public int DecapsulationKeyLength => (_rank * MlKemEncoding.WholeLength) + EncapsulationKeyLength + (2 * SeedPartLength);

    public override MlKemDecapsulationKey Generate()
    {
        Span<byte> seed = stackalloc byte[SeedLength];
        Randomness.Fill(seed);
        try
        {
            return FromSeed(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    public override MlKemDecapsulationKey FromSeed(ReadOnlySpan<byte> seed) => DecapsulationKey.FromSeed(this, seed);

    /// <summary>A decapsulation key as FIPS 203 writes it, of <see cref="DecapsulationKeyLength"/> bytes.</summary>
    /// <exception cref="CryptographicException">It does not hold the hash of its encapsulation key.</exception>
    public MlKemDecapsulationKey FromExpanded(ReadOnlySpan<byte> decapsulationKey) => DecapsulationKey.FromExpanded(this, decapsulationKey);

    public override void Encapsulate(ReadOnlySpan<byte> encapsulationKey, Span<byte> ciphertext, Span<byte> sharedSecret)
    {
        Span<byte> message = stackalloc byte[SeedPartLength];
        Randomness.Fill(message);
        try
        {
            Encapsulate(encapsulationKey, message, ciphertext, sharedSecret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(message);
        }
    }

    /// <summary>ML-KEM.Encaps_internal (algorithm 17), after the checks of §7.2, with a message that is otherwise random.</summary>
    internal void Encapsulate(ReadOnlySpan<byte> encapsulationKey, ReadOnlySpan<byte> message, Span<byte> ciphertext, Span<byte> sharedSecret)
    {
        CheckKeyLength(encapsulationKey);
        ArgumentOutOfRangeException.ThrowIfNotEqual(message.Length, SeedPartLength);
        ArgumentOutOfRangeException.ThrowIfNotEqual(ciphertext.Length, CiphertextLength);
        ArgumentOutOfRangeException.ThrowIfNotEqual(sharedSecret.Length, SharedSecretLength);

        Span<short> publicPart = stackalloc short[(_rank + (_rank * _rank)) * N];
        var t = publicPart[..(_rank * N)];
        var matrix = publicPart[(_rank * N)..];
        var rho = encapsulationKey[^SeedPartLength..];
        MlKemEncoding.Decode(encapsulationKey[..^SeedPartLength], MlKemEncoding.WholeBits, t);
        if (!MlKemEncoding.IsReduced(t))
            throw NoEncapsulationKey();
        MlKemSampler.ExpandMatrix(rho, _rank, matrix);

        Span<byte> keyHash = stackalloc byte[SeedPartLength];
        Span<byte> secretAndCoins = stackalloc byte[2 * SeedPartLength];
        Sha3.HashData256(encapsulationKey, keyHash);
        Sha3.HashData512(message, keyHash, secretAndCoins);
        secretAndCoins[..SharedSecretLength].CopyTo(sharedSecret);
        Encrypt(t, matrix, message, secretAndCoins[SharedSecretLength..], ciphertext);
        CryptographicOperations.ZeroMemory(secretAndCoins);
    }

    /// <summary>K-PKE.Encrypt (algorithm 14) with the decoded key.</summary>
    [SkipLocalsInit]
    private void Encrypt(ReadOnlySpan<short> t, ReadOnlySpan<short> matrix, ReadOnlySpan<byte> message, ReadOnlySpan<byte> coins, Span<byte> ciphertext)
    {
        Span<short> work = stackalloc short[((4 * _rank) + 2) * N];
        var vector = _rank * N;
        var noise = work[..((2 * vector) + N)];
        var y = noise[..vector];
        var e1 = noise[vector..(2 * vector)];
        var e2 = noise[(2 * vector)..];
        var twisted = work.Slice(noise.Length, vector);
        var u = work.Slice(noise.Length + vector, vector);
        var v = work[^N..];

        MlKemSampler.SampleNoise(coins, 0, noise);
        TransformAndTwist(y, twisted);
        for (var i = 0; i < _rank; i++)
        {
            // u = NTT⁻¹(Âᵀ ∘ ŷ) + e1: row i of the transpose is column i.
            var row = u.Slice(i * N, N);
            MlKemRing.InnerProduct(matrix[(i * N)..], vector, y, twisted, _rank, row);
            MlKemRing.InverseTransform(row);
        }
        MlKemRing.Add(u, e1);
        Write(u, _uBits, ciphertext[..^(N * _vBits / 8)]);

        // v = NTT⁻¹(t̂ᵀ ∘ ŷ) + e2 + the message, a bit a coefficient.
        MlKemRing.InnerProduct(t, N, y, twisted, _rank, v);
        MlKemRing.InverseTransform(v);
        MlKemRing.Add(v, e2);
        MlKemEncoding.Decode(message, 1, e2);
        MlKemEncoding.Decompress(e2, 1);
        MlKemRing.Add(v, e2);
        Write(v, _vBits, ciphertext[^(N * _vBits / 8)..]);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(work));
    }

    private static void TransformAndTwist(Span<short> polynomials, Span<short> twisted)
    {
        for (var i = 0; i < polynomials.Length; i += N)
        {
            MlKemRing.Transform(polynomials.Slice(i, N));
            MlKemRing.Twist(polynomials.Slice(i, N), twisted.Slice(i, N));
        }
    }

    private static void Write(Span<short> polynomials, int bits, Span<byte> bytes)
    {
        MlKemRing.Normalize(polynomials);
        MlKemEncoding.Compress(polynomials, bits);
        MlKemEncoding.Encode(polynomials, bits, bytes);
    }

    private static void Read(ReadOnlySpan<byte> bytes, int bits, Span<short> polynomials)
    {
        MlKemEncoding.Decode(bytes, bits, polynomials);
        MlKemEncoding.Decompress(polynomials, bits);
    }
}

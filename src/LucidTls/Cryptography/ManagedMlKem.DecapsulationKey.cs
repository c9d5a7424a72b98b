using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

internal sealed partial class ManagedMlKem
{
    /// <summary>
    /// A private key with all that decapsulation needs, unpacked: it lives for one handshake, and to make the matrix again would cost half of a
    /// decapsulation.
    /// </summary>
    private sealed class DecapsulationKey : MlKemDecapsulationKey
    {
        private readonly ManagedMlKem _kem;
        private readonly Secret _polynomials;
        private readonly Secret _rejectionSeed;
        private readonly byte[] _encapsulationKey;
        private readonly byte[] _keyHash = new byte[SeedPartLength];

        private DecapsulationKey(ManagedMlKem kem, ReadOnlySpan<byte> rejectionSeed)
        {
            _kem = kem;
            _polynomials = new Secret(((2 * kem._rank) + (kem._rank * kem._rank)) * N * sizeof(short));
            _rejectionSeed = new Secret(rejectionSeed);
            _encapsulationKey = new byte[kem.EncapsulationKeyLength];
        }

        private int VectorLength => _kem._rank * N;

        /// <summary>ŝ, then t̂, then Â.</summary>
        private Span<short> Polynomials => MemoryMarshal.Cast<byte, short>(_polynomials.Span);

        /// <summary>Coefficients from 0 to q.</summary>
        private Span<short> SecretVector => Polynomials[..VectorLength];

        /// <summary>Coefficients from 0 to q - 1.</summary>
        private Span<short> PublicVector => Polynomials.Slice(VectorLength, VectorLength);

        private Span<short> Matrix => Polynomials[(2 * VectorLength)..];

        /// <summary>ML-KEM.KeyGen_internal (algorithm 16): the seed is d, then z.</summary>
        public static DecapsulationKey FromSeed(ManagedMlKem kem, ReadOnlySpan<byte> seed)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(seed.Length, SeedLength);
            var key = new DecapsulationKey(kem, seed[SeedPartLength..]);
            Span<byte> seeds = stackalloc byte[2 * SeedPartLength];
            Sha3.HashData512(seed[..SeedPartLength], [(byte)kem._rank], seeds);
            var rho = seeds[..SeedPartLength];
            var sigma = seeds[SeedPartLength..];
            MlKemSampler.ExpandMatrix(rho, kem._rank, key.Matrix);
            key.MakeVectors(sigma);

            MlKemEncoding.Encode(key.PublicVector, MlKemEncoding.WholeBits, key._encapsulationKey);
            rho.CopyTo(key._encapsulationKey.AsSpan(kem._rank * MlKemEncoding.WholeLength));
            Sha3.HashData256(key._encapsulationKey, key._keyHash);
            CryptographicOperations.ZeroMemory(seeds);
            return key;
        }

        /// <summary>A decapsulation key as FIPS 203 writes it, after the checks of §7.3.</summary>
        public static DecapsulationKey FromExpanded(ManagedMlKem kem, ReadOnlySpan<byte> expanded)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(expanded.Length, kem.DecapsulationKeyLength);
            var key = new DecapsulationKey(kem, expanded[^SeedPartLength..]);
            var vectorBytes = kem._rank * MlKemEncoding.WholeLength;
            expanded.Slice(vectorBytes, kem.EncapsulationKeyLength).CopyTo(key._encapsulationKey);
            Sha3.HashData256(key._encapsulationKey, key._keyHash);
            if (!key._keyHash.AsSpan().SequenceEqual(expanded[^(2 * SeedPartLength)..^SeedPartLength]))
                throw new CryptographicException("The ML-KEM decapsulation key does not hold the hash of its encapsulation key (FIPS 203 §7.3).");

            MlKemEncoding.Decode(expanded[..vectorBytes], MlKemEncoding.WholeBits, key.SecretVector);
            MlKemRing.Normalize(key.SecretVector);
            MlKemEncoding.Decode(key._encapsulationKey.AsSpan(0, vectorBytes), MlKemEncoding.WholeBits, key.PublicVector);
            MlKemSampler.ExpandMatrix(key._encapsulationKey.AsSpan(vectorBytes), kem._rank, key.Matrix);
            return key;
        }

        public override void WriteEncapsulationKey(Span<byte> encapsulationKey) => _encapsulationKey.CopyTo(encapsulationKey);

        /// <summary>ML-KEM.Decaps_internal (algorithm 18).</summary>
        public override void Decapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(ciphertext.Length, _kem.CiphertextLength);
            ArgumentOutOfRangeException.ThrowIfNotEqual(sharedSecret.Length, SharedSecretLength);
            Span<byte> secrets = stackalloc byte[4 * SeedPartLength];
            var message = secrets[..SeedPartLength];
            var secretAndCoins = secrets[SeedPartLength..(3 * SeedPartLength)];
            var rejection = secrets[(3 * SeedPartLength)..];
            Decrypt(ciphertext, message);
            Sha3.HashData512(message, _keyHash, secretAndCoins);
            Sha3.Shake256(_rejectionSeed.Span, ciphertext, rejection);

            Span<byte> again = stackalloc byte[_kem.CiphertextLength];
            _kem.Encrypt(PublicVector, Matrix, message, secretAndCoins[SharedSecretLength..], again);
            var isSame = CryptographicOperations.FixedTimeEquals(ciphertext, again);
            Select(isSame, secretAndCoins[..SharedSecretLength], rejection, sharedSecret);
            CryptographicOperations.ZeroMemory(secrets);
            CryptographicOperations.ZeroMemory(again);
        }

        public override void Dispose()
        {
            _polynomials.Dispose();
            _rejectionSeed.Dispose();
        }

        /// <summary>The second half of K-PKE.KeyGen (algorithm 13): t̂ = Â ∘ ŝ + ê.</summary>
        private void MakeVectors(ReadOnlySpan<byte> sigma)
        {
            Span<short> work = stackalloc short[2 * VectorLength];
            var twisted = work[..VectorLength];
            var product = work[VectorLength..];
            MlKemSampler.SampleNoise(sigma, 0, Polynomials[..(2 * VectorLength)]);
            TransformAndTwist(SecretVector, twisted);
            for (var i = 0; i < VectorLength; i += N)
            {
                MlKemRing.Transform(PublicVector.Slice(i, N));
                MlKemRing.InnerProduct(Matrix[(i * _kem._rank)..], N, SecretVector, twisted, _kem._rank, product.Slice(i, N));
            }
            MlKemRing.ToMontgomery(product);
            MlKemRing.Add(PublicVector, product);
            MlKemRing.Normalize(PublicVector);
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(work));
        }

        /// <summary>K-PKE.Decrypt (algorithm 15): the message is v - NTT⁻¹(ŝᵀ ∘ NTT(u)), a bit a coefficient.</summary>
        [SkipLocalsInit]
        private void Decrypt(ReadOnlySpan<byte> ciphertext, Span<byte> message)
        {
            Span<short> work = stackalloc short[(2 * VectorLength) + (2 * N)];
            var u = work[..VectorLength];
            var twisted = work.Slice(VectorLength, VectorLength);
            var v = work.Slice(2 * VectorLength, N);
            var product = work[^N..];
            var vLength = N * _kem._vBits / 8;
            Read(ciphertext[..^vLength], _kem._uBits, u);
            Read(ciphertext[^vLength..], _kem._vBits, v);
            TransformAndTwist(u, twisted);
            MlKemRing.InnerProduct(SecretVector, N, u, twisted, _kem._rank, product);
            MlKemRing.InverseTransform(product);
            MlKemRing.Subtract(v, product);
            Write(v, 1, message);
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(work));
        }

        private static void Select(bool condition, ReadOnlySpan<byte> whenTrue, ReadOnlySpan<byte> whenFalse, Span<byte> destination)
        {
            // A bool is the byte 0 or 1, so this is 0xFF or 0 without a branch.
            var mask = (byte)-Unsafe.BitCast<bool, byte>(condition);
            for (var i = 0; i < destination.Length; i++)
                destination[i] = (byte)(whenFalse[i] ^ ((whenFalse[i] ^ whenTrue[i]) & mask));
        }
    }
}

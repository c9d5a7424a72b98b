using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>ML-KEM (FIPS 203) with one parameter set.</summary>
internal abstract class MlKem(int encapsulationKeyLength, int ciphertextLength)
{
    public const int SharedSecretLength = 32;

    /// <summary>Bytes of a seed: d, then z (FIPS 203 §7.1).</summary>
    public const int SeedLength = 64;

    public int EncapsulationKeyLength { get; } = encapsulationKeyLength;
    public int CiphertextLength { get; } = ciphertextLength;

    /// <summary>ML-KEM-768, by the platform or by <see cref="ManagedMlKem"/>; null where neither works.</summary>
    public static MlKem? TryCreate768() =>
        MLKem.IsSupported ? new PlatformMlKem(MLKemAlgorithm.MLKem768) : ManagedMlKem.IsSupported ? ManagedMlKem.Parameters768 : null;

    /// <summary>ML-KEM-1024, likewise.</summary>
    public static MlKem? TryCreate1024() =>
        MLKem.IsSupported ? new PlatformMlKem(MLKemAlgorithm.MLKem1024) : ManagedMlKem.IsSupported ? ManagedMlKem.Parameters1024 : null;

    public abstract MlKemDecapsulationKey Generate();

    public abstract MlKemDecapsulationKey FromSeed(ReadOnlySpan<byte> seed);

    /// <summary>Encapsulates a fresh shared secret to <paramref name="encapsulationKey"/>.</summary>
    /// <exception cref="InvalidKeyShareException">The key has a wrong length or fails the modulus check of FIPS 203 §7.2.</exception>
    public abstract void Encapsulate(ReadOnlySpan<byte> encapsulationKey, Span<byte> ciphertext, Span<byte> sharedSecret);

    protected static InvalidKeyShareException NoEncapsulationKey() => new("The ML-KEM encapsulation key has coefficients that are not reduced (FIPS 203 §7.2).");

    protected void CheckKeyLength(ReadOnlySpan<byte> encapsulationKey)
    {
        if (encapsulationKey.Length != EncapsulationKeyLength)
            throw new InvalidKeyShareException($"The ML-KEM encapsulation key must have {EncapsulationKeyLength} bytes; this one has {encapsulationKey.Length}.");
    }
}

/// <summary>A private key of ML-KEM.</summary>
internal abstract class MlKemDecapsulationKey : IDisposable
{
    public abstract void WriteEncapsulationKey(Span<byte> encapsulationKey);

    /// <summary>
    /// The shared secret of a ciphertext of the right length. A ciphertext that was not made for this key gives a secret that nobody
    /// else knows (implicit rejection, FIPS 203 §6.3), so that the handshake fails at Finished.
    /// </summary>
    public abstract void Decapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret);

    public abstract void Dispose();
}

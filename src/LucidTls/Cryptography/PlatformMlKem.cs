using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>ML-KEM by the platform (OpenSSL 3.5 and later, recent Windows).</summary>
internal sealed class PlatformMlKem(MLKemAlgorithm algorithm) : MlKem(algorithm.EncapsulationKeySizeInBytes, algorithm.CiphertextSizeInBytes)
{
    public override MlKemDecapsulationKey Generate() => new DecapsulationKey(MLKem.GenerateKey(algorithm));

    public override MlKemDecapsulationKey FromSeed(ReadOnlySpan<byte> seed) => new DecapsulationKey(MLKem.ImportPrivateSeed(algorithm, seed));

    public override void Encapsulate(ReadOnlySpan<byte> encapsulationKey, Span<byte> ciphertext, Span<byte> sharedSecret)
    {
        CheckKeyLength(encapsulationKey);
        try
        {
            using var key = MLKem.ImportEncapsulationKey(algorithm, encapsulationKey);
            key.Encapsulate(ciphertext, sharedSecret);
        }
        catch (CryptographicException)
        {
            throw NoEncapsulationKey();
        }
    }

    private sealed class DecapsulationKey(MLKem key) : MlKemDecapsulationKey
    {
        public override void WriteEncapsulationKey(Span<byte> encapsulationKey) => key.ExportEncapsulationKey(encapsulationKey);

        public override void Decapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret) => key.Decapsulate(ciphertext, sharedSecret);

        public override void Dispose() => key.Dispose();
    }
}

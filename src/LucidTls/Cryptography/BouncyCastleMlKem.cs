using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;

namespace LucidTls.Cryptography;

/// <summary>ML-KEM by BouncyCastle, for platforms without one. Its private keys live on the garbage-collected heap and are not wiped.</summary>
internal sealed class BouncyCastleMlKem(MLKemParameters parameters, int encapsulationKeyLength, int ciphertextLength) : MlKem(encapsulationKeyLength, ciphertextLength)
{
    public override MlKemDecapsulationKey Generate()
    {
        var generator = new MLKemKeyPairGenerator();
        generator.Init(new MLKemKeyGenerationParameters(new SecureRandom(), parameters));
        return new DecapsulationKey(parameters, (MLKemPrivateKeyParameters)generator.GenerateKeyPair().Private);
    }

    public override MlKemDecapsulationKey FromSeed(ReadOnlySpan<byte> seed) => new DecapsulationKey(parameters, MLKemPrivateKeyParameters.FromSeed(parameters, seed.ToArray()));

    public override void Encapsulate(ReadOnlySpan<byte> encapsulationKey, Span<byte> ciphertext, Span<byte> sharedSecret)
    {
        CheckKeyLength(encapsulationKey);
        try
        {
            var encapsulator = new MLKemEncapsulator(parameters);
            encapsulator.Init(MLKemPublicKeyParameters.FromEncoding(parameters, encapsulationKey.ToArray()));
            encapsulator.Encapsulate(ciphertext, sharedSecret);
        }
        catch (ArgumentException)
        {
            throw NoEncapsulationKey();
        }
    }

    private sealed class DecapsulationKey(MLKemParameters parameters, MLKemPrivateKeyParameters key) : MlKemDecapsulationKey
    {
        public override void WriteEncapsulationKey(Span<byte> encapsulationKey) => key.GetPublicKeyEncoded().CopyTo(encapsulationKey);

        public override void Decapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
        {
            var decapsulator = new MLKemDecapsulator(parameters);
            decapsulator.Init(key);
            decapsulator.Decapsulate(ciphertext, sharedSecret);
        }

        public override void Dispose()
        {
        }
    }
}

using System.Security.Cryptography;
using LucidTls.Bench.Measuring;
using LucidTls.Cryptography;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using BouncyCastleX25519 = Org.BouncyCastle.Math.EC.Rfc7748.X25519;

namespace LucidTls.Bench.Workloads;

/// <summary>The cryptography that this library does itself, against what it would use otherwise: .NET's, or BouncyCastle's where .NET has none.</summary>
internal static class Kernels
{
    public const string Own = "LucidTls";

    private const int Batch = 100;

    public static IEnumerable<Contender> Contenders() => [.. AesGcm(64), .. AesGcm(16 * 1024), .. HmacOf(HashAlgorithmName.SHA256), .. HmacOf(HashAlgorithmName.SHA384), .. X25519(), .. MlKem768()];

    private static IEnumerable<Contender> AesGcm(int length)
    {
        var (key, nonce, header, tag, record) = (new byte[16], new byte[AeadKey.NonceLength], new byte[5], new byte[AeadKey.TagLength], new byte[length]);
        var workload = $"AES-128-GCM, {length:N0} bytes sealed";
        var own = new AesGcmKernelKey(key);
        var platform = new PlatformAesGcmKey(key);
        yield return Contender(workload, Own, () => own.Seal(nonce, record, tag, header));
        yield return Contender(workload, ".NET", () => platform.Seal(nonce, record, tag, header));
    }

    private static IEnumerable<Contender> HmacOf(HashAlgorithmName hash)
    {
        var (key, message, output) = (new byte[Hmac.LengthOf(hash)], new byte[64], new byte[Hmac.LengthOf(hash)]);
        var workload = $"HMAC-{hash.Name}, {message.Length} bytes";
        var secret = new Secret(key);
        yield return Contender(workload, Own, () => Hmac.HashData(hash, secret, message, output));
        yield return Contender(workload, ".NET", () => CryptographicOperations.HmacData(hash, key, message, output));
    }

    private static IEnumerable<Contender> X25519()
    {
        var (privateKey, publicKey, result) = (new byte[32], new byte[32], new byte[32]);
        Random.Shared.NextBytes(privateKey);
        Cryptography.X25519.DerivePublicKey(privateKey, publicKey);
        yield return Contender("X25519, public key", Own, () => Cryptography.X25519.DerivePublicKey(privateKey, result));
        yield return Contender("X25519, public key", "BouncyCastle", () => BouncyCastleX25519.ScalarMultBase(privateKey, result));
        yield return Contender("X25519, shared secret", Own, () => Cryptography.X25519.ScalarMultiply(privateKey, publicKey, result));
        yield return Contender("X25519, shared secret", "BouncyCastle", () => BouncyCastleX25519.ScalarMult(privateKey, publicKey, result));
    }

    private static IEnumerable<Contender> MlKem768()
    {
        var kem = ManagedMlKem.Parameters768;
        var key = kem.Generate();
        var (encapsulationKey, ciphertext, secret) = (new byte[kem.EncapsulationKeyLength], new byte[kem.CiphertextLength], new byte[32]);
        key.WriteEncapsulationKey(encapsulationKey);
        kem.Encapsulate(encapsulationKey, ciphertext, secret);

        var random = new SecureRandom();
        var generator = new MLKemKeyPairGenerator();
        generator.Init(new MLKemKeyGenerationParameters(random, MLKemParameters.ml_kem_768));
        var theirKey = (MLKemPrivateKeyParameters)generator.GenerateKeyPair().Private;
        var encapsulator = new MLKemEncapsulator(MLKemParameters.ml_kem_768);
        encapsulator.Init(MLKemPublicKeyParameters.FromEncoding(MLKemParameters.ml_kem_768, encapsulationKey));
        var decapsulator = new MLKemDecapsulator(MLKemParameters.ml_kem_768);
        decapsulator.Init(theirKey);

        yield return Contender("ML-KEM-768, key pair", Own, () => kem.Generate().Dispose());
        yield return Contender("ML-KEM-768, key pair", "BouncyCastle", () => generator.GenerateKeyPair());
        yield return Contender("ML-KEM-768, encapsulate", Own, () => kem.Encapsulate(encapsulationKey, ciphertext, secret));
        yield return Contender("ML-KEM-768, encapsulate", "BouncyCastle", () => encapsulator.Encapsulate(ciphertext, secret));
        yield return Contender("ML-KEM-768, decapsulate", Own, () => key.Decapsulate(ciphertext, secret));
        yield return Contender("ML-KEM-768, decapsulate", "BouncyCastle", () => decapsulator.Decapsulate(ciphertext, secret));
    }

    private static Contender Contender(string workload, string by, Action work) => new(workload, "", by, meter =>
    {
        while (!meter.IsDone)
        {
            meter.Start();
            for (var i = 0; i < Batch; i++)
                work();
            meter.Stop(Batch);
        }
        return Task.CompletedTask;
    });
}

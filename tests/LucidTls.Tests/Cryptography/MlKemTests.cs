using System.Security.Cryptography;
using LucidTls.Cryptography;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;

namespace LucidTls.Tests.Cryptography;

public sealed class MlKemTests
{
    public static TheoryData<int> ParameterSets => [768, 1024];

    [Theory]
    [MemberData(nameof(ParameterSets))]
    public void Key_generation_passes_Wycheproof(int parameterSet) =>
        WycheproofFile.Run($"mlkem_{parameterSet}_keygen_seed_test", expectedCases: 100, @case =>
        {
            // The expanded key comes back out of the file's bytes: its parts are not written by us.
            var kem = Managed(parameterSet);
            using var key = kem.FromSeed(@case.Bytes("seed"));
            using var expanded = kem.FromExpanded(@case.Bytes("dk"));
            return EncapsulationKey(kem, key).AsSpan().SequenceEqual(@case.Bytes("ek")) && AgreeOnSecret(kem, key, expanded);
        });

    [Theory]
    [MemberData(nameof(ParameterSets))]
    public void Decapsulation_passes_Wycheproof(int parameterSet) =>
        WycheproofFile.Run($"mlkem_{parameterSet}_test", expectedCases: 193, @case => DecapsulationAgrees(Managed(parameterSet), @case));

    [Theory]
    [MemberData(nameof(ParameterSets))]
    public void The_implementation_of_the_provider_passes_Wycheproof(int parameterSet) =>
        WycheproofFile.Run($"mlkem_{parameterSet}_test", expectedCases: 193, @case => DecapsulationAgrees((parameterSet == 768 ? MlKem.TryCreate768() : MlKem.TryCreate1024())!, @case));

    [Theory]
    [InlineData(768, 265)]
    [InlineData(1024, 269)]
    public void Encapsulation_passes_Wycheproof(int parameterSet, int cases) =>
        WycheproofFile.Run($"mlkem_{parameterSet}_encaps_test", cases, @case =>
        {
            var kem = Managed(parameterSet);
            var (ciphertext, sharedSecret) = (new byte[kem.CiphertextLength], new byte[MlKem.SharedSecretLength]);
            if (!@case.IsValid)
                return Record.Exception(() => kem.Encapsulate(@case.Bytes("ek"), @case.Bytes("m"), ciphertext, sharedSecret)) is InvalidKeyShareException;
            kem.Encapsulate(@case.Bytes("ek"), @case.Bytes("m"), ciphertext, sharedSecret);
            return ciphertext.AsSpan().SequenceEqual(@case.Bytes("c")) && sharedSecret.AsSpan().SequenceEqual(@case.Bytes("K"));
        });

    [Fact]
    public void Expanded_decapsulation_keys_pass_Wycheproof() =>
        WycheproofFile.Run("mlkem_768_semi_expanded_decaps_test", expectedCases: 9, @case =>
        {
            var sharedSecret = new byte[MlKem.SharedSecretLength];
            var error = Record.Exception(() =>
            {
                using var key = Managed(768).FromExpanded(@case.Bytes("dk"));
                key.Decapsulate(@case.Bytes("c"), sharedSecret);
            });
            return @case.IsValid ? sharedSecret.AsSpan().SequenceEqual(@case.Bytes("K")) : error is ArgumentException or CryptographicException;
        });

    [Theory]
    [MemberData(nameof(ParameterSets))]
    public void It_agrees_with_BouncyCastle_on_random_inputs(int parameterSet)
    {
        var random = new Random(Differential.Seed);
        var kem = Managed(parameterSet);
        var parameters = parameterSet == 768 ? MLKemParameters.ml_kem_768 : MLKemParameters.ml_kem_1024;
        var encapsulator = new MLKemEncapsulator(parameters);
        var decapsulator = new MLKemDecapsulator(parameters);
        var (seed, ciphertext, secret, theirs) = (new byte[64], new byte[kem.CiphertextLength], new byte[32], new byte[32]);
        for (var i = 0; i < Differential.Rounds(200); i++)
        {
            random.NextBytes(seed);
            var theirKey = MLKemPrivateKeyParameters.FromSeed(parameters, seed);
            using var key = kem.FromSeed(seed);
            var encapsulationKey = EncapsulationKey(kem, key);
            Assert.True(encapsulationKey.AsSpan().SequenceEqual(theirKey.GetPublicKeyEncoded()), Inputs());

            kem.Encapsulate(encapsulationKey, ciphertext, secret);
            decapsulator.Init(theirKey);
            decapsulator.Decapsulate(ciphertext, theirs);
            Assert.True(secret.AsSpan().SequenceEqual(theirs), Inputs());

            encapsulator.Init(theirKey.GetPublicKey());
            encapsulator.Encapsulate(ciphertext, theirs);
            key.Decapsulate(ciphertext, secret);
            Assert.True(secret.AsSpan().SequenceEqual(theirs), Inputs());

            // Implicit rejection.
            ciphertext[random.Next(ciphertext.Length)] ^= (byte)(1 << random.Next(8));
            decapsulator.Decapsulate(ciphertext, theirs);
            key.Decapsulate(ciphertext, secret);
            Assert.True(secret.AsSpan().SequenceEqual(theirs), Inputs());
        }

        string Inputs() => $"seed {Convert.ToHexString(seed)}, ciphertext {Convert.ToHexString(ciphertext)}";
    }

    [Fact]
    public void Disposing_of_a_key_makes_it_unusable()
    {
        var key = Managed(768).Generate();
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Decapsulate(new byte[1088], new byte[32]));
    }

    private static bool DecapsulationAgrees(MlKem kem, WycheproofCase @case)
    {
        var (seed, ciphertext, sharedSecret) = (@case.Bytes("seed"), @case.Bytes("c"), new byte[MlKem.SharedSecretLength]);
        if (!@case.IsValid)
            return Record.Exception(() =>
            {
                using var key = kem.FromSeed(seed);
                key.Decapsulate(ciphertext, sharedSecret);
            }) is ArgumentException;
        using var key = kem.FromSeed(seed);
        key.Decapsulate(ciphertext, sharedSecret);
        return sharedSecret.AsSpan().SequenceEqual(@case.Bytes("K")) && EncapsulationKey(kem, key).AsSpan().SequenceEqual(@case.Bytes("ek"));
    }

    private static bool AgreeOnSecret(ManagedMlKem kem, MlKemDecapsulationKey first, MlKemDecapsulationKey second)
    {
        var (ciphertext, secret, opened) = (new byte[kem.CiphertextLength], new byte[32], new byte[32]);
        kem.Encapsulate(EncapsulationKey(kem, first), ciphertext, secret);
        second.Decapsulate(ciphertext, opened);
        return secret.AsSpan().SequenceEqual(opened);
    }

    private static ManagedMlKem Managed(int parameterSet) => parameterSet == 768 ? ManagedMlKem.Parameters768 : ManagedMlKem.Parameters1024;

    private static byte[] EncapsulationKey(MlKem kem, MlKemDecapsulationKey key)
    {
        var encapsulationKey = new byte[kem.EncapsulationKeyLength];
        key.WriteEncapsulationKey(encapsulationKey);
        return encapsulationKey;
    }
}

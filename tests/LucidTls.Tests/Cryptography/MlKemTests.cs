using LucidTls.Cryptography;

namespace LucidTls.Tests.Cryptography;

public sealed class MlKemTests
{
    public static TheoryData<int> ParameterSets => [768, 1024];

    [Theory]
    [MemberData(nameof(ParameterSets))]
    public void Key_generation_passes_Wycheproof(int parameterSet) =>
        WycheproofFile.Run($"mlkem_{parameterSet}_keygen_seed_test", expectedCases: 100, @case =>
        {
            using var key = Create(parameterSet).FromSeed(@case.Bytes("seed"));
            return EncapsulationKey(key, parameterSet).AsSpan().SequenceEqual(@case.Bytes("ek"));
        });

    [Theory]
    [MemberData(nameof(ParameterSets))]
    public void Decapsulation_passes_Wycheproof(int parameterSet) =>
        WycheproofFile.Run($"mlkem_{parameterSet}_test", expectedCases: 193, @case =>
        {
            var (seed, ciphertext, sharedSecret) = (@case.Bytes("seed"), @case.Bytes("c"), new byte[MlKem.SharedSecretLength]);
            if (!@case.IsValid)
                return Record.Exception(() =>
                {
                    using var key = Create(parameterSet).FromSeed(seed);
                    key.Decapsulate(ciphertext, sharedSecret);
                }) is ArgumentException;
            using var key = Create(parameterSet).FromSeed(seed);
            key.Decapsulate(ciphertext, sharedSecret);
            return sharedSecret.AsSpan().SequenceEqual(@case.Bytes("K")) && EncapsulationKey(key, parameterSet).AsSpan().SequenceEqual(@case.Bytes("ek"));
        });

    private static MlKem Create(int parameterSet) => parameterSet == 768 ? MlKem.Create768() : MlKem.Create1024();

    private static byte[] EncapsulationKey(MlKemDecapsulationKey key, int parameterSet)
    {
        var encapsulationKey = new byte[Create(parameterSet).EncapsulationKeyLength];
        key.WriteEncapsulationKey(encapsulationKey);
        return encapsulationKey;
    }
}

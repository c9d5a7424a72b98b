using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Tests.Cryptography;

public sealed class HkdfTests
{
    private static readonly HashAlgorithmName Sha256 = HashAlgorithmName.SHA256;

    [Theory]
    [InlineData("hkdf_sha256_test", "SHA256", 86)]
    [InlineData("hkdf_sha384_test", "SHA384", 83)]
    public void Hkdf_passes_Wycheproof(string file, string hashName, int cases)
    {
        var hash = new HashAlgorithmName(hashName);
        WycheproofFile.Run(file, cases, @case =>
        {
            using var salt = new Secret(@case.Bytes("salt"));
            using var pseudorandomKey = new Secret(Hmac.LengthOf(hash));
            Hkdf.Extract(hash, salt, @case.Bytes("ikm"), pseudorandomKey);
            var output = new byte[@case.Test.GetProperty("size").GetInt32()];
            if (@case.IsValid)
            {
                Hkdf.Expand(hash, pseudorandomKey, @case.Bytes("info"), output);
                return output.AsSpan().SequenceEqual(@case.Bytes("okm"));
            }
            // The invalid cases ask for more than 255 blocks.
            return Record.Exception(() => Hkdf.Expand(hash, pseudorandomKey, @case.Bytes("info"), output)) is ArgumentOutOfRangeException;
        });
    }

    [Theory]
    [InlineData("hmac_sha256_test", "SHA256", 174)]
    [InlineData("hmac_sha384_test", "SHA384", 174)]
    public void Hmac_passes_Wycheproof(string file, string hashName, int cases)
    {
        var hash = new HashAlgorithmName(hashName);
        WycheproofFile.Run(file, cases, @case =>
        {
            var tag = new byte[Hmac.LengthOf(hash)];
            using var key = new Secret(@case.Bytes("key"));
            Hmac.HashData(hash, key, @case.Bytes("msg"), tag);
            // Half of the groups have tags cut to half of their length.
            var expected = @case.Bytes("tag");
            return tag.AsSpan(0, expected.Length).SequenceEqual(expected) == @case.IsValid;
        });
    }

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA384")]
    public void Hmac_agrees_with_the_platform_at_every_length(string hashName)
    {
        var hash = new HashAlgorithmName(hashName);
        var random = new Random(Differential.Seed);
        var (ours, theirs) = (new byte[Hmac.LengthOf(hash)], new byte[Hmac.LengthOf(hash)]);
        for (var i = 0; i < Differential.Rounds(20_000); i++)
        {
            // Both lengths pass through those where another block begins and those where the platform takes over.
            var key = new byte[i % 150];
            var data = new byte[i % 307];
            random.NextBytes(key);
            random.NextBytes(data);
            using var secret = new Secret(key);
            Hmac.HashData(hash, secret, data, ours);
            CryptographicOperations.HmacData(hash, key, data, theirs);
            Assert.True(ours.AsSpan().SequenceEqual(theirs), $"key of {key.Length}, data of {data.Length} bytes, seed {Differential.Seed}");
        }
    }

    [Fact]
    public void Rfc5869_test_case_1_comes_out()
    {
        using var salt = new Secret(Hex("000102030405060708090a0b0c"));
        using var pseudorandomKey = new Secret(32);
        Hkdf.Extract(Sha256, salt, Enumerable.Repeat((byte)0x0b, 22).ToArray(), pseudorandomKey);
        Assert.Equal("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", Convert.ToHexStringLower(pseudorandomKey.Span));
        var output = new byte[42];
        Hkdf.Expand(Sha256, pseudorandomKey, Hex("f0f1f2f3f4f5f6f7f8f9"), output);
        Assert.Equal("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865", Convert.ToHexStringLower(output));
    }

    [Fact]
    public void Rfc8448_section_3_derives_from_the_early_secret_to_the_client_handshake_key()
    {
        using var early = new Secret(32);
        Hkdf.Extract(Sha256, Hkdf.NoSalt, new byte[32], early);
        Assert.Equal("33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a", Convert.ToHexStringLower(early.Span));

        var derived = ExpandLabel(early.Span, "derived"u8, SHA256.HashData([]), 32);
        Assert.Equal("6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba", Convert.ToHexStringLower(derived));

        using var handshake = new Secret(32);
        using var salt = new Secret(derived);
        Hkdf.Extract(Sha256, salt, Hex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"), handshake);
        Assert.Equal("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac", Convert.ToHexStringLower(handshake.Span));

        var transcriptHash = Hex("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8");
        var client = ExpandLabel(handshake.Span, "c hs traffic"u8, transcriptHash, 32);
        Assert.Equal("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21", Convert.ToHexStringLower(client));
        Assert.Equal("dbfaa693d1762c5b666af5d950258d01", Convert.ToHexStringLower(ExpandLabel(client, "key"u8, [], 16)));
        Assert.Equal("5bd3c71b836e0b76bb73265f", Convert.ToHexStringLower(ExpandLabel(client, "iv"u8, [], 12)));
        Assert.Equal("b80ad01015fb2f0bd65ff7d4da5d6bf83f84821d1f87fdc7d3c75b5a7b42d9c4", Convert.ToHexStringLower(ExpandLabel(client, "finished"u8, [], 32)));
    }

    [Theory]
    [InlineData("SHA256", 32)]
    [InlineData("SHA384", 48)]
    public void Expand_label_agrees_with_the_platforms_HKDF_at_every_length(string hashName, int hashLength)
    {
        var hash = new HashAlgorithmName(hashName);
        using var secret = new Secret(RandomNumberGenerator.GetBytes(hashLength));
        foreach (var length in new[] { 0, 1, 12, 16, hashLength - 1, hashLength, hashLength + 1, 3 * hashLength, 1000 })
        {
            foreach (var contextLength in new[] { 0, 1, hashLength, 255 })
            {
                var context = RandomNumberGenerator.GetBytes(contextLength);
                byte[] info = [(byte)(length >> 8), (byte)length, 12, .. "tls13 a b c "u8, (byte)contextLength, .. context];
                var output = new byte[length];
                Hkdf.ExpandLabel(hash, secret, "a b c "u8, context, output);
                Assert.Equal(length == 0 ? [] : HKDF.Expand(hash, secret.Span.ToArray(), length, info), output);
            }
        }
    }

    [Fact]
    public void A_label_or_context_that_cannot_be_encoded_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Hkdf.ExpandLabel(Sha256, Hkdf.NoSalt, new byte[250], [], new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Hkdf.ExpandLabel(Sha256, Hkdf.NoSalt, "key"u8, new byte[256], new byte[16]));
        Assert.Throws<ArgumentException>(() => Hkdf.ExpandLabel(HashAlgorithmName.MD5, Hkdf.NoSalt, "key"u8, [], new byte[16]));
    }

    private static byte[] ExpandLabel(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, int length)
    {
        using var key = new Secret(secret);
        var output = new byte[length];
        Hkdf.ExpandLabel(Sha256, key, label, context, output);
        return output;
    }

    private static byte[] Hex(string hex) => Convert.FromHexString(hex);
}

using System.Security.Cryptography;
using LucidTls.Cryptography;

namespace LucidTls.Tests.Cryptography;

public sealed class AeadTests
{
    public static TheoryData<ushort> Suites => [0x1301, 0x1302, 0x1303];

    [Fact]
    public void AesGcm_passes_Wycheproof() => RunWycheproofAesGcm(key => Suite(key.Length == 16 ? CipherSuite.Aes128GcmSha256 : CipherSuite.Aes256GcmSha384).CreateKey(key));

    [Fact]
    public void The_platforms_AesGcm_passes_Wycheproof() => RunWycheproofAesGcm(key => new PlatformAesGcmKey(key));

    [Fact]
    public void ChaCha20Poly1305_passes_Wycheproof() =>
        WycheproofFile.Run("chacha20_poly1305_test", expectedCases: 316, @case =>
        {
            if (@case.Group.GetProperty("ivSize").GetInt32() != 96)
                return null;
            using var key = Suite(CipherSuite.ChaCha20Poly1305Sha256).CreateKey(@case.Bytes("key"));
            return AgreesWith(key, @case);
        });

    [Fact]
    public void The_ChaCha20Poly1305_for_platforms_without_one_passes_Wycheproof() =>
        WycheproofFile.Run("chacha20_poly1305_test", expectedCases: 316, @case =>
        {
            if (@case.Group.GetProperty("ivSize").GetInt32() != 96)
                return null;
            using var key = new ManagedChaCha20Poly1305Key(@case.Bytes("key"));
            return AgreesWith(key, @case);
        });

    [Fact]
    public void Both_ChaCha20Poly1305_implementations_agree_at_every_length()
    {
        var random = new Random(8439);
        var keyBytes = new byte[32];
        random.NextBytes(keyBytes);
        using var platform = new PlatformChaCha20Poly1305Key(keyBytes);
        using var managed = new ManagedChaCha20Poly1305Key(keyBytes);
        foreach (var length in Enumerable.Range(0, 300).Append(16_384).Append(16_385))
        {
            var nonce = new byte[AeadKey.NonceLength];
            var plaintext = new byte[length];
            var associatedData = new byte[random.Next(20)];
            random.NextBytes(nonce);
            random.NextBytes(plaintext);
            random.NextBytes(associatedData);
            var (first, second) = (plaintext.ToArray(), plaintext.ToArray());
            var (firstTag, secondTag) = (new byte[16], new byte[16]);
            platform.Seal(nonce, first, firstTag, associatedData);
            managed.Seal(nonce, second, secondTag, associatedData);
            Assert.Equal(first, second);
            Assert.Equal(firstTag, secondTag);
            Assert.True(managed.Open(nonce, second, secondTag, associatedData));
            Assert.Equal(plaintext, second);
        }
    }

    [Fact]
    public void The_AesGcm_kernel_agrees_with_the_platform_on_random_inputs()
    {
        if (!AesGcmKernelKey.IsSupported)
            return; // The platform's is all there is, and the other tests are about it.
        var random = new Random(Differential.Seed);
        var (ours, theirs) = (new byte[18_000], new byte[18_000]);
        var (ourTag, theirTag, nonce) = (new byte[16], new byte[16], new byte[12]);
        for (var i = 0; i < Differential.Rounds(5000); i++)
        {
            var keyBytes = new byte[random.Next(2) == 0 ? 16 : 32];
            var associatedData = new byte[random.Next(4) == 0 ? random.Next(70) : 5];
            random.NextBytes(keyBytes);
            random.NextBytes(nonce);
            random.NextBytes(associatedData);
            // Lengths around groups of blocks, some long ones, at any alignment.
            var start = random.Next(70);
            var length = random.Next(8) == 0 ? random.Next(17_000) : random.Next(800);
            random.NextBytes(ours.AsSpan(start, length));
            ours.AsSpan(start, length).CopyTo(theirs.AsSpan(start));
            var plaintext = ours.AsSpan(start, length).ToArray();

            using var kernel = new AesGcmKernelKey(keyBytes);
            using var platform = new PlatformAesGcmKey(keyBytes);
            kernel.Seal(nonce, ours.AsSpan(start, length), ourTag, associatedData);
            platform.Seal(nonce, theirs.AsSpan(start, length), theirTag, associatedData);
            var inputs = $"seed {Differential.Seed}, round {i}, {length} bytes at {start}, {associatedData.Length} associated, key of {keyBytes.Length}";
            Assert.True(ours.AsSpan(start, length).SequenceEqual(theirs.AsSpan(start, length)) && ourTag.AsSpan().SequenceEqual(theirTag), inputs);
            Assert.True(kernel.Open(nonce, ours.AsSpan(start, length), ourTag, associatedData), inputs);
            Assert.True(ours.AsSpan(start, length).SequenceEqual(plaintext), inputs);

            theirTag[random.Next(16)] ^= (byte)(1 << random.Next(8));
            Assert.False(kernel.Open(nonce, theirs.AsSpan(start, length), theirTag, associatedData), inputs);
            Assert.True(theirs.AsSpan(start, length).IndexOfAnyExcept((byte)0) < 0, inputs);
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    public void A_key_of_the_AesGcm_kernel_goes_from_short_records_to_long_ones_and_back(int keyLength)
    {
        if (!AesGcmKernelKey.IsSupported)
            return; // The platform's is all there is, and the other tests are about it.
        var keyBytes = RandomNumberGenerator.GetBytes(keyLength);
        using var kernel = new AesGcmKernelKey(keyBytes);
        using var platform = new PlatformAesGcmKey(keyBytes);
        var nonce = new byte[AeadKey.NonceLength];
        foreach (var length in Enumerable.Range(0, 1100).Append(16_385).Concat(Enumerable.Range(0, 300)))
        {
            var (ours, theirs, ourTag, theirTag) = (new byte[length], new byte[length], new byte[16], new byte[16]);
            nonce[11]++;
            kernel.Seal(nonce, ours, ourTag, default);
            platform.Seal(nonce, theirs, theirTag, default);
            Assert.Equal(theirs, ours);
            Assert.Equal(theirTag, ourTag);
            Assert.True(kernel.Open(nonce, ours, ourTag, default));
        }
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void A_record_changed_anywhere_does_not_open(ushort id)
    {
        using var key = Suite(new CipherSuite(id)).CreateKey(new byte[Suite(new CipherSuite(id)).KeyLength]);
        var sealedRecord = RandomNumberGenerator.GetBytes(40);
        var (nonce, header, tag) = (new byte[12], new byte[5], new byte[16]);
        key.Seal(nonce, sealedRecord, tag, header);

        byte[][] parts = [nonce, sealedRecord, tag, header];
        foreach (var part in parts)
        {
            for (var bit = 0; bit < part.Length * 8; bit++)
            {
                part[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.False(key.Open(nonce, sealedRecord.ToArray(), tag, header));
                part[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }
        Assert.True(key.Open(nonce, sealedRecord, tag, header));
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void A_key_of_another_length_is_refused(ushort id)
    {
        var suite = Suite(new CipherSuite(id));
        Assert.Throws<ArgumentOutOfRangeException>(() => suite.CreateKey(new byte[suite.KeyLength - 1]));
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void Sealing_and_opening_allocate_nothing(ushort id)
    {
        var suite = Suite(new CipherSuite(id));
        using var key = suite.CreateKey(new byte[suite.KeyLength]);
        var (nonce, record, header, tag) = (new byte[12], new byte[1000], new byte[5], new byte[16]);
        key.Seal(nonce, record, tag, header);
        Assert.True(key.Open(nonce, record, tag, header));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            key.Seal(nonce, record, tag, header);
            key.Open(nonce, record, tag, header);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void An_unknown_suite_is_not_listed() => Assert.False(CryptoProvider.Default.TryGetSuite(new CipherSuite(0x1304), out _));

    private static SuiteAlgorithm Suite(CipherSuite id)
    {
        Assert.True(CryptoProvider.Default.TryGetSuite(id, out var suite));
        return suite;
    }

    private static void RunWycheproofAesGcm(Func<byte[], AeadKey> create) =>
        WycheproofFile.Run("aes_gcm_test", expectedCases: 133, @case =>
        {
            // TLS has neither 192-bit keys nor nonces other than 96 bits.
            if (@case.Group.GetProperty("keySize").GetInt32() == 192 || @case.Group.GetProperty("ivSize").GetInt32() != 96)
                return null;
            using var key = create(@case.Bytes("key"));
            return AgreesWith(key, @case);
        });

    private static bool AgreesWith(AeadKey key, WycheproofCase @case)
    {
        var (nonce, associatedData) = (@case.Bytes("iv"), @case.Bytes("aad"));
        var (message, ciphertext, tag) = (@case.Bytes("msg"), @case.Bytes("ct"), @case.Bytes("tag"));

        var sealedMessage = message.ToArray();
        var sealedTag = new byte[AeadKey.TagLength];
        key.Seal(nonce, sealedMessage, sealedTag, associatedData);

        var opened = ciphertext.ToArray();
        var isOpened = key.Open(nonce, opened, tag, associatedData);
        if (!@case.IsValid)
            return !isOpened;
        return isOpened && opened.AsSpan().SequenceEqual(message) && sealedMessage.AsSpan().SequenceEqual(ciphertext) && sealedTag.AsSpan().SequenceEqual(tag);
    }
}

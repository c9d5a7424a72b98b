using LucidTls.Cryptography;

namespace LucidTls.Tests.Cryptography;

public sealed class RandomnessTests
{
    [Fact]
    public void No_bytes_are_handed_out_twice_whatever_the_lengths_and_threads()
    {
        var seen = new HashSet<UInt128>();
        Parallel.For(0, 8, thread =>
        {
            for (var i = 0; i < 2000; i++)
            {
                var bytes = new byte[16 + ((i + thread) % (2 * Randomness.BlockLength))];
                Randomness.Fill(bytes);
                lock (seen)
                {
                    for (var start = 0; start + 16 <= bytes.Length; start += 16)
                        Assert.True(seen.Add(BitConverter.ToUInt128(bytes, start)));
                }
            }
        });
    }

    [Fact]
    public void Every_byte_of_what_is_asked_for_is_filled()
    {
        foreach (var length in (int[])[1, 4, 12, 32, Randomness.BlockLength - 1, Randomness.BlockLength, Randomness.BlockLength + 1])
        {
            var everSet = new byte[length];
            for (var i = 0; i < 64; i++)
            {
                var bytes = new byte[length];
                Randomness.Fill(bytes);
                for (var j = 0; j < length; j++)
                    everSet[j] |= bytes[j];
            }
            // By chance a byte would be missed once in 2^512.
            Assert.DoesNotContain((byte)0, everSet);
        }
    }
}

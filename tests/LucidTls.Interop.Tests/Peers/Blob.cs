using System.Security.Cryptography;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>Many bytes that can be made again from their seed, for comparing what came with what was sent.</summary>
internal static class Blob
{
    public const long Size = 100 * 1000 * 1000;

    public static async Task<byte[]> SendAsync(Stream stream, int seed, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(seed);
        var buffer = new byte[64 * 1024];
        for (long left = Size; left > 0;)
        {
            random.NextBytes(buffer);
            var piece = buffer.AsMemory(0, (int)Math.Min(left, buffer.Length));
            hash.AppendData(piece.Span);
            await stream.WriteAsync(piece, cancellationToken);
            left -= piece.Length;
        }
        await stream.FlushAsync(cancellationToken);
        return hash.GetHashAndReset();
    }

    public static async Task<byte[]> ReceiveAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[64 * 1024];
        for (long left = Size; left > 0;)
        {
            var count = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancellationToken);
            Assert.True(count > 0, $"The stream ended with {left} bytes to come.");
            hash.AppendData(buffer, 0, count);
            left -= count;
        }
        return hash.GetHashAndReset();
    }
}

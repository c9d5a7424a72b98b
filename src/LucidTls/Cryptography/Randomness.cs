using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// Random bytes of the platform's generator. It takes as long for a few as for some hundred, so each thread draws a block ahead: bytes leave it once, and are wiped
/// as they leave. What lies there is as secret as the generator's own state, from which it could be computed.
/// </summary>
internal static class Randomness
{
    /// <summary>Bytes drawn ahead: about what a server's handshake takes, with two tickets.</summary>
    public const int BlockLength = 128;

    [ThreadStatic]
    private static Secret? _block;

    [ThreadStatic]
    private static int _left;

    public static void Fill(Span<byte> destination)
    {
        if (destination.Length > BlockLength)
        {
            RandomNumberGenerator.Fill(destination);
            return;
        }
        var block = (_block ??= new Secret(BlockLength)).Span;
        if (_left < destination.Length)
        {
            RandomNumberGenerator.Fill(block);
            _left = BlockLength;
        }
        _left -= destination.Length;
        var taken = block.Slice(_left, destination.Length);
        taken.CopyTo(destination);
        CryptographicOperations.ZeroMemory(taken);
    }
}

namespace LucidTls.Cryptography;

/// <summary>One AEAD key for one direction (RFC 5116): 12-byte nonces, 16-byte tags, everything in place and without allocation.</summary>
internal abstract class AeadKey : IDisposable
{
    public const int NonceLength = 12;
    public const int TagLength = 16;

    /// <summary>Encrypts <paramref name="buffer"/> in place and writes the tag.</summary>
    public abstract void Seal(ReadOnlySpan<byte> nonce, Span<byte> buffer, Span<byte> tag, ReadOnlySpan<byte> associatedData);

    /// <summary>Decrypts <paramref name="buffer"/> in place. False when the tag is wrong; the buffer's content is then undefined.</summary>
    public abstract bool Open(ReadOnlySpan<byte> nonce, Span<byte> buffer, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> associatedData);

    public abstract void Dispose();
}

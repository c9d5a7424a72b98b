using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>A ChaCha20-Poly1305 key held by the platform's <see cref="ChaCha20Poly1305"/>.</summary>
internal sealed class PlatformChaCha20Poly1305Key(ReadOnlySpan<byte> key) : AeadKey
{
    private readonly ChaCha20Poly1305 _aead = new(key);

    public override void Seal(ReadOnlySpan<byte> nonce, Span<byte> buffer, Span<byte> tag, ReadOnlySpan<byte> associatedData) =>
        _aead.Encrypt(nonce, buffer, buffer, tag, associatedData);

    public override bool Open(ReadOnlySpan<byte> nonce, Span<byte> buffer, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> associatedData)
    {
        try
        {
            _aead.Decrypt(nonce, buffer, tag, buffer, associatedData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public override void Dispose() => _aead.Dispose();
}

using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>An AES-GCM key held by the platform's <see cref="AesGcm"/>.</summary>
internal sealed class PlatformAesGcmKey(ReadOnlySpan<byte> key) : AeadKey
{
    private readonly AesGcm _aead = new(key, TagLength);

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

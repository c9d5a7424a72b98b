using System.Security.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;

namespace LucidTls.Cryptography;

/// <summary>
/// ChaCha20-Poly1305 by BouncyCastle, for platforms without one (Windows before 10.0.20142, for example). Slower, and it
/// allocates the cipher's parameters for each record.
/// </summary>
internal sealed class ManagedChaCha20Poly1305Key(ReadOnlySpan<byte> key) : AeadKey
{
    private readonly Org.BouncyCastle.Crypto.Modes.ChaCha20Poly1305 _aead = new();
    private readonly byte[] _key = key.ToArray();

    public override void Seal(ReadOnlySpan<byte> nonce, Span<byte> buffer, Span<byte> tag, ReadOnlySpan<byte> associatedData)
    {
        Initialize(forEncryption: true, nonce, associatedData);
        // The cipher writes behind what it has read, so working in place is safe; the tag comes out at the end.
        Span<byte> rest = stackalloc byte[TagLength + 64];
        var written = _aead.ProcessBytes(buffer, buffer);
        var remaining = _aead.DoFinal(rest);
        rest[..(buffer.Length - written)].CopyTo(buffer[written..]);
        rest[(buffer.Length - written)..remaining].CopyTo(tag);
    }

    public override bool Open(ReadOnlySpan<byte> nonce, Span<byte> buffer, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> associatedData)
    {
        Initialize(forEncryption: false, nonce, associatedData);
        Span<byte> rest = stackalloc byte[2 * (TagLength + 64)];
        try
        {
            var written = _aead.ProcessBytes(buffer, buffer);
            var tail = _aead.ProcessBytes(tag, rest);
            tail += _aead.DoFinal(rest[tail..]);
            rest[..tail].CopyTo(buffer[written..]);
            return true;
        }
        catch (InvalidCipherTextException)
        {
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(rest);
        }
    }

    public override void Dispose() => CryptographicOperations.ZeroMemory(_key);

    private void Initialize(bool forEncryption, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData)
    {
        _aead.Init(forEncryption, new ParametersWithIV(new KeyParameter(_key), nonce));
        _aead.ProcessAadBytes(associatedData);
    }
}

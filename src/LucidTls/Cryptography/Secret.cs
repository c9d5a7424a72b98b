using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// Secret bytes in unmanaged memory, so that no garbage collection leaves a copy behind; zeroed when disposed.
/// A span of it is lent only to code in this folder and to the key schedule.
/// </summary>
internal sealed unsafe class Secret : IDisposable
{
    private nint _bytes;
    private nint _hmacSha256Key;
    private nint _hmacSha384Key;

    public Secret(int length)
    {
        Length = length;
        _bytes = (nint)NativeMemory.AllocZeroed((nuint)length);
    }

    public Secret(ReadOnlySpan<byte> value) : this(value.Length) => value.CopyTo(Span);

    ~Secret() => Free();

    public int Length { get; }

    public Span<byte> Span
    {
        get
        {
            var bytes = _bytes;
            ObjectDisposedException.ThrowIf(bytes == 0, this);
            return new Span<byte>((void*)bytes, Length);
        }
    }

    /// <summary>What HMAC makes of this secret as its key: made when first asked for and kept, since most secrets of TLS key several messages.</summary>
    public ref readonly HmacKey<Sha256> HmacSha256Key => ref HmacKey<Sha256>(ref _hmacSha256Key);

    /// <inheritdoc cref="HmacSha256Key"/>
    public ref readonly HmacKey<Sha384> HmacSha384Key => ref HmacKey<Sha384>(ref _hmacSha384Key);

    /// <summary>Drops what was made for HMAC, where the secret stays for long and is used seldom.</summary>
    public void DropHmacKeys()
    {
        Free(ref _hmacSha256Key, sizeof(HmacKey<Sha256>));
        Free(ref _hmacSha384Key, sizeof(HmacKey<Sha384>));
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private ref readonly HmacKey<THash> HmacKey<THash>(ref nint place) where THash : unmanaged, IBlockHash<THash>
    {
        var key = place;
        return ref *(HmacKey<THash>*)(key != 0 ? key : MakeHmacKey<THash>(ref place));
    }

    private nint MakeHmacKey<THash>(ref nint place) where THash : unmanaged, IBlockHash<THash>
    {
        var made = (nint)NativeMemory.Alloc((nuint)sizeof(HmacKey<THash>));
        Cryptography.HmacKey<THash>.Make(Span, out *(HmacKey<THash>*)made);
        // An exporter's secret may be used by two threads at once: the first one's stays.
        var first = Interlocked.CompareExchange(ref place, made, 0);
        if (first == 0)
            return made;
        Free(ref made, sizeof(HmacKey<THash>));
        return first;
    }

    private void Free()
    {
        Free(ref _bytes, Length);
        DropHmacKeys();
    }

    private static void Free(ref nint memory, int length)
    {
        var bytes = (void*)Interlocked.Exchange(ref memory, 0);
        if (bytes == null)
            return;
        CryptographicOperations.ZeroMemory(new Span<byte>(bytes, length));
        NativeMemory.Free(bytes);
    }
}

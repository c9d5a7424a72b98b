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
    private nint _hmacKey;

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

    /// <summary>What HMAC with SHA-384 makes of this secret as its key: made when first asked for and kept, since most secrets of TLS key several messages.</summary>
    public ref readonly HmacSha384Key HmacSha384Key
    {
        get
        {
            var key = _hmacKey;
            return ref *(HmacSha384Key*)(key != 0 ? key : MakeHmacKey());
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private nint MakeHmacKey()
    {
        var made = (nint)NativeMemory.Alloc((nuint)sizeof(HmacSha384Key));
        HmacSha384Key.Make(Span, out *(HmacSha384Key*)made);
        // An exporter's secret may be used by two threads at once: the first one's stays.
        var first = Interlocked.CompareExchange(ref _hmacKey, made, 0);
        if (first == 0)
            return made;
        Free(ref made, sizeof(HmacSha384Key));
        return first;
    }

    private void Free()
    {
        Free(ref _bytes, Length);
        Free(ref _hmacKey, sizeof(HmacSha384Key));
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

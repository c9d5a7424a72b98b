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

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        var bytes = (void*)Interlocked.Exchange(ref _bytes, 0);
        if (bytes == null)
            return;
        CryptographicOperations.ZeroMemory(new Span<byte>(bytes, Length));
        NativeMemory.Free(bytes);
    }
}

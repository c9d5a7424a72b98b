using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>Zeros secret bytes at the end of a scope, however it is left.</summary>
internal readonly struct Wiping(byte[] bytes) : IDisposable
{
    public void Dispose() => CryptographicOperations.ZeroMemory(bytes);
}

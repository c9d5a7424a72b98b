namespace LucidTls.Cryptography;

/// <summary>A hash of the SHA-2 family by its blocks; what fills the last block up is its user's.</summary>
internal interface IShortHash<TSelf> where TSelf : unmanaged, IShortHash<TSelf>
{
    static abstract int BlockLength { get; }
    static abstract int HashLength { get; }
    static abstract TSelf Start();
    void Compress(ReadOnlySpan<byte> block);
    void Write(Span<byte> hash);
}

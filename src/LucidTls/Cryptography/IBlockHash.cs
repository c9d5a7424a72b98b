namespace LucidTls.Cryptography;

/// <summary>A hash that takes in one block after another; padding is its user's.</summary>
internal interface IBlockHash<TSelf> where TSelf : unmanaged, IBlockHash<TSelf>
{
    /// <summary>Bytes of a block.</summary>
    static abstract int BlockLength { get; }

    /// <summary>Bytes of the hash.</summary>
    static abstract int HashLength { get; }

    /// <summary>The state before the first block.</summary>
    static abstract TSelf Start();

    void Compress(ReadOnlySpan<byte> block);

    /// <summary>Writes the state as the hash that it is after the last block.</summary>
    void Write(Span<byte> hash);
}

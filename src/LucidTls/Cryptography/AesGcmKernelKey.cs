using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using Aes = System.Runtime.Intrinsics.X86.Aes;

namespace LucidTls.Cryptography;

/// <summary>
/// AES-GCM (NIST SP 800-38D) on the AES and carry-less multiplication instructions of x86: where the platform takes most of a microsecond to
/// begin, this is done with a small record in a tenth of it.
/// <para>
/// Constant time: AES and GHASH are instructions whose time does not depend on their operands; branches depend on lengths only, and the tag is compared
/// without one. The keys lie in memory that is wiped when disposed.
/// </para>
/// </summary>
internal sealed class AesGcmKernelKey : AeadKey
{
    private const int BlockLength = AesKeySchedule.BlockLength;

    /// <summary>Blocks that go through AES together: as many as hide its latency, and fit into the registers.</summary>
    private const int Lanes = 8;
    private const int LanesLength = Lanes * BlockLength;

    /// <summary>
    /// When sealing, GHASH runs so many bytes behind AES: far enough that the ciphertext has left the store buffer, from which it
    /// could not be loaded in other widths than those that were stored.
    /// </summary>
    private const int HashLag = 2 * Ghash.GroupLength;

    /// <summary>As many powers of H as a key begins with: most connections never see a <see cref="LongRecord"/>, and a server holds many.</summary>
    private const int FewPowers = 8;

    /// <summary>From so many bytes on it pays to have all powers.</summary>
    private const int LongRecord = 4 * Ghash.GroupLength;

    private readonly int _rounds;

    /// <summary>The round keys, then powers of H.</summary>
    private Secret _state;
    private int _powers;

    public AesGcmKernelKey(ReadOnlySpan<byte> key)
    {
        _rounds = AesKeySchedule.Rounds(key.Length);
        _state = NewState(FewPowers);
        AesKeySchedule.Expand(key, _state.Span);
        MakePowers(FewPowers);
    }

    public static bool IsSupported => Aes.IsSupported && Pclmulqdq.IsSupported && Ssse3.IsSupported;

    public override void Seal(ReadOnlySpan<byte> nonce, Span<byte> buffer, Span<byte> tag, ReadOnlySpan<byte> associatedData)
    {
        CheckLengths(nonce, tag);
        Process(isSealing: true, nonce, buffer, associatedData).CopyTo(tag);
    }

    public override bool Open(ReadOnlySpan<byte> nonce, Span<byte> buffer, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> associatedData)
    {
        CheckLengths(nonce, tag);
        Span<byte> expected = stackalloc byte[TagLength];
        Process(isSealing: false, nonce, buffer, associatedData).CopyTo(expected);
        if (CryptographicOperations.FixedTimeEquals(expected, tag))
            return true;
        // What was decrypted is not authentic and must not be seen.
        buffer.Clear();
        return false;
    }

    public override void Dispose() => _state.Dispose();

    private int RoundKeysLength => AesKeySchedule.Length(_rounds);

    private Secret NewState(int powers) => new(RoundKeysLength + (powers * BlockLength));

    private void MakePowers(int count)
    {
        _powers = count;
        var state = _state.Span;
        Ghash.MakePowers(EncryptBlock(Vector128<byte>.Zero, ref MemoryMarshal.GetReference(state), _rounds), state[RoundKeysLength..]);
    }

    private void MakeAllPowers()
    {
        var state = NewState(Ghash.AllPowers);
        _state.Span[..RoundKeysLength].CopyTo(state.Span);
        _state.Dispose();
        _state = state;
        MakePowers(Ghash.AllPowers);
    }

    private static void CheckLengths(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> tag)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceLength);
        ArgumentOutOfRangeException.ThrowIfNotEqual(tag.Length, TagLength);
    }

    /// <summary>Encrypts or decrypts in place and gives the tag.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Vector128<byte> Process(bool isSealing, ReadOnlySpan<byte> nonce, Span<byte> buffer, ReadOnlySpan<byte> associatedData)
    {
        if (buffer.Length >= LongRecord && _powers < Ghash.AllPowers)
            MakeAllPowers();
        ref var roundKeys = ref MemoryMarshal.GetReference(_state.Span);
        ref var powersEnd = ref Unsafe.Add(ref roundKeys, RoundKeysLength + (_powers * BlockLength));
        ref var data = ref MemoryMarshal.GetReference(buffer);

        // The block J0 is the nonce and a 32-bit counter, big endian, that starts at 1; as a number it counts in its lowest word.
        var counter = Vector128.Create(
            1u,
            BinaryPrimitives.ReadUInt32BigEndian(nonce[8..]),
            BinaryPrimitives.ReadUInt32BigEndian(nonce[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(nonce));
        var tagMask = EncryptBlock(Ghash.Reverse(counter.AsByte()).AsByte(), ref roundKeys, _rounds);
        counter += Vector128.CreateScalar(1u);

        var hash = HashAssociatedData(associatedData, ref powersEnd);
        var position = 0;
        var hashed = 0;
        for (; _powers == Ghash.AllPowers && buffer.Length - position >= Ghash.GroupLength; position += Ghash.GroupLength)
        {
            if (!isSealing || position >= HashLag)
            {
                hash = Ghash.HashGroup(hash, ref Unsafe.Add(ref data, hashed), ref powersEnd);
                hashed += Ghash.GroupLength;
            }
            CryptLanes(ref Unsafe.Add(ref data, position), counter, ref roundKeys, _rounds);
            CryptLanes(ref Unsafe.Add(ref data, position + LanesLength), counter + Vector128.CreateScalar((uint)Lanes), ref roundKeys, _rounds);
            counter += Vector128.CreateScalar(2u * Lanes);
        }
        for (; hashed < position; hashed += Ghash.GroupLength)
            hash = Ghash.HashGroup(hash, ref Unsafe.Add(ref data, hashed), ref powersEnd);

        var rest = buffer[position..];
        if (isSealing)
            CryptRest(rest, counter, ref roundKeys, _rounds);
        hash = HashRestAndLengths(hash, rest, associatedData.Length, buffer.Length, ref powersEnd, _powers);
        if (!isSealing)
            CryptRest(rest, counter, ref roundKeys, _rounds);
        GC.KeepAlive(_state);
        return Ghash.Reverse(hash.AsByte()).AsByte() ^ tagMask;
    }

    private static Vector128<ulong> HashAssociatedData(ReadOnlySpan<byte> associatedData, ref byte powersEnd)
    {
        var hash = Vector128<ulong>.Zero;
        var h = Vector128.LoadUnsafe(ref Ghash.Power(ref powersEnd, 1)).AsUInt64();
        for (; associatedData.Length >= BlockLength; associatedData = associatedData[BlockLength..])
            hash = Ghash.Multiply(hash ^ Ghash.Reverse(Vector128.Create(associatedData)), h);
        return associatedData.IsEmpty ? hash : Ghash.Multiply(hash ^ Ghash.Reverse(LoadPadded(associatedData)), h);
    }

    /// <summary>The hash after what is left, and the block with both lengths in bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector128<ulong> HashRestAndLengths(Vector128<ulong> hash, ReadOnlySpan<byte> rest, int associatedDataLength, int length, ref byte powersEnd, int powers)
    {
        while (rest.Length > (powers - 1) * BlockLength)
        {
            var blocks = rest[..(Math.Min(powers, rest.Length / BlockLength) * BlockLength)];
            hash = Ghash.HashBlocks(hash, blocks, ref powersEnd);
            rest = rest[blocks.Length..];
        }
        var sum = default(Ghash.Products);
        var exponent = ((rest.Length + BlockLength - 1) / BlockLength) + 1;
        ref var power = ref Ghash.Power(ref powersEnd, exponent);
        for (; rest.Length >= BlockLength; rest = rest[BlockLength..])
        {
            sum.Add(hash ^ Ghash.Reverse(Vector128.Create(rest)), Vector128.LoadUnsafe(ref power).AsUInt64());
            power = ref Unsafe.Add(ref power, BlockLength);
            hash = Vector128<ulong>.Zero;
        }
        if (!rest.IsEmpty)
        {
            sum.Add(hash ^ Ghash.Reverse(LoadPadded(rest)), Vector128.LoadUnsafe(ref power).AsUInt64());
            power = ref Unsafe.Add(ref power, BlockLength);
            hash = Vector128<ulong>.Zero;
        }
        sum.Add(hash ^ Vector128.Create((ulong)length * 8, (ulong)associatedDataLength * 8), Vector128.LoadUnsafe(ref power).AsUInt64());
        return sum.Reduce();
    }

    /// <summary>Adds the key stream to what is left.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CryptRest(Span<byte> rest, Vector128<uint> counter, ref byte roundKeys, int rounds)
    {
        for (; rest.Length >= LanesLength; rest = rest[LanesLength..])
        {
            CryptLanes(ref MemoryMarshal.GetReference(rest), counter, ref roundKeys, rounds);
            counter += Vector128.CreateScalar((uint)Lanes);
        }
        if (rest.IsEmpty)
            return;
        Span<byte> padded = stackalloc byte[LanesLength];
        rest.CopyTo(padded);
        CryptLanes(ref MemoryMarshal.GetReference(padded), counter, ref roundKeys, rounds);
        padded[..rest.Length].CopyTo(rest);
        CryptographicOperations.ZeroMemory(padded);
    }

    private static Vector128<byte> LoadPadded(ReadOnlySpan<byte> part)
    {
        Span<byte> block = stackalloc byte[BlockLength];
        block.Clear();
        part.CopyTo(block);
        return Vector128.Create((ReadOnlySpan<byte>)block);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> EncryptBlock(Vector128<byte> block, ref byte roundKeys, int rounds)
    {
        block ^= Vector128.LoadUnsafe(ref roundKeys);
        for (var round = 1; round < rounds; round++)
            block = Aes.Encrypt(block, Vector128.LoadUnsafe(ref roundKeys, (nuint)(round * BlockLength)));
        return Aes.EncryptLast(block, Vector128.LoadUnsafe(ref roundKeys, (nuint)(rounds * BlockLength)));
    }

    /// <summary>Adds eight blocks of key stream.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CryptLanes(ref byte data, Vector128<uint> counter, ref byte roundKeys, int rounds)
    {
        var key = Vector128.LoadUnsafe(ref roundKeys);
        var b0 = CounterBlock(counter, 0) ^ key;
        var b1 = CounterBlock(counter, 1) ^ key;
        var b2 = CounterBlock(counter, 2) ^ key;
        var b3 = CounterBlock(counter, 3) ^ key;
        var b4 = CounterBlock(counter, 4) ^ key;
        var b5 = CounterBlock(counter, 5) ^ key;
        var b6 = CounterBlock(counter, 6) ^ key;
        var b7 = CounterBlock(counter, 7) ^ key;
        for (var round = 1; round < rounds; round++)
        {
            key = Vector128.LoadUnsafe(ref roundKeys, (nuint)(round * BlockLength));
            b0 = Aes.Encrypt(b0, key);
            b1 = Aes.Encrypt(b1, key);
            b2 = Aes.Encrypt(b2, key);
            b3 = Aes.Encrypt(b3, key);
            b4 = Aes.Encrypt(b4, key);
            b5 = Aes.Encrypt(b5, key);
            b6 = Aes.Encrypt(b6, key);
            b7 = Aes.Encrypt(b7, key);
        }
        key = Vector128.LoadUnsafe(ref roundKeys, (nuint)(rounds * BlockLength));
        AddTo(ref data, 0, Aes.EncryptLast(b0, key));
        AddTo(ref data, 1, Aes.EncryptLast(b1, key));
        AddTo(ref data, 2, Aes.EncryptLast(b2, key));
        AddTo(ref data, 3, Aes.EncryptLast(b3, key));
        AddTo(ref data, 4, Aes.EncryptLast(b4, key));
        AddTo(ref data, 5, Aes.EncryptLast(b5, key));
        AddTo(ref data, 6, Aes.EncryptLast(b6, key));
        AddTo(ref data, 7, Aes.EncryptLast(b7, key));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> CounterBlock(Vector128<uint> counter, uint offset) => Ghash.Reverse((counter + Vector128.CreateScalar(offset)).AsByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(ref byte data, nuint block, Vector128<byte> keyStream) =>
        (Vector128.LoadUnsafe(ref data, block * BlockLength) ^ keyStream).StoreUnsafe(ref data, block * BlockLength);
}

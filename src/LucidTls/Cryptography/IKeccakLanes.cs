using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LucidTls.Cryptography;

/// <summary>The same word of one or several Keccak states, and what <see cref="Keccak"/> does with it.</summary>
internal interface IKeccakLanes<TSelf> where TSelf : struct, IKeccakLanes<TSelf>
{
    /// <summary>How many states.</summary>
    static abstract int Width { get; }

    static abstract TSelf Load(ref ulong source);

    static abstract TSelf Broadcast(ulong value);

    static abstract TSelf Xor(TSelf a, TSelf b);

    static abstract TSelf Xor5(TSelf a, TSelf b, TSelf c, TSelf d, TSelf e);

    /// <summary>a ^ (b rotated left by 1): the step θ.</summary>
    static abstract TSelf XorRotated(TSelf a, TSelf b);

    static abstract TSelf RotateLeft(TSelf a, [ConstantExpected] byte count);

    /// <summary>a ^ (~b &amp; c): the step χ.</summary>
    static abstract TSelf Chi(TSelf a, TSelf b, TSelf c);

    void Store(ref ulong destination);
}

/// <summary>One state.</summary>
internal readonly struct KeccakLanes1(ulong value) : IKeccakLanes<KeccakLanes1>
{
    private readonly ulong _value = value;

    public static int Width => 1;

    public static KeccakLanes1 Load(ref ulong source) => new(source);

    public static KeccakLanes1 Broadcast(ulong value) => new(value);

    public static KeccakLanes1 Xor(KeccakLanes1 a, KeccakLanes1 b) => new(a._value ^ b._value);

    public static KeccakLanes1 Xor5(KeccakLanes1 a, KeccakLanes1 b, KeccakLanes1 c, KeccakLanes1 d, KeccakLanes1 e) =>
        new(a._value ^ b._value ^ c._value ^ d._value ^ e._value);

    public static KeccakLanes1 XorRotated(KeccakLanes1 a, KeccakLanes1 b) => new(a._value ^ BitOperations.RotateLeft(b._value, 1));

    public static KeccakLanes1 RotateLeft(KeccakLanes1 a, [ConstantExpected] byte count) => new(BitOperations.RotateLeft(a._value, count));

    public static KeccakLanes1 Chi(KeccakLanes1 a, KeccakLanes1 b, KeccakLanes1 c) => new(a._value ^ (~b._value & c._value));

    public void Store(ref ulong destination) => destination = _value;
}

/// <summary>One state in the low halves of 32 vector registers, where AVX-512 has all of Keccak's operations: faster than in the 16 general ones, which are too few.</summary>
internal readonly struct KeccakLanes1Avx512(Vector128<ulong> value) : IKeccakLanes<KeccakLanes1Avx512>
{
    private readonly Vector128<ulong> _value = value;

    public static int Width => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes1Avx512 Load(ref ulong source) => new(Vector128.CreateScalarUnsafe(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes1Avx512 Broadcast(ulong value) => new(Vector128.CreateScalarUnsafe(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes1Avx512 Xor(KeccakLanes1Avx512 a, KeccakLanes1Avx512 b) => new(a._value ^ b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes1Avx512 Xor5(KeccakLanes1Avx512 a, KeccakLanes1Avx512 b, KeccakLanes1Avx512 c, KeccakLanes1Avx512 d, KeccakLanes1Avx512 e) =>
        new(Xor3(Xor3(a._value, b._value, c._value), d._value, e._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes1Avx512 XorRotated(KeccakLanes1Avx512 a, KeccakLanes1Avx512 b) => new(a._value ^ Avx512F.VL.RotateLeft(b._value, 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes1Avx512 RotateLeft(KeccakLanes1Avx512 a, [ConstantExpected] byte count) => new(Avx512F.VL.RotateLeft(a._value, count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes1Avx512 Chi(KeccakLanes1Avx512 a, KeccakLanes1Avx512 b, KeccakLanes1Avx512 c) => new(Avx512F.VL.TernaryLogic(a._value, b._value, c._value, 0xD2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref ulong destination) => destination = _value.ToScalar();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Xor3(Vector128<ulong> a, Vector128<ulong> b, Vector128<ulong> c) => Avx512F.VL.TernaryLogic(a, b, c, 0x96);
}

/// <summary>Four states in vectors of 256 bits.</summary>
internal readonly struct KeccakLanes4(Vector256<ulong> value) : IKeccakLanes<KeccakLanes4>
{
    private readonly Vector256<ulong> _value = value;

    public static int Width => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes4 Load(ref ulong source) => new(Vector256.LoadUnsafe(ref source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes4 Broadcast(ulong value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes4 Xor(KeccakLanes4 a, KeccakLanes4 b) => new(a._value ^ b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes4 Xor5(KeccakLanes4 a, KeccakLanes4 b, KeccakLanes4 c, KeccakLanes4 d, KeccakLanes4 e) =>
        new(a._value ^ b._value ^ c._value ^ d._value ^ e._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes4 XorRotated(KeccakLanes4 a, KeccakLanes4 b) => new(a._value ^ RotateLeft(b, 1)._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes4 RotateLeft(KeccakLanes4 a, [ConstantExpected] byte count) => new((a._value << count) | (a._value >>> (64 - count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes4 Chi(KeccakLanes4 a, KeccakLanes4 b, KeccakLanes4 c) => new(a._value ^ Vector256.AndNot(c._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref ulong destination) => _value.StoreUnsafe(ref destination);
}

/// <summary>Eight states in vectors of 512 bits; needs AVX-512.</summary>
internal readonly struct KeccakLanes8(Vector512<ulong> value) : IKeccakLanes<KeccakLanes8>
{
    private readonly Vector512<ulong> _value = value;

    public static int Width => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes8 Load(ref ulong source) => new(Vector512.LoadUnsafe(ref source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes8 Broadcast(ulong value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes8 Xor(KeccakLanes8 a, KeccakLanes8 b) => new(a._value ^ b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes8 Xor5(KeccakLanes8 a, KeccakLanes8 b, KeccakLanes8 c, KeccakLanes8 d, KeccakLanes8 e) =>
        new(Xor3(Xor3(a._value, b._value, c._value), d._value, e._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes8 XorRotated(KeccakLanes8 a, KeccakLanes8 b) => new(a._value ^ Avx512F.RotateLeft(b._value, 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes8 RotateLeft(KeccakLanes8 a, [ConstantExpected] byte count) => new(Avx512F.RotateLeft(a._value, count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeccakLanes8 Chi(KeccakLanes8 a, KeccakLanes8 b, KeccakLanes8 c) => new(Avx512F.TernaryLogic(a._value, b._value, c._value, 0xD2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref ulong destination) => _value.StoreUnsafe(ref destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Xor3(Vector512<ulong> a, Vector512<ulong> b, Vector512<ulong> c) => Avx512F.TernaryLogic(a, b, c, 0x96);
}

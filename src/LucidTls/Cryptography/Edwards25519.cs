using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// Multiples of the base point of edwards25519 (RFC 7748 §4.1), the form of Curve25519 on which a table of multiples makes that three times as
/// fast as the Montgomery ladder.
/// <para>
/// Constant time: each of the 64 signed digits of the scalar costs the same additions; the multiple that a digit asks for is picked by reading
/// all eight and masking, its sign by masking too.
/// </para>
/// </summary>
internal static class Edwards25519
{
    /// <summary>Digits of a scalar, in base 16.</summary>
    public const int Digits = 64;

    /// <summary>Multiples of each power that a table holds: 1 to 8.</summary>
    public const int Multiples = 8;

    /// <summary>64-bit words of a multiple: three elements of five limbs, and one word to fill up.</summary>
    private const int EntryWords = 16;

    /// <summary>2d of the curve -x² + y² = 1 + dx²y², where d = -121665/121666.</summary>
    public static readonly Field25519 TwiceD = MakeTwiceD();

    /// <summary>The base point's coordinates, little endian.</summary>
    private static ReadOnlySpan<byte> BaseX =>
    [
        0x1A, 0xD5, 0x25, 0x8F, 0x60, 0x2D, 0x56, 0xC9, 0xB2, 0xA7, 0x25, 0x95, 0x60, 0xC7, 0x2C, 0x69,
        0x5C, 0xDC, 0xD6, 0xFD, 0x31, 0xE2, 0xA4, 0xC0, 0xFE, 0x53, 0x6E, 0xCD, 0xD3, 0x36, 0x69, 0x21,
    ];

    private static ReadOnlySpan<byte> BaseY =>
    [
        0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
        0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
    ];

    /// <summary>The Montgomery u-coordinate of k · B, for a clamped scalar (RFC 7748 §5), as <paramref name="numerator"/>/<paramref name="denominator"/>.</summary>
    public static void MultiplyBase(ReadOnlySpan<byte> clampedScalar, out Field25519 numerator, out Field25519 denominator)
    {
        Span<sbyte> digits = stackalloc sbyte[Digits];
        var work = default(Work);
        try
        {
            SplitIntoDigits(clampedScalar, digits);
            work.Sum = Point.Neutral;
            // k = (Σ odd digits · 256^i) · 16 + Σ even digits · 256^i.
            AddDigits(ref work, digits, 1);
            for (var i = 0; i < 4; i++)
                Point.Double(ref work.Sum, ref work.Temporaries);
            AddDigits(ref work, digits, 0);
            work.Sum.GetMontgomery(out numerator, out denominator);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(digits));
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<Work>(ref work)));
        }
    }

    /// <summary>Digits from -8 to 8 in base 16; a clamped scalar is below 2^255, so the last carry has room.</summary>
    public static void SplitIntoDigits(ReadOnlySpan<byte> scalar, Span<sbyte> digits)
    {
        for (var i = 0; i < scalar.Length; i++)
        {
            digits[2 * i] = (sbyte)(scalar[i] & 15);
            digits[(2 * i) + 1] = (sbyte)(scalar[i] >> 4);
        }
        for (var i = 0; i < Digits - 1; i++)
        {
            var carry = (digits[i] + 8) >> 4;
            digits[i] -= (sbyte)(carry << 4);
            digits[i + 1] += (sbyte)carry;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddDigits(ref Work work, ReadOnlySpan<sbyte> digits, int first)
    {
        for (var i = first; i < Digits; i += 2)
        {
            Pick(i / 2, digits[i], out work.Picked);
            Point.Add(ref work.Sum, in work.Picked, ref work.Temporaries);
        }
    }

    /// <summary>digit · 256^power · B.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pick(int power, int digit, out Multiple picked)
    {
        var sign = digit >> 31;
        var magnitude = (digit ^ sign) - sign;
        ref var entries = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(Table.Words), power * Multiples * EntryWords);
        var (a, b, c, d) = (Vector256<ulong>.Zero, Vector256<ulong>.Zero, Vector256<ulong>.Zero, Vector256<ulong>.Zero);
        for (var j = 1; j <= Multiples; j++)
        {
            // All ones when j is the magnitude: only then does j ^ magnitude - 1 become negative.
            var mask = Vector256.Create((ulong)(long)(((j ^ magnitude) - 1) >> 31));
            a |= Vector256.LoadUnsafe(ref entries) & mask;
            b |= Vector256.LoadUnsafe(ref entries, 4) & mask;
            c |= Vector256.LoadUnsafe(ref entries, 8) & mask;
            d |= Vector256.LoadUnsafe(ref entries, 12) & mask;
            entries = ref Unsafe.Add(ref entries, EntryWords);
        }
        Unsafe.SkipInit(out picked);
        ref var words = ref Unsafe.As<Multiple, ulong>(ref picked);
        a.StoreUnsafe(ref words);
        b.StoreUnsafe(ref words, 4);
        c.StoreUnsafe(ref words, 8);
        d.StoreUnsafe(ref words, 12);

        // Nothing was picked for 0: the neutral element is (1, 1, 0).
        var isZero = (ulong)((magnitude - 1) >>> 31);
        picked.YPlusX.AddSmall(isZero);
        picked.YMinusX.AddSmall(isZero);
        picked.NegateWhen((ulong)(sign & 1));
    }

    /// <summary>j · base^i · B for i below <paramref name="powers"/> and j from 1 to 8, where the base is 2^<paramref name="bits"/>.</summary>
    public static Multiple[] MakeMultiples(int powers, int bits)
    {
        var power = new Point(Field25519.Read(BaseX), Field25519.Read(BaseY));
        var temporaries = default(Temporaries);
        var multiples = new Multiple[powers * Multiples];
        for (var i = 0; i < powers; i++)
        {
            var first = power.ToMultiple();
            var multiple = power;
            for (var j = 0; j < Multiples; j++)
            {
                multiples[(i * Multiples) + j] = multiple.ToMultiple();
                Point.Add(ref multiple, in first, ref temporaries);
            }
            for (var bit = 0; bit < bits; bit++)
                Point.Double(ref power, ref temporaries);
        }
        return multiples;
    }

    /// <summary>Made at first use.</summary>
    private static class Table
    {
        /// <summary>j · 256^i · B for j from 1 to 8 and i from 0 to 31, as <see cref="Multiple"/>s.</summary>
        public static readonly ulong[] Words = MemoryMarshal.Cast<Multiple, ulong>(MakeMultiples(Digits / 2, 8)).ToArray();
    }

    private static Field25519 MakeTwiceD()
    {
        Field25519.MultiplySmall(Field25519.One, 121666, out var denominator);
        Field25519.Invert(denominator, out var inverse);
        Field25519.MultiplySmall(inverse, 2 * 121665, out var positive);
        Field25519.Subtract(default, positive, out var twiceD);
        twiceD.Carry();
        return twiceD;
    }

    /// <summary>What holds secrets while a multiple is computed.</summary>
    private struct Work
    {
        public Point Sum;
        public Multiple Picked;
        public Temporaries Temporaries;
    }

    private struct Temporaries
    {
        public Field25519 A, B, C, D, E, F, G, H;
    }

    /// <summary>A point that is added to others: y + x, y - x and 2dxy.</summary>
    [StructLayout(LayoutKind.Sequential, Size = EntryWords * sizeof(ulong))]
    public struct Multiple
    {
        public Field25519 YPlusX, YMinusX, XY2D;

        /// <summary>-(x, y) is (-x, y).</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void NegateWhen(ulong condition)
        {
            Field25519.Swap(condition, ref YPlusX, ref YMinusX);
            Field25519.Subtract(default, XY2D, out var negative);
            Field25519.Swap(condition, ref XY2D, ref negative);
        }
    }

    /// <summary>A point in extended coordinates (RFC 8032 §5.1.4): x = X/Z, y = Y/Z, xy = T/Z.</summary>
    private struct Point
    {
        private Field25519 _x, _y, _z, _t;

        public Point(Field25519 x, Field25519 y)
        {
            _x = x;
            _y = y;
            _z = Field25519.One;
            Field25519.Multiply(x, y, out _t);
        }

        public static Point Neutral => new(default, Field25519.One);

        /// <summary>Complete: any two points, without exceptions. Names as in RFC 8032 §5.1.4.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Add(ref Point p, in Multiple q, ref Temporaries t)
        {
            Field25519.Subtract(p._y, p._x, out t.A);
            Field25519.Add(p._y, p._x, out t.B);
            Field25519.Multiply(t.A, q.YMinusX, out t.A);
            Field25519.Multiply(t.B, q.YPlusX, out t.B);
            Field25519.Multiply(p._t, q.XY2D, out t.C);
            Field25519.Add(p._z, p._z, out t.D);
            Field25519.Subtract(t.B, t.A, out t.E);
            Field25519.Subtract(t.D, t.C, out t.F);
            Field25519.Add(t.D, t.C, out t.G);
            Field25519.Add(t.B, t.A, out t.H);
            Finish(ref p, ref t);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Double(ref Point p, ref Temporaries t)
        {
            Field25519.Square(p._x, out t.A);
            Field25519.Square(p._y, out t.B);
            Field25519.Square(p._z, out t.C);
            Field25519.Add(t.C, t.C, out t.C);
            Field25519.Add(t.A, t.B, out t.H);
            Field25519.Add(p._x, p._y, out t.E);
            Field25519.Square(t.E, out t.E);
            Field25519.Subtract(t.H, t.E, out t.E);
            Field25519.Subtract(t.A, t.B, out t.G);
            Field25519.Add(t.C, t.G, out t.F);
            t.E.Carry();
            Finish(ref p, ref t);
        }

        public readonly Multiple ToMultiple()
        {
            Field25519.Invert(_z, out var inverse);
            Field25519.Multiply(_x, inverse, out var x);
            Field25519.Multiply(_y, inverse, out var y);
            var multiple = default(Multiple);
            Field25519.Add(y, x, out multiple.YPlusX);
            Field25519.Subtract(y, x, out multiple.YMinusX);
            Field25519.Multiply(x, y, out multiple.XY2D);
            Field25519.Multiply(multiple.XY2D, TwiceD, out multiple.XY2D);
            multiple.YPlusX.Carry();
            multiple.YMinusX.Carry();
            return multiple;
        }

        /// <summary>u = (1 + y)/(1 - y), RFC 7748 §4.1.</summary>
        public readonly void GetMontgomery(out Field25519 numerator, out Field25519 denominator)
        {
            Field25519.Add(_z, _y, out numerator);
            Field25519.Subtract(_z, _y, out denominator);
        }

        /// <summary>E and G are below 2^53, as first factors must be; F and H may be longer.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Finish(ref Point p, ref Temporaries t)
        {
            Field25519.Multiply(t.E, t.F, out p._x);
            Field25519.Multiply(t.G, t.H, out p._y);
            Field25519.Multiply(t.E, t.H, out p._t);
            Field25519.Multiply(t.G, t.F, out p._z);
        }
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// Multiples of the base point as <see cref="Edwards25519"/> makes them, with a quarter of the scalar's 64 digits in each of four lanes of vectors of
/// 256 bits, and with all its variables in one place, so that they can be wiped at once.
/// <para>
/// Constant time: each digit costs the same addition; the multiple that it asks for is picked by reading all eight and masking, its sign by masking too.
/// </para>
/// </summary>
internal struct Edwards25519x4
{
    /// <summary>Digits of a lane.</summary>
    private const int Steps = Edwards25519.Digits / Lanes;
    private const int Lanes = 4;

    /// <summary>Vectors of an element in the table: ten limbs, two to a word.</summary>
    private const int ElementVectors = 5;
    private const int MultipleElements = 3;

    private Field25519x4 _x, _y, _z, _t;
    private Field25519x4 _yPlusX, _yMinusX, _xy2d;
    private Field25519x4 _a, _b, _c, _d, _e, _f, _g, _h;

    /// <summary>The Montgomery u-coordinate of k · B, for a clamped scalar (RFC 7748 §5), as <paramref name="numerator"/>/<paramref name="denominator"/>.</summary>
    public static void MultiplyBase(ReadOnlySpan<byte> clampedScalar, out Field25519 numerator, out Field25519 denominator)
    {
        Span<sbyte> digits = stackalloc sbyte[Edwards25519.Digits];
        Edwards25519.SplitIntoDigits(clampedScalar, digits);
        var one = Field25519x4.Create(Field25519.One, Field25519.One, Field25519.One, Field25519.One);
        var work = new Edwards25519x4 { _y = one, _z = one };
        work.AddDigits(digits);
        // The lanes' sums: those of lanes 0 and 1 with those of 2 and 3, then the two.
        work.AddLanes(Vector256.Create(4U, 5, 6, 7, 0, 1, 2, 3));
        work.AddLanes(Vector256.Create(2U, 3, 0, 1, 6, 7, 4, 5));
        // u = (1 + y)/(1 - y), RFC 7748 §4.1.
        var (y, z) = (work._y.Get(0), work._z.Get(0));
        Field25519.Add(z, y, out numerator);
        Field25519.Subtract(z, y, out denominator);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(digits));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<Edwards25519x4>(ref work)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddDigits(ReadOnlySpan<sbyte> digits)
    {
        for (var step = 0; step < Steps; step++)
        {
            Pick(step, Vector256.Create(digits[step], digits[Steps + step], digits[(2 * Steps) + step], digits[(3 * Steps) + step]));
            Add();
        }
    }

    /// <summary>For each lane its digit times its power of 16 times B.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pick(int step, Vector256<long> digits)
    {
        var sign = Vector256.LessThan(digits, Vector256<long>.Zero);
        var magnitude = ((digits ^ sign) - sign).AsUInt64();
        ref var table = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(Table.Vectors), step * MultipleElements * Edwards25519.Multiples * ElementVectors);
        Pick(ref table, magnitude, out _yPlusX);
        Pick(ref Unsafe.Add(ref table, Edwards25519.Multiples * ElementVectors), magnitude, out _yMinusX);
        Pick(ref Unsafe.Add(ref table, 2 * Edwards25519.Multiples * ElementVectors), magnitude, out _xy2d);

        // Nothing was picked for 0: the neutral element is (1, 1, 0).
        var isZero = Vector256.Equals(magnitude, Vector256<ulong>.Zero) & Vector256<ulong>.One;
        _yPlusX.AddSmall(isZero);
        _yMinusX.AddSmall(isZero);
        // -(x, y) is (-x, y).
        Field25519x4.Swap(sign.AsUInt64(), ref _yPlusX, ref _yMinusX);
        _xy2d.NegateWhere(sign.AsUInt64());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pick(ref Vector256<ulong> multiples, Vector256<ulong> magnitude, out Field25519x4 element)
    {
        var (a, b, c, d, e) = (Vector256<ulong>.Zero, Vector256<ulong>.Zero, Vector256<ulong>.Zero, Vector256<ulong>.Zero, Vector256<ulong>.Zero);
        for (var j = 1; j <= Edwards25519.Multiples; j++)
        {
            var mask = Vector256.Equals(magnitude, Vector256.Create((ulong)j));
            a |= multiples & mask;
            b |= Unsafe.Add(ref multiples, 1) & mask;
            c |= Unsafe.Add(ref multiples, 2) & mask;
            d |= Unsafe.Add(ref multiples, 3) & mask;
            e |= Unsafe.Add(ref multiples, 4) & mask;
            multiples = ref Unsafe.Add(ref multiples, ElementVectors);
        }
        Field25519x4.Unpack(a, b, c, d, e, out element);
    }

    /// <summary>Adds to each lane's sum that of the lane which stands in its place in an order given as 32-bit words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddLanes(Vector256<uint> order)
    {
        Field25519x4.SumAndDifference(_y, _x, out _yPlusX, out _yMinusX);
        Field25519x4.Multiply(_t, Table.TwiceD, out _xy2d);
        _a = _z;
        _yPlusX.Reorder(order);
        _yMinusX.Reorder(order);
        _xy2d.Reorder(order);
        _a.Reorder(order);
        Field25519x4.Multiply(_z, _a, out _z);
        Add();
    }

    /// <summary>Complete: any two points, without exceptions. Names as in RFC 8032 §5.1.4, where Z2 is 1 or in Z already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add()
    {
        Field25519x4.SumAndDifference(_y, _x, out _b, out _a);
        Field25519x4.Multiply(_a, _yMinusX, out _a);
        Field25519x4.Multiply(_b, _yPlusX, out _b);
        Field25519x4.Multiply(_t, _xy2d, out _c);
        Field25519x4.Add(_z, _z, out _d);
        Field25519x4.SumAndDifference(_b, _a, out _h, out _e);
        Field25519x4.SumAndDifference(_d, _c, out _g, out _f);
        // F has the longest limbs, and can be a first factor only.
        Field25519x4.Multiply(_f, _e, out _x);
        Field25519x4.Multiply(_g, _h, out _y);
        Field25519x4.Multiply(_e, _h, out _t);
        Field25519x4.Multiply(_f, _g, out _z);
    }

    /// <summary>Made at first use.</summary>
    private static class Table
    {
        /// <summary>For each step, element (y + x, y - x, 2dxy) and j from 1 to 8, that of j · 16^(16 lane + step) · B in each lane.</summary>
        public static readonly Vector256<ulong>[] Vectors = Make();

        public static readonly Field25519x4 TwiceD = MakeTwiceD();

        private static Vector256<ulong>[] Make()
        {
            Field25519[] elements = [.. Edwards25519.MakeMultiples(Edwards25519.Digits, 4).SelectMany(multiple => (Field25519[])[multiple.YPlusX.ToCanonical(), multiple.YMinusX.ToCanonical(), multiple.XY2D.ToCanonical()])];
            var vectors = new Vector256<ulong>[Steps * MultipleElements * Edwards25519.Multiples * ElementVectors];
            var next = 0;
            for (var step = 0; step < Steps; step++)
            {
                for (var element = 0; element < MultipleElements; element++)
                {
                    for (var j = 0; j < Edwards25519.Multiples; j++)
                    {
                        for (var pair = 0; pair < ElementVectors; pair++)
                            vectors[next++] = Vector256.Create(Word(0, pair), Word(1, pair), Word(2, pair), Word(3, pair));

                        ulong Word(int lane, int pair) => Field25519x4.Pack(elements[(((((lane * Steps) + step) * Edwards25519.Multiples) + j) * MultipleElements) + element], pair);
                    }
                }
            }
            return vectors;
        }

        private static Field25519x4 MakeTwiceD()
        {
            var one = Edwards25519.TwiceD.ToCanonical();
            return Field25519x4.Create(one, one, one, one);
        }
    }
}

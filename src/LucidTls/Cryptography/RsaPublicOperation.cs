using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>
/// RSA signatures checked without the platform (RFC 8017 §8): for a key that is used a few times, since OpenSSL takes as long to import one
/// as it takes to check six signatures. Everything in it is public, so its time may depend on it. Not safe for use by several threads at once.
/// </summary>
internal sealed class RsaPublicOperation
{
    private readonly ulong[] _modulus;
    private readonly ulong[] _squaredRadix;
    private readonly ulong _inverse;
    private readonly ulong _exponent;
    private readonly int _bits;
    private readonly ulong[] _product;

    /// <param name="modulus">Odd, big-endian, without leading zeros.</param>
    /// <param name="exponent">Odd, greater than 1, big-endian, 8 bytes at most.</param>
    public RsaPublicOperation(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent)
    {
        _bits = (8 * modulus.Length) - byte.LeadingZeroCount(modulus[0]);
        var limbs = (modulus.Length + 7) / 8;
        _modulus = Limbs(modulus, limbs);
        foreach (var digit in exponent)
            _exponent = (_exponent << 8) | digit;
        // Newton's iteration doubles the bits that are right: 3, 6, 12, 24, 48, 96.
        var inverse = _modulus[0];
        for (var i = 0; i < 5; i++)
            inverse *= 2 - (_modulus[0] * inverse);
        _inverse = 0 - inverse;
        var squaredRadix = (BigInteger.One << (128 * limbs)) % new BigInteger(modulus, isUnsigned: true, isBigEndian: true);
        _squaredRadix = Limbs(squaredRadix.ToByteArray(isUnsigned: true, isBigEndian: true), limbs);
        _product = new ulong[(2 * limbs) + 1];
    }

    private int ByteLength => (_bits + 7) / 8;

    /// <summary>RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.2): the encoded message is made and compared, nothing is parsed.</summary>
    public bool VerifyPkcs1(HashAlgorithmName hash, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        Span<byte> encoded = stackalloc byte[ByteLength];
        if (!TryOpen(signature, encoded))
            return false;
        Span<byte> expected = stackalloc byte[ByteLength];
        var prefix = DigestInfoOf(hash);
        var hashLength = LengthOf(hash);
        var zero = expected.Length - hashLength - prefix.Length - 1;
        // RFC 8017 §9.2: eight bytes of padding at least.
        if (zero < 10)
            return false;
        expected[0] = 0;
        expected[1] = 1;
        expected[2..zero].Fill(0xFF);
        expected[zero] = 0;
        prefix.CopyTo(expected[(zero + 1)..]);
        CryptographicOperations.HashData(hash, data, expected[^hashLength..]);
        return encoded.SequenceEqual(expected);
    }

    /// <summary>RSASSA-PSS (RFC 8017 §8.1.2) with MGF1 on the same hash and a salt as long as that.</summary>
    public bool VerifyPss(HashAlgorithmName hash, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        Span<byte> opened = stackalloc byte[ByteLength];
        if (!TryOpen(signature, opened))
            return false;
        // RFC 8017 §9.1.2. The encoded message has a bit less than the modulus, and so a byte less where that begins a byte.
        var encodedLength = (_bits + 6) / 8;
        if (encodedLength < opened.Length && opened[0] != 0)
            return false;
        var encoded = opened[^encodedLength..];
        var hashLength = LengthOf(hash);
        if (encodedLength < (2 * hashLength) + 2 || encoded[^1] != 0xBC)
            return false;
        var maskedBlock = encoded[..^(hashLength + 1)];
        var seed = encoded.Slice(maskedBlock.Length, hashLength);
        var unusedBits = (8 * encodedLength) - (_bits - 1);
        if (maskedBlock[0] >> (8 - unusedBits) != 0)
            return false;
        Unmask(hash, seed, maskedBlock);
        maskedBlock[0] &= (byte)(0xFF >> unusedBits);
        var zeros = maskedBlock.Length - hashLength - 1;
        if (maskedBlock[..zeros].ContainsAnyExcept((byte)0) || maskedBlock[zeros] != 1)
            return false;

        // M' = eight zeros, the message's hash, the salt
        Span<byte> message = stackalloc byte[8 + (2 * hashLength)];
        message[..8].Clear();
        CryptographicOperations.HashData(hash, data, message[8..]);
        maskedBlock[^hashLength..].CopyTo(message[^hashLength..]);
        Span<byte> expected = stackalloc byte[hashLength];
        CryptographicOperations.HashData(hash, message, expected);
        return seed.SequenceEqual(expected);
    }

    // MGF1, RFC 8017 §B.2.1
    private static void Unmask(HashAlgorithmName hash, ReadOnlySpan<byte> seed, Span<byte> block)
    {
        Span<byte> input = stackalloc byte[seed.Length + 4];
        seed.CopyTo(input);
        Span<byte> mask = stackalloc byte[seed.Length];
        for (var counter = 0; !block.IsEmpty; counter++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(input[seed.Length..], counter);
            CryptographicOperations.HashData(hash, input, mask);
            var count = Math.Min(mask.Length, block.Length);
            for (var i = 0; i < count; i++)
                block[i] ^= mask[i];
            block = block[count..];
        }
    }

    /// <summary>RSAVP1 (RFC 8017 §5.2.2): false for a signature of another length than the modulus, or not below it.</summary>
    private bool TryOpen(ReadOnlySpan<byte> signature, Span<byte> encoded)
    {
        if (signature.Length != ByteLength)
            return false;
        var limbs = _modulus.Length;
        Span<ulong> representative = Limbs(signature, limbs);
        if (!IsBelowModulus(representative))
            return false;
        // In Montgomery's form until the last step, which multiplies by the representative itself: exponents are odd.
        Span<ulong> factor = stackalloc ulong[limbs];
        Multiply(representative, _squaredRadix, factor);
        Span<ulong> power = stackalloc ulong[limbs];
        factor.CopyTo(power);
        for (var bit = 62 - BitOperations.LeadingZeroCount(_exponent); bit > 0; bit--)
        {
            Multiply(power, power, power);
            if (((_exponent >> bit) & 1) != 0)
                Multiply(power, factor, power);
        }
        Multiply(power, power, power);
        Multiply(power, representative, power);
        var bytes = MemoryMarshal.AsBytes(power);
        for (var i = 0; i < encoded.Length; i++)
            encoded[i] = bytes[encoded.Length - 1 - i];
        return true;
    }

    private bool IsBelowModulus(ReadOnlySpan<ulong> number)
    {
        for (var i = number.Length - 1; i >= 0; i--)
        {
            if (number[i] != _modulus[i])
                return number[i] < _modulus[i];
        }
        return false;
    }

    /// <summary>a · b / 2^(64 · limbs) modulo the modulus, by Montgomery's method. The result may be one of the factors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Multiply(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> result)
    {
        var limbs = _modulus.Length;
        Array.Clear(_product);
        ref var n = ref MemoryMarshal.GetArrayDataReference(_modulus);
        ref var a0 = ref MemoryMarshal.GetReference(a);
        var top = 0UL;
        for (var i = 0; i < limbs; i++)
        {
            // This row adds a · b[i], and the multiple of the modulus that makes its lowest limb zero.
            ref var row = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_product), i);
            var digit = b[i];
            var carry = Math.BigMul(a0, digit, out var low);
            low += row;
            carry += low < row ? 1UL : 0;
            var quotient = low * _inverse;
            var modulusCarry = Math.BigMul(quotient, n, out var modulusLow);
            modulusCarry += modulusLow + low < low ? 1UL : 0;
            for (var j = 1; j < limbs; j++)
            {
                ref var limb = ref Unsafe.Add(ref row, j);
                var high = Math.BigMul(Unsafe.Add(ref a0, j), digit, out low);
                low += carry;
                high += low < carry ? 1UL : 0;
                low += limb;
                high += low < limb ? 1UL : 0;
                carry = high;
                high = Math.BigMul(quotient, Unsafe.Add(ref n, j), out modulusLow);
                modulusLow += modulusCarry;
                high += modulusLow < modulusCarry ? 1UL : 0;
                modulusLow += low;
                high += modulusLow < low ? 1UL : 0;
                modulusCarry = high;
                limb = modulusLow;
            }
            var sum = carry + modulusCarry;
            var overflow = sum < carry ? 1UL : 0;
            sum += top;
            overflow += sum < top ? 1UL : 0;
            Unsafe.Add(ref row, limbs) = sum;
            top = overflow;
        }
        Reduce(_product.AsSpan(limbs, limbs), top, result);
    }

    /// <summary>The number, which is less than twice the modulus, modulo that.</summary>
    private void Reduce(ReadOnlySpan<ulong> number, ulong top, Span<ulong> result)
    {
        if (top == 0 && IsBelowModulus(number))
        {
            number.CopyTo(result);
            return;
        }
        var borrow = 0UL;
        for (var i = 0; i < number.Length; i++)
        {
            var difference = number[i] - _modulus[i];
            var next = number[i] < _modulus[i] ? 1UL : 0;
            next += difference < borrow ? 1UL : 0;
            result[i] = difference - borrow;
            borrow = next;
        }
    }

    private static ulong[] Limbs(ReadOnlySpan<byte> bigEndian, int count)
    {
        var limbs = new ulong[count];
        var bytes = MemoryMarshal.AsBytes(limbs.AsSpan())[..bigEndian.Length];
        bigEndian.CopyTo(bytes);
        bytes.Reverse();
        return limbs;
    }

    private static int LengthOf(HashAlgorithmName hash) => hash == HashAlgorithmName.SHA256 ? 32 : hash == HashAlgorithmName.SHA384 ? 48 : 64;

    /// <summary>RFC 8017 §9.2, note 1: the DER around the hash.</summary>
    private static ReadOnlySpan<byte> DigestInfoOf(HashAlgorithmName hash) =>
        hash == HashAlgorithmName.SHA256 ? [0x30, 0x31, 0x30, 0x0D, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20]
        : hash == HashAlgorithmName.SHA384 ? [0x30, 0x41, 0x30, 0x0D, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 4, 0x30]
        : [0x30, 0x51, 0x30, 0x0D, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40];
}

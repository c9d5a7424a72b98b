using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LucidTls.Cryptography;

/// <summary>
/// Which wide vectors are worth using. A just-in-time compiler knows the processor. Native AOT compiles for a baseline and finds more at run
/// time, but calls a function for each such instruction, so it must have been told to compile for it (IlcInstructionSet);
/// whether a width of vectors is accelerated says that it was.
/// </summary>
internal static class VectorWidth
{
    public static bool Has256
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.IsHardwareAccelerated && Avx2.IsSupported;
    }

    public static bool Has512
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated && Avx512F.VL.IsSupported && Avx512BW.IsSupported;
    }
}

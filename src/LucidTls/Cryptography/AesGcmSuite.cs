using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>AES-GCM with a 128-bit or a 256-bit key, by <see cref="AesGcmKernelKey"/> where the processor can, otherwise by the platform (RFC 8446 §B.4, RFC 5116 §5.1 and §5.2).</summary>
internal sealed class AesGcmSuite : SuiteAlgorithm
{
    /// <summary>RFC 8446 §5.5: 2^24.5 full-size records keep the attacker's advantage at about 2^-57.</summary>
    private const ulong GcmRecordLimit = 23_726_566;

    private AesGcmSuite(CipherSuite id, HashAlgorithmName hash, int hashLength, int keyLength)
        : base(id, hash, hashLength, keyLength, GcmRecordLimit)
    {
    }

    private static bool IsSupported => AesGcmKernelKey.IsSupported || AesGcm.IsSupported;

    public static SuiteAlgorithm? TryCreateAes128() =>
        IsSupported ? new AesGcmSuite(CipherSuite.Aes128GcmSha256, HashAlgorithmName.SHA256, 32, 16) : null;

    public static SuiteAlgorithm? TryCreateAes256() =>
        IsSupported ? new AesGcmSuite(CipherSuite.Aes256GcmSha384, HashAlgorithmName.SHA384, 48, 32) : null;

    public override AeadKey CreateKey(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyLength);
        return AesGcmKernelKey.IsSupported ? new AesGcmKernelKey(key) : new PlatformAesGcmKey(key);
    }
}

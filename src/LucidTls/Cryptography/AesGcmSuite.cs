using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>AES-GCM with a 128-bit or a 256-bit key, by <see cref="AesGcmKernelKey"/> where the processor can, otherwise by the platform (RFC 8446 §B.4, RFC 5289, RFC 5116 §5.1 and §5.2).</summary>
internal sealed class AesGcmSuite : SuiteAlgorithm
{
    /// <summary>RFC 8446 §5.5: 2^24.5 full-size records keep the attacker's advantage at about 2^-57.</summary>
    private const ulong GcmRecordLimit = 23_726_566;

    private AesGcmSuite(CipherSuite id, HashAlgorithmName hash, int hashLength, int keyLength)
        : base(id, hash, hashLength, keyLength, GcmRecordLimit)
    {
    }

    public override int ExplicitNonceLength => 8;

    private static bool IsSupported => AesGcmKernelKey.IsSupported || AesGcm.IsSupported;

    public static SuiteAlgorithm? TryCreateAes128(CipherSuite id, SuiteAuthentication authentication = SuiteAuthentication.Any) =>
        IsSupported ? new AesGcmSuite(id, HashAlgorithmName.SHA256, 32, 16) { Authentication = authentication } : null;

    public static SuiteAlgorithm? TryCreateAes256(CipherSuite id, SuiteAuthentication authentication = SuiteAuthentication.Any) =>
        IsSupported ? new AesGcmSuite(id, HashAlgorithmName.SHA384, 48, 32) { Authentication = authentication } : null;

    public override AeadKey CreateKey(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyLength);
        return KeyOf(key);
    }

    /// <summary>AES-GCM over a copy of a key of 16 or 32 bytes.</summary>
    public static AeadKey KeyOf(ReadOnlySpan<byte> key) => AesGcmKernelKey.IsSupported ? new AesGcmKernelKey(key) : new PlatformAesGcmKey(key);
}

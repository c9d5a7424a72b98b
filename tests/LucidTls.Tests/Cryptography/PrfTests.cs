using System.Security.Cryptography;
using System.Text;
using LucidTls.Cryptography;

namespace LucidTls.Tests.Cryptography;

/// <summary>The PRF of TLS 1.2 against the vectors that the TLS working group's list agreed on.</summary>
public sealed class PrfTests
{
    [Fact]
    public void SHA_256_gives_the_published_vector() => Check(
        HashAlgorithmName.SHA256,
        "9bbe436ba940f017b17652849a71db35",
        "a0ba9f936cda311827a6f796ffd5198c",
        "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66");

    [Fact]
    public void SHA_384_gives_the_published_vector() => Check(
        HashAlgorithmName.SHA384,
        "b80b733d6ceefcdc71566ea48e5567df",
        "cd665cf6a8447dd6ff8b27555edb7465",
        "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f");

    private static void Check(HashAlgorithmName hash, string secret, string seed, string expected)
    {
        using var key = new Secret(Convert.FromHexString(secret));
        var output = new byte[expected.Length / 2];
        Prf.Derive(hash, key, Encoding.ASCII.GetBytes("test label"), Convert.FromHexString(seed), output);
        Assert.Equal(expected, Convert.ToHexStringLower(output));
        var shorter = new byte[13];
        Prf.Derive(hash, key, Encoding.ASCII.GetBytes("test label"), Convert.FromHexString(seed), shorter);
        Assert.Equal(output[..13], shorter);
    }
}

using LucidTls.Cryptography;

namespace LucidTls.Tests.Cryptography;

public sealed class SecretTests
{
    [Fact]
    public void A_disposed_secret_cannot_be_read()
    {
        var secret = new Secret("0123456789"u8);
        Assert.Equal("0123456789"u8, secret.Span);
        secret.Dispose();
        secret.Dispose();
        Assert.Throws<ObjectDisposedException>(() => secret.Span.Length);
        Assert.Equal(10, secret.Length);
    }

    [Fact]
    public void A_new_secret_is_zero() => Assert.True(new Secret(100).Span.IndexOfAnyExcept((byte)0) < 0);
}

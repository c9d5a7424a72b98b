using System.Text;
using LucidTls.Records;

namespace LucidTls.Tests.Records;

/// <summary>The classic mistakes are named from the first bytes on, however few of them come at once.</summary>
public sealed class FirstBytesTests
{
    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("POST /form HTTP/1.1\r\n")]
    [InlineData("HEAD / HTTP/1.0\r\n")]
    [InlineData("OPTIONS * HTTP/1.1\r\n")]
    [InlineData("CONNECT example.com:443 HTTP/1.1\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    public void Plain_HTTP_to_a_server_is_named_with_its_first_line(string request)
    {
        var bytes = Encoding.ASCII.GetBytes(request);
        var failure = FirstRefusal(bytes, isServer: true);
        Assert.Equal(TlsError.PlainHttpRequest, failure.Error);
        Assert.Contains(request.Split('\r')[0], Refusal(bytes, isServer: true).Message);
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n")]
    [InlineData("220 mail.example ESMTP\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.6\r\n")]
    [InlineData("* OK IMAP4rev1 ready\r\n")]
    public void A_server_that_speaks_plain_text_is_named_with_what_it_said(string greeting)
    {
        var failure = Refusal(Encoding.ASCII.GetBytes(greeting), isServer: false);
        Assert.Equal(TlsError.PlaintextServer, failure.Error);
        Assert.Contains(greeting.Split('\r')[0], failure.Message);
    }

    [Fact]
    public void An_SSL_2_hello_is_named() => Assert.Equal(TlsError.Ssl2Hello, FirstRefusal([0x80, 0x2E, 1, 3, 1, 0, 0x15], isServer: true).Error);

    [Theory]
    [InlineData(true, 0, 0, 0, 0)]
    [InlineData(true, 0x16, 2, 0, 0)]
    [InlineData(true, 0x17, 4, 0, 0)]
    [InlineData(true, 0x80, 0, 2, 0)]
    [InlineData(true, 0x47, 0x45, 0x58, 0x20)] // "GEX "
    [InlineData(false, 0, 0, 0, 0)]
    [InlineData(false, 0x15, 2, 0, 0)]
    [InlineData(false, 0xFF, 0xFE, 0, 0)]
    public void Anything_else_is_told_in_hexadecimal(bool isServer, params int[] bytes)
    {
        var failure = Refusal([.. bytes.Select(value => (byte)value)], isServer);
        Assert.Equal(TlsError.NotTls, failure.Error);
        Assert.Contains(Convert.ToHexString([.. bytes.Select(value => (byte)value)]), failure.Message);
    }

    [Theory]
    [InlineData(22, 1)]
    [InlineData(22, 3)]
    [InlineData(22, 4)]
    [InlineData(21, 3)]
    public void A_record_is_a_record_by_its_type_and_major_version(byte type, byte minor)
    {
        Assert.True(FirstBytes.AreTls([type, 3, minor], isServer: true));
        Assert.True(FirstBytes.AreTls([type, 3, minor], isServer: false));
        Assert.False(FirstBytes.AreTls([type], isServer: true));
    }

    [Fact]
    public void What_a_peer_says_does_not_reach_the_message_with_control_characters()
    {
        var failure = Refusal(Encoding.ASCII.GetBytes("GET /\x1b[31m HTTP/1.1\r\n"), isServer: true);
        Assert.DoesNotContain(failure.Message, char.IsControl);
    }

    private static TlsException Refusal(byte[] bytes, bool isServer) => Assert.Throws<TlsException>(() => FirstBytes.AreTls(bytes, isServer));

    // The bytes come one by one; as soon as it is clear that they are no TLS, they are refused.
    private static TlsException FirstRefusal(byte[] bytes, bool isServer)
    {
        for (var length = 1; length < bytes.Length; length++)
        {
            var failure = Xunit.Record.Exception(() => Assert.False(FirstBytes.AreTls(bytes.AsSpan(0, length), isServer)));
            if (failure is TlsException refusal)
                return refusal;
            Assert.Null(failure);
        }
        throw new InvalidOperationException("Never refused.");
    }
}

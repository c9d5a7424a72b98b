using System.Net;
using System.Net.Security;
using LucidTls.Cli.Reporting;

namespace LucidTls.Cli.Tests;

public sealed class ParsingTests
{
    [Theory]
    [InlineData("example.org", "example.org", 443)]
    [InlineData("example.org:8443", "example.org", 8443)]
    [InlineData("127.0.0.1:1", "127.0.0.1", 1)]
    [InlineData("[::1]:65535", "::1", 65535)]
    [InlineData("[::1]", "::1", 443)]
    [InlineData("::1", "::1", 443)]
    [InlineData("2001:db8::443", "2001:db8::443", 443)]
    public void A_host_and_port_are_read_as_people_write_them(string text, string host, int port)
    {
        Assert.True(HostPort.TryParse(text, 443, out var value));
        Assert.Equal(new HostPort(host, port), value);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":443")]
    [InlineData("example.org:")]
    [InlineData("example.org:65536")]
    [InlineData("example.org:-1")]
    [InlineData("example.org:http")]
    [InlineData("[::1")]
    [InlineData("[::1]443")]
    [InlineData("[example.org]:443")]
    [InlineData("https://example.org/")]
    [InlineData("a b:443")]
    public void What_is_no_host_and_port_is_refused(string text) => Assert.False(HostPort.TryParse(text, 443, out _));

    [Fact]
    public void An_IPv6_address_is_written_in_brackets() => Assert.Equal("[::1]:443", new HostPort("::1", 443).ToString());

    [Theory]
    [InlineData("8443", "127.0.0.1:8443")]
    [InlineData("localhost:1", "127.0.0.1:1")]
    [InlineData("0.0.0.0:0", "0.0.0.0:0")]
    [InlineData("[::1]:443", "[::1]:443")]
    public void An_address_to_listen_on_is_read_as_people_write_it(string text, string endpoint)
    {
        Assert.True(ServeCommand.TryParseListen(text, out var value));
        Assert.Equal(IPEndPoint.Parse(endpoint), value);
    }

    [Theory]
    [InlineData("example.org:8443")]
    [InlineData("127.0.0.1")]
    [InlineData("65536")]
    [InlineData("*:x")]
    public void What_is_no_address_to_listen_on_is_refused(string text) => Assert.False(ServeCommand.TryParseListen(text, out _));

    [Fact]
    public void Groups_are_known_by_their_IANA_names_in_any_case_and_by_the_curves_names() =>
        Assert.Equal([NamedGroup.X25519MLKEM768, NamedGroup.Secp256r1, NamedGroup.Secp384r1], Names.ParseGroups("x25519mlkem768, P-256,secp384r1,secp256r1"));

    [Fact]
    public void An_unknown_group_is_refused_with_those_that_are_known()
    {
        var failure = Assert.Throws<FormatException>(() => Names.ParseGroups("x25519,brainpool"));
        Assert.Contains("brainpool", failure.Message, StringComparison.Ordinal);
        Assert.Contains("SecP384r1MLKEM1024", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_group_and_suite_that_is_on_by_default_has_a_name_here()
    {
        Assert.All(new TlsClientOptions().Groups, group => Assert.Contains(group, Names.Groups));
        Assert.All(new TlsClientOptions().CipherSuites, suite => Assert.Contains(suite, Names.Suites));
    }

    [Fact]
    public void Protocols_are_offered_in_the_order_given() =>
        Assert.Equal([SslApplicationProtocol.Http2, SslApplicationProtocol.Http11], Names.ParseProtocols("h2, http/1.1"));

    [Fact]
    public void An_empty_protocol_is_refused() => Assert.Throws<FormatException>(() => Names.ParseProtocols("h2,"));

    [Theory]
    [InlineData("plain text, ünïcode 猫", "plain text, ünïcode 猫")]
    [InlineData("a\u001b[31mred\r\n", "a\ufffd[31mred\ufffd\ufffd")]
    [InlineData("abc\u202etxt", "abc\ufffdtxt")]
    public void Text_from_elsewhere_cannot_drive_the_terminal(string text, string safe) => Assert.Equal(safe, Printable.Line(text));
}

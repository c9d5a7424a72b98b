using System.Buffers.Binary;
using System.Security.Authentication;
using System.Text;
using LucidTls.StartTls;
using LucidTls.Tests.Connections;
using LucidTls.TestSupport;

namespace LucidTls.Tests.StartTls;

/// <summary>The plain dialogues in front of TLS, each end against a script or against the other.</summary>
public sealed class StartTlsTests
{
    private const string Features = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>";
    private const string StreamHeader = "<?xml version='1.0'?><stream:stream from='localhost' id='1' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
    private const string Proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    private const string LdapSuccess = "0\u000C\u0002\u0001\u0001x\u0007\n\u0001\0\u0004\0\u0004\0";

    private const string StartOfLibpq = "user\0app\0database\0app\0application_name\0psql\0client_encoding\0UTF8\0\0";
    private const string StartOfNpgsql = "user\0app\0client_encoding\0UTF8\0database\0app\0\0";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, int> BothEnds => new MatrixTheoryData<string, int>(StartTlsProtocol.All.Where(protocol => protocol is { HasServerSide: true, NeedsServerToAccept: false }).Select(protocol => protocol.Name), [1, 7, int.MaxValue])
        .Aggregate(new TheoryData<string, int>(), (rows, row) => { rows.Add(row.Data.Item1, row.Data.Item2); return rows; });

    /// <summary>A protocol, what its server says in turn, and the go-ahead.</summary>
    public static TheoryData<string, string[], string> Dialogues => new()
    {
        { "smtp", ["220-mail.example\r\n220 ready\r\n", "250-mail.example\r\n250-SIZE 1000\r\n250 starttls\r\n"], "220 2.0.0 Go\r\n" },
        { "imap", ["* OK [CAPABILITY IMAP4rev1] ready\r\n", "* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n"], "a2 OK go\r\n" },
        { "pop3", ["+OK ready <1@example>\r\n"], "+OK go\r\n" },
        { "postgres", [], "S" },
        { "ldap", [], LdapSuccess },
        { "xmpp", [StreamHeader + Features], Proceed },
    };

    public static TheoryData<string, string[], string> Refusals => new()
    {
        { "smtp", ["554 No\r\n"], "greets with \"554 No\"" },
        { "smtp", ["220 x\r\n", "250 x\r\n"], "does not list STARTTLS" },
        { "smtp", ["220 x\r\n", "250-x\r\n250 STARTTLSX\r\n"], "does not list STARTTLS" },
        { "smtp", ["220 x\r\n", "502 What?\r\n"], "answers EHLO with \"502 What?\"" },
        { "smtp", ["220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "454 Later\r\n"], "answers STARTTLS with \"454 Later\"" },
        { "imap", ["* PREAUTH in already\r\n"], "PREAUTH" },
        { "imap", ["* BYE busy\r\n"], "BYE busy" },
        { "imap", ["* OK\r\n", "* CAPABILITY IMAP4rev1\r\na1 OK\r\n"], "does not list STARTTLS" },
        { "imap", ["* OK\r\n", "* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK\r\n", "a2 NO later\r\n"], "a2 NO later" },
        { "pop3", ["-ERR no\r\n"], "-ERR no" },
        { "pop3", ["+OK\r\n", "-ERR unknown\r\n"], "answers STLS with \"-ERR unknown\"" },
        { "postgres", ["N"], "speaks no TLS" },
        { "postgres", ["E"], "error message" },
        { "ldap", ["0\u000E\u0002\u0001\u0001x\u0009\n\u0001\u0002\u0004\0\u0004\u0002no"], "the result 2, \"no\"" },
        { "xmpp", [StreamHeader + "<stream:features/>"], "does not list STARTTLS" },
        { "xmpp", [StreamHeader + "<stream:features><bind xmlns='b'>x</bind></stream:features>"], "does not list STARTTLS" },
        { "xmpp", [StreamHeader + Features, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"], "a failure" },
    };

    public static TheoryData<string, string[]> Nonsense => new()
    {
        { "smtp", ["220 x\n"] },
        { "smtp", ["220 a\rb\r\n"] },
        { "smtp", ["HTTP/1.1 400 Bad Request\r\n"] },
        { "smtp", ["220-x\r\n250 x\r\n"] },
        { "smtp", ["2200 x\r\n"] },
        { "smtp", ["+20 x\r\n"] },
        { "smtp", [string.Concat(Enumerable.Repeat("220-x\r\n", 101))] },
        { "smtp", [new string('2', PlainLink.MostLine + 1)] },
        { "imap", ["+OK\r\n"] },
        { "imap", ["* OK\r\n", "a2 OK\r\n"] },
        { "imap", ["* OK\r\n", string.Concat(Enumerable.Repeat("* CAPABILITY\r\n", 101))] },
        { "pop3", ["+OKAY\r\n"] },
        { "postgres", ["X"] },
        { "ldap", ["HTTP/1.1"] },
        { "ldap", ["0\u0080"] },
        { "ldap", ["0\u000C\u0002\u0001\u0002x\u0007\n\u0001\0\u0004\0\u0004\0"] },
        { "ldap", ["0\u000C\u0002\u0001\u0001a\u0007\n\u0001\0\u0004\0\u0004\0"] },
        { "ldap", ["0\u0005\u0002\u0001\u0001x\u0007"] },
        { "xmpp", ["<html>"] },
        { "xmpp", ["<!DOCTYPE x>"] },
        { "xmpp", ["<?php ?>"] },
        { "xmpp", ["<stream:stream <"] },
        { "xmpp", [StreamHeader + Features, "<proceed/>"] },
        { "xmpp", ["<" + new string('x', PlainLink.MostLine + 1)] },
        { "xmpp", [StreamHeader + "<stream:features>" + string.Concat(Enumerable.Repeat("<a>", 101))] },
    };

    [Theory]
    [MemberData(nameof(BothEnds))]
    public async Task Our_two_ends_understand_each_other_however_the_bytes_arrive(string name, int piece)
    {
        var protocol = StartTlsProtocol.Find(name)!;
        var (clientSide, serverSide) = DuplexPipe.Create(new Line { PieceSize = piece }, new Line { PieceSize = piece });
        var accepting = protocol.AcceptAsync(serverSide, Fixture.ServerOptions(), cancellationToken: Cancellation);
        await using var client = await protocol.ConnectAsync(clientSide, Fixture.ClientOptions(), Cancellation).WaitAsync(Fixture.Patience, Cancellation);
        await using var server = await accepting;
        await EchoAsync(client, server);
        if (name == "postgres")
            Assert.Equal("postgresql", client.NegotiatedApplicationProtocol.ToString());
    }

    [Fact]
    public async Task A_server_of_PostgreSQL_takes_TLS_from_the_first_byte_with_ALPN()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var accepting = StartTlsProtocol.Postgres.AcceptAsync(serverSide, Fixture.ServerOptions(), cancellationToken: Cancellation);
        await using var client = await StartTlsProtocol.PostgresDirect.ConnectAsync(clientSide, Fixture.ClientOptions(), Cancellation);
        await using var server = await accepting;
        await EchoAsync(client, server);
        Assert.Equal("postgresql", server.NegotiatedApplicationProtocol.ToString());
    }

    [Fact]
    public async Task A_server_of_PostgreSQL_takes_no_TLS_from_the_first_byte_without_ALPN()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var accepting = StartTlsProtocol.Postgres.AcceptAsync(serverSide, Fixture.ServerOptions(), cancellationToken: Cancellation);
        await using var client = new TlsStream(clientSide);
        await Assert.ThrowsAsync<AuthenticationException>(() => client.AuthenticateAsClientAsync(Fixture.ClientOptions(), Cancellation));
        Assert.Equal(TlsError.NoCommonProtocol, Why(await Assert.ThrowsAsync<AuthenticationException>(() => accepting)).Error);
    }

    [Theory]
    [MemberData(nameof(Dialogues))]
    public async Task A_client_is_let_in_as_the_protocol_says(string name, string[] said, string goAhead)
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var connecting = StartTlsProtocol.Find(name)!.ConnectAsync(clientSide, Fixture.ClientOptions(), Cancellation);
        await SayAsync(serverSide, said, goAhead);
        await using var server = new TlsStream(serverSide);
        await server.AuthenticateAsServerAsync(Fixture.ServerOptions(), Cancellation);
        await using var client = await connecting;
        await EchoAsync(client, server);
    }

    [Theory]
    [MemberData(nameof(Dialogues))]
    public async Task Injected_answers_behind_the_go_ahead_are_refused(string name, string[] said, string goAhead)
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var connecting = StartTlsProtocol.Find(name)!.ConnectAsync(clientSide, Fixture.ClientOptions(), Cancellation);
        await SayAsync(serverSide, said, goAhead + "250 injected\r\n");
        var failure = Why(await Assert.ThrowsAsync<AuthenticationException>(() => connecting.WaitAsync(Fixture.Patience, Cancellation)));
        Assert.Equal(TlsError.StartTlsInjection, failure.Error);
        Assert.Contains("250 injected", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("smtp", "EHLO x\r\nSTARTTLS\r\nMAIL FROM:<a@b>\r\n")]
    [InlineData("imap", "a STARTTLS\r\nb LOGIN x y\r\n")]
    [InlineData("pop3", "STLS\r\nUSER x\r\n")]
    [InlineData("postgres", "\0\0\0\u0008\u0004\u00D2\u0016\u002Fmore")]
    [InlineData("ldap", "0\u001D\u0002\u0001\u0001w\u0018\u0080\u00161.3.6.1.4.1.1466.200370")]
    [InlineData("xmpp", StreamHeader + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><iq/>")]
    [InlineData("xmpp", StreamHeader + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\r\n <iq/>")]
    public async Task Injected_commands_behind_the_request_are_refused(string name, string sent)
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var accepting = StartTlsProtocol.Find(name)!.AcceptAsync(serverSide, Fixture.ServerOptions(), cancellationToken: Cancellation);
        await clientSide.WriteAsync(Encoding.Latin1.GetBytes(sent), Cancellation);
        Assert.Equal(TlsError.StartTlsInjection, Why(await Assert.ThrowsAsync<AuthenticationException>(() => accepting.WaitAsync(Fixture.Patience, Cancellation))).Error);
    }

    [Fact]
    public async Task White_space_behind_a_request_of_XMPP_is_passed_over()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var accepting = StartTlsProtocol.Xmpp.AcceptAsync(serverSide, Fixture.ServerOptions(), cancellationToken: Cancellation);
        await clientSide.WriteAsync(Encoding.ASCII.GetBytes(StreamHeader + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\n"), Cancellation);
        var answer = "";
        var buffer = new byte[1];
        while (!answer.EndsWith(Proceed, StringComparison.Ordinal))
            answer += Encoding.ASCII.GetString(buffer, 0, await clientSide.ReadAsync(buffer, Cancellation));
        await using var client = new TlsStream(clientSide);
        await client.AuthenticateAsClientAsync(Fixture.ClientOptions(), Cancellation);
        await using var server = await accepting;
        await EchoAsync(client, server);
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_server_that_does_not_turn_to_TLS_is_refused(string name, string[] said, string why)
    {
        var failure = await ConnectFailureAsync(name, said);
        Assert.Equal(TlsError.StartTlsRefused, failure.Error);
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Nonsense))]
    public async Task A_server_that_breaks_its_protocol_is_refused(string name, string[] said) =>
        Assert.Equal(TlsError.StartTlsMalformed, (await ConnectFailureAsync(name, said)).Error);

    [Theory]
    [InlineData("imap", "STARTTLS\r\n")]
    [InlineData("imap", "* STARTTLS\r\n")]
    [InlineData("ldap", "GET / HTTP/1.0\r\n")]
    [InlineData("ldap", "0\u001D\u0002\u0001\u0012\u002E\u0033\u002E6.1.4.1.1466.1.4.1.1466.20037")]
    [InlineData("ldap", "0\u0005\u0002\u0001\u0001\u0030\0")]
    [InlineData("ldap", "0\u0003\u0002\u0001\u0001")]
    [InlineData("xmpp", "<html>")]
    public async Task A_client_that_breaks_its_protocol_is_refused(string name, string sent)
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var accepting = StartTlsProtocol.Find(name)!.AcceptAsync(serverSide, Fixture.ServerOptions(), cancellationToken: Cancellation);
        await clientSide.WriteAsync(Encoding.Latin1.GetBytes(sent), Cancellation);
        Assert.Equal(TlsError.StartTlsMalformed, Why(await Assert.ThrowsAsync<AuthenticationException>(() => accepting.WaitAsync(Fixture.Patience, Cancellation))).Error);
    }

    [Theory]
    [InlineData("smtp", "MAIL FROM:<a@b>\r\n", "530 ")]
    [InlineData("smtp", "STARTTLS now\r\n", "501 ")]
    [InlineData("imap", "a LOGIN x y\r\n", "a NO [PRIVACYREQUIRED]")]
    [InlineData("pop3", "USER x\r\n", "-ERR STLS first")]
    public async Task Nothing_is_served_before_TLS(string name, string command, string answer)
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var accepting = StartTlsProtocol.Find(name)!.AcceptAsync(serverSide, Fixture.ServerOptions(), cancellationToken: Cancellation);
        using var lines = new StreamReader(clientSide, Encoding.Latin1, leaveOpen: true);
        await lines.ReadLineAsync(Cancellation);
        for (var i = 0; i < 16; i++)
        {
            await clientSide.WriteAsync(Encoding.Latin1.GetBytes(command), Cancellation);
            Assert.StartsWith(answer, await lines.ReadLineAsync(Cancellation), StringComparison.Ordinal);
        }
        var failure = Why(await Assert.ThrowsAsync<AuthenticationException>(() => accepting.WaitAsync(Fixture.Patience, Cancellation)));
        Assert.Equal(TlsError.StartTlsRefused, failure.Error);
        Assert.Contains("asked for no TLS", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_client_of_PostgreSQL_is_told_that_TLS_is_required()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var accepting = StartTlsProtocol.Postgres.AcceptAsync(serverSide, Fixture.ServerOptions(), cancellationToken: Cancellation);
        await clientSide.WriteAsync(Encoding.Latin1.GetBytes("\0\0\0\u0008\u0004\u00D2\u0016\u0030"), Cancellation);
        var answer = new byte[200];
        Assert.Equal("N", Encoding.Latin1.GetString(answer, 0, await clientSide.ReadAsync(answer, Cancellation)));
        await clientSide.WriteAsync(Encoding.Latin1.GetBytes("\0\0\0\u0010\0\u0003\0\0user\0x\0\0"), Cancellation);
        var count = await clientSide.ReadAtLeastAsync(answer, 5, cancellationToken: Cancellation);
        Assert.Equal(((byte)'E', count - 1), (answer[0], BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(1))));
        Assert.Contains("TLS is required", Encoding.Latin1.GetString(answer, 0, count), StringComparison.Ordinal);
        Assert.Equal(TlsError.StartTlsRefused, Why(await Assert.ThrowsAsync<AuthenticationException>(() => accepting)).Error);
    }

    [Fact]
    public async Task A_silent_server_is_given_up_in_the_time_of_a_handshake()
    {
        var (clientSide, _) = DuplexPipe.Create();
        var options = Fixture.ClientOptions();
        options.HandshakeTimeout = TimeSpan.FromMilliseconds(50);
        Assert.Equal(TlsError.HandshakeTimeout, Why(await Assert.ThrowsAsync<AuthenticationException>(() => StartTlsProtocol.Imap.ConnectAsync(clientSide, options, Cancellation))).Error);
    }

    [Fact]
    public async Task A_server_that_closes_is_named()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        await serverSide.DisposeAsync();
        Assert.Equal(TlsError.ClosedDuringHandshake, Why(await Assert.ThrowsAsync<AuthenticationException>(() => StartTlsProtocol.Smtp.ConnectAsync(clientSide, Fixture.ClientOptions(), Cancellation))).Error);
    }

    [Theory]
    [InlineData("smtp", "220 localhost ESMTP\r\n")]
    [InlineData("imap", "* OK IMAP4rev1 ready\r\n")]
    [InlineData("pop3", "+OK POP3 ready\r\n")]
    public async Task A_client_that_knows_nothing_of_it_is_greeted(string name, string greeting)
    {
        var protocol = StartTlsProtocol.Find(name)!;
        var (clientSide, serverSide) = DuplexPipe.Create();
        var accepting = protocol.AcceptAsync(serverSide, Fixture.ServerOptions(), cancellationToken: Cancellation);
        await using var greeted = protocol.WithGreeting(await protocol.ConnectAsync(clientSide, Fixture.ClientOptions(), Cancellation));
        await using var server = await accepting;
        await server.WriteAsync("and more"u8.ToArray(), Cancellation);
        var expected = greeting + "and more";
        var got = new byte[expected.Length];
        await greeted.ReadExactlyAsync(got, Cancellation);
        Assert.Equal(expected, Encoding.ASCII.GetString(got));
    }

    [Fact]
    public async Task A_server_behind_is_not_let_greet_a_second_time()
    {
        var (front, back) = DuplexPipe.Create();
        await back.WriteAsync("220-one\r\n220 two\r\n"u8.ToArray(), Cancellation);
        await StartTlsProtocol.Smtp.SkipGreetingAsync(front, Cancellation);
        await back.WriteAsync("250 next\r\n"u8.ToArray(), Cancellation);
        var got = new byte[10];
        await front.ReadExactlyAsync(got, Cancellation);
        Assert.Equal("250 next\r\n", Encoding.ASCII.GetString(got));
    }

    [Fact]
    public async Task A_client_is_accepted_for_a_server_that_greets_it_again()
    {
        var (clientSide, frontSide) = DuplexPipe.Create();
        var (frontOut, serverSide) = DuplexPipe.Create();
        var accepting = StartTlsProtocol.Imap.AcceptForAsync(frontSide, Fixture.ServerOptions(), frontOut, cancellationToken: Cancellation);
        await serverSide.WriteAsync("* OK plain\r\n"u8.ToArray(), Cancellation);
        await using var client = await StartTlsProtocol.Imap.ConnectAsync(clientSide, Fixture.ClientOptions(), Cancellation);
        await using var front = await accepting;
        await EchoAsync(client, Assert.IsType<TlsStream>(front));
        Assert.False(frontOut.ReadAsync(new byte[1], Cancellation).IsCompleted);
    }

    [Fact]
    public async Task A_client_is_let_go_where_the_server_behind_does_not_greet()
    {
        var (clientSide, frontSide) = DuplexPipe.Create();
        var (frontOut, serverSide) = DuplexPipe.Create();
        await serverSide.WriteAsync("* BYE busy\r\n"u8.ToArray(), Cancellation);
        var accepting = StartTlsProtocol.Imap.AcceptForAsync(frontSide, Fixture.ServerOptions(), frontOut, cancellationToken: Cancellation);
        await using var client = await StartTlsProtocol.Imap.ConnectAsync(clientSide, Fixture.ClientOptions(), Cancellation);
        Assert.Contains("BYE busy", (await Assert.ThrowsAsync<AuthenticationException>(() => accepting)).Message, StringComparison.Ordinal);
        Assert.Equal(0, await client.ReadAsync(new byte[1], Cancellation));
    }

    [Theory]
    // AuthenticationOk, a password in the clear, one with MD5, Kerberos, an error, and SASL that is bound to no channel or to one alone.
    [InlineData("R\0\0\0\u0008\0\0\0\0", "R\0\0\0\u0008\0\0\0\0")]
    [InlineData("R\0\0\0\u0008\0\0\0\u0003", "R\0\0\0\u0008\0\0\0\u0003")]
    [InlineData("R\0\0\0\u000C\0\0\0\u0005salt", "R\0\0\0\u000C\0\0\0\u0005salt")]
    [InlineData("R\0\0\0\u0008\0\0\0\u0007", "R\0\0\0\u0008\0\0\0\u0007")]
    [InlineData("E\0\0\0\u0005\0", "E\0\0\0\u0005\0")]
    [InlineData("R\0\0\0\u0017\0\0\0\u000ASCRAM-SHA-256\0\0", "R\0\0\0\u0017\0\0\0\u000ASCRAM-SHA-256\0\0")]
    [InlineData("R\0\0\0\u001C\0\0\0\u000ASCRAM-SHA-256-PLUS\0\0", "R\0\0\0\u001C\0\0\0\u000ASCRAM-SHA-256-PLUS\0\0")]
    // No list: no end, an empty name, bytes behind it, no length, and more than any server has.
    [InlineData("R\0\0\0\u0029\0\0\0\u000ASCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0", "R\0\0\0\u0029\0\0\0\u000ASCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0")]
    [InlineData("R\0\0\0\u002B\0\0\0\u000ASCRAM-SHA-256-PLUS\0\0SCRAM-SHA-256\0\0", "R\0\0\0\u002B\0\0\0\u000ASCRAM-SHA-256-PLUS\0\0SCRAM-SHA-256\0\0")]
    [InlineData("R\0\0\0\u002B\0\0\0\u000ASCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0x", "R\0\0\0\u002B\0\0\0\u000ASCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0x")]
    [InlineData("R\0\0\0\u0009\0\0\0\u000A\0", "R\0\0\0\u0009\0\0\0\u000A\0")]
    [InlineData("R\0\0\0\u0003\0\0\0\u000A", "R\0\0\0\u0003\0\0\0\u000A")]
    [InlineData("R\u00FF\0\0\u0008\0\0\0\u000A", "R\u00FF\0\0\u0008\0\0\0\u000A")]
    [InlineData("R\0\u0001\0\u0005\0\0\0\u000ASCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0", "R\0\u0001\0\u0005\0\0\0\u000ASCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0")]
    // What a client without TLS must not see, in any order, behind other messages, and only until the client is answered.
    [InlineData("R\0\0\0\u002A\0\0\0\u000ASCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0", "R\0\0\0\u0017\0\0\0\u000ASCRAM-SHA-256\0\0")]
    [InlineData("R\0\0\0\u002F\0\0\0\u000ASCRAM-SHA-256\0SCRAM-SHA-256-PLUS\0OTHE\0\0", "R\0\0\0\u001C\0\0\0\u000ASCRAM-SHA-256\0OTHE\0\0")]
    [InlineData("N\0\0\0\u0005\0v\0\0\0\u0004R\0\0\0\u002A\0\0\0\u000ASCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0", "N\0\0\0\u0005\0v\0\0\0\u0004R\0\0\0\u0017\0\0\0\u000ASCRAM-SHA-256\0\0")]
    [InlineData("R\0\0\0\u0008\0\0\0\0R\0\0\0\u002A\0\0\0\u000ASCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0", "R\0\0\0\u0008\0\0\0\0R\0\0\0\u002A\0\0\0\u000ASCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0")]
    public async Task A_plain_client_of_PostgreSQL_is_led_through_a_tunnel_and_sees_no_offer_that_needs_TLS(string offer, string seen)
    {
        for (var cut = 0; cut < offer.Length; cut++)
            Assert.Equal(seen + "and more", await SeenThroughTunnelAsync(StartOfLibpq, asksForTls: cut % 2 == 0, offer[..cut], offer[cut..] + "and more"));
        Assert.Equal(seen + "and more", await SeenThroughTunnelAsync(StartOfLibpq, asksForTls: false, [.. (offer + "and more").Select(value => $"{value}")]));
    }

    [Theory]
    [InlineData("R")]
    [InlineData("R\0\0\0\u002A")]
    [InlineData("R\0\0\0\u002A\0\0\0\u000ASCRAM-SHA-256-PLUS\0\0")]
    public async Task A_client_of_PostgreSQL_gets_what_there_is_of_an_answer_that_is_cut_off_behind_a_tunnel(string offer) =>
        Assert.Equal(offer, await SeenThroughTunnelAsync(StartOfLibpq, asksForTls: false, offer));

    [Theory]
    [InlineData(StartOfNpgsql, true)]
    [InlineData(StartOfLibpq, false)]
    // As other clients begin, and one that is cut short.
    [InlineData("client_encoding\0UTF8\0user\0app\0\0", false)]
    [InlineData("user\0client_encoding\0database\0client_encoding\0\0", false)]
    [InlineData("user\0\0", false)]
    [InlineData("user\0app", false)]
    [InlineData("", false)]
    public async Task Npgsql_alone_sees_all_that_is_offered_behind_a_tunnel(string start, bool isShown)
    {
        const string offer = "R\0\0\0\u002A\0\0\0\u000ASCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
        foreach (var asksForTls in (bool[])[true, false])
            Assert.Equal(isShown, await SeenThroughTunnelAsync(start, asksForTls, offer) == offer);
    }

    /// <summary>What a client with these parameters gets of what a server says under TLS, in these pieces, until it ends.</summary>
    private static async Task<string> SeenThroughTunnelAsync(string parameters, bool asksForTls, params string[] said)
    {
        var (clientSide, tunnelSide) = DuplexPipe.Create();
        var (tunnelOut, serverSide) = DuplexPipe.Create();
        var accepting = StartTlsProtocol.Postgres.AcceptAsync(serverSide, Fixture.ServerOptions(), cancellationToken: Cancellation);
        var connecting = StartTlsProtocol.Postgres.ConnectForAsync(tunnelOut, Fixture.ClientOptions(), tunnelSide, Cancellation);
        if (asksForTls)
        {
            await clientSide.WriteAsync(Encoding.Latin1.GetBytes("\0\0\0\u0008\u0004\u00D2\u0016\u002F"), Cancellation);
            var answer = new byte[1];
            await clientSide.ReadExactlyAsync(answer, Cancellation);
            Assert.Equal((byte)'N', answer[0]);
        }
        var start = Encoding.Latin1.GetBytes($"\0\0\0{(char)(8 + parameters.Length)}\0\u0003\0\0{parameters}");
        await clientSide.WriteAsync(start, Cancellation);
        await using var server = await accepting;
        var got = new byte[start.Length];
        await server.ReadExactlyAsync(got, Cancellation);
        Assert.Equal(start, got);
        foreach (var piece in said)
            await server.WriteAsync(Encoding.Latin1.GetBytes(piece), Cancellation);
        await server.ShutdownAsync(Cancellation);
        await using var tunnel = await connecting;
        await tunnel.CopyToAsync(tunnelSide, Cancellation);
        await tunnelSide.DisposeAsync();
        using var seen = new MemoryStream();
        await clientSide.CopyToAsync(seen, Cancellation);
        return Encoding.Latin1.GetString(seen.ToArray());
    }

    [Fact]
    public async Task A_request_to_cancel_goes_through_a_tunnel_and_has_no_answer()
    {
        var (clientSide, tunnelSide) = DuplexPipe.Create();
        var (tunnelOut, serverSide) = DuplexPipe.Create();
        var accepting = StartTlsProtocol.Postgres.AcceptAsync(serverSide, Fixture.ServerOptions(), cancellationToken: Cancellation);
        var connecting = StartTlsProtocol.Postgres.ConnectForAsync(tunnelOut, Fixture.ClientOptions(), tunnelSide, Cancellation);
        var request = Encoding.Latin1.GetBytes("\0\0\0\u0010\u0004\u00D2\u0016\u002Eidentity");
        await clientSide.WriteAsync(request, Cancellation);
        await using var server = await accepting;
        var got = new byte[request.Length];
        await server.ReadExactlyAsync(got, Cancellation);
        Assert.Equal(request, got);
        await using var tunnel = await connecting;
    }

    [Fact]
    public async Task A_client_of_PostgreSQL_whose_start_is_beyond_all_bounds_is_refused()
    {
        var (clientSide, tunnelSide) = DuplexPipe.Create();
        var (tunnelOut, serverSide) = DuplexPipe.Create();
        var accepting = StartTlsProtocol.Postgres.AcceptAsync(serverSide, Fixture.ServerOptions(), cancellationToken: Cancellation);
        var connecting = StartTlsProtocol.Postgres.ConnectForAsync(tunnelOut, Fixture.ClientOptions(), tunnelSide, Cancellation);
        await clientSide.WriteAsync("GET / HT"u8.ToArray(), Cancellation);
        Assert.Equal(TlsError.StartTlsMalformed, Why(await Assert.ThrowsAsync<AuthenticationException>(() => connecting)).Error);
        await using var server = await accepting;
    }

    [Fact]
    public async Task What_has_no_server_side_says_so()
    {
        var (_, serverSide) = DuplexPipe.Create();
        await Assert.ThrowsAsync<NotSupportedException>(() => StartTlsProtocol.PostgresDirect.AcceptAsync(serverSide, Fixture.ServerOptions(), cancellationToken: Cancellation));
        await Assert.ThrowsAsync<NotSupportedException>(() => StartTlsProtocol.PostgresDirect.AcceptForAsync(serverSide, Fixture.ServerOptions(), Stream.Null, cancellationToken: Cancellation));
        await Assert.ThrowsAsync<NotSupportedException>(() => StartTlsProtocol.MySql.AcceptAsync(serverSide, Fixture.ServerOptions(), cancellationToken: Cancellation));
        Assert.Equal(["postgres-direct"], StartTlsProtocol.All.Where(protocol => !protocol.HasServerSide).Select(protocol => protocol.Name));
        Assert.Equal(["mysql"], StartTlsProtocol.All.Where(protocol => protocol.NeedsServerToAccept).Select(protocol => protocol.Name));
    }

    [Fact]
    public void Protocols_are_found_by_name()
    {
        Assert.All(StartTlsProtocol.All, protocol => Assert.Same(protocol, StartTlsProtocol.Find(protocol.Name.ToUpperInvariant())));
        Assert.Null(StartTlsProtocol.Find("gopher"));
    }

    private static async Task<TlsException> ConnectFailureAsync(string name, string[] said)
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var connecting = StartTlsProtocol.Find(name)!.ConnectAsync(clientSide, Fixture.ClientOptions(), Cancellation);
        await SayAsync(serverSide, said[..^1], said[^1], mayEnd: true);
        return Why(await Assert.ThrowsAsync<AuthenticationException>(() => connecting.WaitAsync(Fixture.Patience, Cancellation)));
    }

    /// <summary>Says one thing at once where a server speaks first, and each further one when the client has said something.</summary>
    private static async Task SayAsync(Stream server, string[] said, string last, bool mayEnd = false)
    {
        var all = said.Append(last).ToArray();
        var clientFirst = all[0].Length == 1 || all[0][0] is '0' or '<' || all[0] == "HTTP/1.1";
        var buffer = new byte[4096];
        for (var i = 0; i < all.Length; i++)
        {
            if ((i > 0 || clientFirst) && await server.ReadAsync(buffer, Cancellation) == 0 && mayEnd)
                return;
            await server.WriteAsync(Encoding.Latin1.GetBytes(all[i]), Cancellation);
        }
    }

    private static async Task EchoAsync(TlsStream client, TlsStream server)
    {
        var got = new byte[5];
        foreach (var (from, to) in new[] { (client, server), (server, client) })
        {
            await from.WriteAsync("hello"u8.ToArray(), Cancellation);
            await to.ReadExactlyAsync(got, Cancellation);
            Assert.Equal("hello"u8, got);
        }
    }

    private static TlsException Why(AuthenticationException failure) => Assert.IsType<TlsException>(failure.InnerException);
}

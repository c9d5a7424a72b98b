using LucidTls.Protocol;
using LucidTls.Sessions;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Handshake;

/// <summary>How many tickets a client gets (RFC 9149).</summary>
public sealed class TicketRequestTests
{
    [Theory]
    [InlineData(null, 2, 2)]
    [InlineData(0, 2, 0)]
    [InlineData(1, 2, 1)]
    [InlineData(5, 2, 5)]
    [InlineData(200, 2, 8)]
    [InlineData(5, 0, 0)]
    public async Task A_server_gives_as_many_as_it_is_asked_for_and_may(int? wanted, int usual, int given)
    {
        var session = await ConnectAsync(wanted, usual, onResumption: 1, count: 1);
        Assert.Equal(wanted == null ? null : given, session.Session.ExpectedTickets);
        Assert.Equal(given, session.Tickets);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    public async Task After_a_resumption_it_is_the_other_number(int onResumption, int given)
    {
        var session = await ConnectAsync(2, usual: 2, onResumption, count: 2);
        Assert.True(session.Session.Resumed);
        Assert.Equal(given, session.Session.ExpectedTickets);
        Assert.Equal(given, session.Tickets);
    }

    [Fact]
    public void A_malformed_request_is_refused()
    {
        ServerRefuses(TlsError.Malformed, TlsAlert.DecodeError, Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.With(ExtensionType.TicketRequest, 1))));
        ServerRefuses(TlsError.Malformed, TlsAlert.DecodeError, Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.With(ExtensionType.TicketRequest, 1, 2, 3))));
    }

    [Fact]
    public void An_answer_that_was_not_asked_for_is_refused() =>
        ClientRefuses(TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, Script.Changing<EncryptedExtensions>(message => new EncryptedExtensions { Extensions = message.Extensions.With(ExtensionType.TicketRequest, 1) }));

    [Theory]
    [InlineData(-1)]
    [InlineData(256)]
    public void A_number_that_cannot_be_sent_is_an_error_of_the_caller(int count)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Fixture.ClientOptions().RequestedTickets = count);
        Assert.Throws<ArgumentOutOfRangeException>(() => Fixture.ClientOptions().RequestedTicketsOnResumption = count);
    }

    /// <returns>The last of the connections, and the tickets that it got.</returns>
    private static async Task<(TlsSessionInfo Session, int Tickets)> ConnectAsync(int? wanted, int usual, int onResumption, int count)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var cache = new TlsSessionCache();
        var serverOptions = Fixture.ServerOptions();
        serverOptions.TicketStore = new TicketKeyRing();
        serverOptions.TicketCount = usual;
        for (var i = 1; ; i++)
        {
            var clientOptions = Fixture.ClientOptions();
            clientOptions.SessionCache = cache;
            clientOptions.RequestedTickets = wanted;
            clientOptions.RequestedTicketsOnResumption = onResumption;
            var (client, server) = await Fixture.ConnectAsync(clientOptions, serverOptions);
            await using (client)
            await using (server)
            {
                await server.WriteAsync(new byte[1], cancellation);
                await client.ReadExactlyAsync(new byte[1], cancellation);
                if (i == count)
                    return (client.Session, server.Session.Steps.Count(step => step.Message == "NewSessionTicket"));
            }
        }
    }
}

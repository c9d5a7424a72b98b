using LucidTls.Protocol;
using LucidTls.Records;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Handshake;

/// <summary>Messages after the handshake (RFC 8446 §4.6).</summary>
public sealed class PostHandshakeRuleTests
{
    [Fact]
    public void Both_ends_follow_a_KeyUpdate()
    {
        var script = Script.After(channel =>
        {
            channel.Write(ContentType.ApplicationData, "before "u8);
            channel.WriteMessage(new KeyUpdate { RequestUpdate = false });
            channel.UpdateWriteKeys();
            channel.Write(ContentType.ApplicationData, "after"u8);
        });
        Assert.Equal("before after"u8, ClientAccepts(script).Data);
        Assert.Equal("before after"u8, ServerAccepts(script).Data);
    }

    [Fact]
    public void Old_keys_after_a_KeyUpdate_do_not_decrypt() => BothRefuse(TlsError.BadRecordMac, TlsAlert.BadRecordMac, channel =>
    {
        channel.WriteMessage(new KeyUpdate { RequestUpdate = false });
        channel.Write(ContentType.ApplicationData, "after"u8);
    });

    [Fact]
    public void New_keys_without_a_KeyUpdate_do_not_decrypt() => BothRefuse(TlsError.BadRecordMac, TlsAlert.BadRecordMac, channel =>
    {
        channel.UpdateWriteKeys();
        channel.Write(ContentType.ApplicationData, "after"u8);
    });

    [Theory]
    [InlineData(2)]
    [InlineData(255)]
    public void A_KeyUpdate_with_an_unknown_request_is_refused(byte request) =>
        BothRefuse(TlsError.IllegalValue, TlsAlert.IllegalParameter, channel => channel.Write(ContentType.Handshake, Wire.Message(HandshakeType.KeyUpdate, request)));

    [Fact]
    public void A_KeyUpdate_of_another_length_is_a_decode_error()
    {
        BothRefuse(TlsError.Malformed, TlsAlert.DecodeError, channel => channel.Write(ContentType.Handshake, Wire.Message(HandshakeType.KeyUpdate)));
        BothRefuse(TlsError.Malformed, TlsAlert.DecodeError, channel => channel.Write(ContentType.Handshake, Wire.Message(HandshakeType.KeyUpdate, 0, 0)));
    }

    [Fact]
    public void Nothing_may_follow_a_KeyUpdate_in_its_record() => BothRefuse(TlsError.MessageAcrossKeyChange, TlsAlert.UnexpectedMessage, channel =>
        channel.Write(ContentType.Handshake, [.. Wire.Message(HandshakeType.KeyUpdate, 0), .. Wire.Message(HandshakeType.KeyUpdate, 0)]));

    [Fact]
    public void Not_even_the_beginning_of_a_message_may_follow_a_KeyUpdate_in_its_record() => BothRefuse(TlsError.MessageAcrossKeyChange, TlsAlert.UnexpectedMessage, channel =>
        channel.Write(ContentType.Handshake, [.. Wire.Message(HandshakeType.KeyUpdate, 0), 4]));

    [Fact]
    public void A_peer_that_only_updates_its_keys_is_cut_off() => BothRefuse(TlsError.TooManyEmptyMessages, TlsAlert.UnexpectedMessage, channel =>
    {
        for (var i = 0; i <= RecordLimits.MostIdleRecords; i++)
        {
            channel.WriteMessage(new KeyUpdate { RequestUpdate = true });
            channel.UpdateWriteKeys();
        }
    });

    [Fact]
    public void Requests_for_an_update_are_answered_once_in_front_of_the_next_data()
    {
        using var client = TlsConnection.CreateClient(Fixture.ClientOptions());
        using var server = TlsConnection.CreateServer(Fixture.ServerOptions());
        Carry(client, server);
        Carry(server, client);
        Carry(client, server);
        for (var i = 0; i < 3; i++)
            client.UpdateKeys(requestPeerUpdate: true);
        Carry(client, server);
        Assert.Equal(0, server.Read(new byte[10]));
        Assert.Equal(0, server.PendingOutput);
        server.Write("a"u8);
        // A KeyUpdate of five bytes, then the data: two records.
        Assert.Equal(RecordLimits.Overhead + 5 + RecordLimits.Overhead + 1, server.PendingOutput);
        Carry(server, client);
        Assert.Equal(1, client.Read(new byte[10]));
        server.Write("b"u8);
        Assert.Equal(RecordLimits.Overhead + 1, server.PendingOutput);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(11)]
    [InlineData(20)]
    [InlineData(0)]
    [InlineData(99)]
    public void Messages_of_the_handshake_are_refused_after_it(byte type) =>
        BothRefuse(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, channel => channel.Write(ContentType.Handshake, Wire.Message(new HandshakeType(type), 0, 0)));

    [Fact]
    public void A_request_for_a_certificate_is_refused_by_a_client_that_did_not_offer_to_show_one() =>
        ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.After(channel => channel.WriteMessage(new CertificateRequest { Context = new byte[] { 1 }, Extensions = Wire.Block((ExtensionType.SignatureAlgorithms, [0, 2, 4, 3])) })));

    // NewSessionTicket

    [Fact]
    public void A_ticket_is_taken_by_a_client_that_does_not_resume() =>
        Assert.Equal("data"u8, ClientAccepts(Script.After(channel =>
        {
            channel.WriteMessage(Ticket());
            channel.Write(ContentType.ApplicationData, "data"u8);
        })).Data);

    [Fact]
    public void A_ticket_for_a_server_is_refused() =>
        ServerRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.After(channel => channel.WriteMessage(Ticket())));

    [Fact]
    public void A_ticket_for_longer_than_seven_days_is_refused() =>
        ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Script.After(channel => channel.WriteMessage(Ticket(lifetime: 604_801))));

    [Fact]
    public void An_empty_ticket_is_a_decode_error() =>
        ClientRefuses(TlsError.Malformed, TlsAlert.DecodeError, Script.After(channel => channel.WriteMessage(Ticket(ticket: []))));

    [Fact]
    public void An_extension_of_a_ticket_that_belongs_elsewhere_is_refused() =>
        ClientRefuses(TlsError.MisplacedExtension, TlsAlert.IllegalParameter, Script.After(channel => channel.WriteMessage(Ticket(extensions: Wire.Block((ExtensionType.KeyShare, []))))));

    [Fact]
    public void A_malformed_limit_of_early_data_is_a_decode_error() =>
        ClientRefuses(TlsError.Malformed, TlsAlert.DecodeError, Script.After(channel => channel.WriteMessage(Ticket(extensions: Wire.Block((ExtensionType.EarlyData, [0, 0, 1]))))));

    [Fact]
    public void An_unknown_extension_of_a_ticket_is_passed_over() =>
        Assert.Equal(TlsVersion.Tls13, ClientAccepts(Script.After(channel => channel.WriteMessage(Ticket(extensions: Wire.Block((new ExtensionType(0x1A1A), [1])))))).Session!.Version);

    [Fact]
    public void A_ticket_may_be_cut_into_many_records() => Assert.Equal("data"u8, ClientAccepts(Script.After(channel =>
    {
        var message = Wire.Encode(Ticket());
        for (var at = 0; at < message.Length; at += 10)
            channel.Write(ContentType.Handshake, message.AsSpan(at, Math.Min(10, message.Length - at)));
        channel.Write(ContentType.ApplicationData, "data"u8);
    })).Data);

    [Fact]
    public void Application_data_in_the_midst_of_a_message_is_refused() => ClientRefuses(TlsError.InterleavedHandshake, TlsAlert.UnexpectedMessage, Script.After(channel =>
    {
        channel.Write(ContentType.Handshake, Wire.Encode(Ticket()).AsSpan(0, 10));
        channel.Write(ContentType.ApplicationData, "data"u8);
    }));

    private static NewSessionTicket Ticket(uint lifetime = 3600, byte[]? ticket = null, ExtensionBlock? extensions = null) => new()
    {
        LifetimeSeconds = lifetime,
        AgeAdd = 1,
        Nonce = new byte[] { 0 },
        Ticket = ticket ?? new byte[60],
        Extensions = extensions ?? new ExtensionBlock(),
    };

    private static void BothRefuse(TlsError error, TlsAlert alert, Action<ScriptedChannel> send)
    {
        ClientRefuses(error, alert, Script.After(send));
        ServerRefuses(error, alert, Script.After(send));
    }

    private static void Carry(TlsConnection from, TlsConnection to)
    {
        var buffer = new byte[4096];
        int count;
        while ((count = from.TakeOutput(buffer)) > 0)
            to.Receive(buffer.AsSpan(0, count));
    }
}

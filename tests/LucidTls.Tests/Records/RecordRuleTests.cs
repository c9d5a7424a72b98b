using LucidTls.Protocol;
using LucidTls.Records;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Records;

/// <summary>What both ends check in records (RFC 8446 §5, §6).</summary>
public sealed class RecordRuleTests
{
    // Fragmentation

    [Fact]
    public void Handshake_messages_may_come_a_byte_a_record()
    {
        var script = new Script
        {
            Frame = (channel, _, message) =>
            {
                foreach (var value in message)
                    channel.Write(ContentType.Handshake, [value]);
            },
        };
        Assert.Equal(TlsVersion.Tls13, ClientAccepts(script).Session!.Version);
        Assert.Equal(TlsVersion.Tls13, ServerAccepts(script).Session!.Version);
    }

    [Fact]
    public void Handshake_messages_under_the_same_keys_may_share_a_record()
    {
        var held = new List<byte>();
        var script = new Script
        {
            Frame = (channel, type, message) =>
            {
                held.AddRange(message);
                if (type != HandshakeType.ServerHello && type != HandshakeType.Finished)
                    return;
                channel.Write(ContentType.Handshake, [.. held]);
                held.Clear();
            },
        };
        Assert.Equal(TlsVersion.Tls13, ClientAccepts(script).Session!.Version);
    }

    [Fact]
    public void A_message_may_not_follow_ServerHello_in_its_record() =>
        ClientRefuses(TlsError.MessageAcrossKeyChange, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.ServerHello, (channel, message) => channel.Write(ContentType.Handshake, [.. message, 8])));

    [Fact]
    public void A_message_may_not_follow_the_servers_Finished_in_its_record() =>
        ClientRefuses(TlsError.MessageAcrossKeyChange, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.Finished, (channel, message) => channel.Write(ContentType.Handshake, [.. message, 4, 0])));

    [Fact]
    public void A_message_may_not_follow_the_clients_Finished_in_its_record() =>
        ServerRefuses(TlsError.MessageAcrossKeyChange, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.Finished, (channel, message) => channel.Write(ContentType.Handshake, [.. message, .. Wire.Message(HandshakeType.KeyUpdate, 0)])));

    [Fact]
    public void A_message_may_not_follow_ClientHello_in_its_record() =>
        ServerRefuses(TlsError.MessageAcrossKeyChange, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.ClientHello, (channel, message) => channel.Write(ContentType.Handshake, [.. message, 20])));

    [Fact]
    public void Another_kind_of_record_in_the_midst_of_a_message_is_refused() =>
        ClientRefuses(TlsError.InterleavedHandshake, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.Certificate, (channel, message) =>
        {
            channel.Write(ContentType.Handshake, message.AsSpan(0, 20));
            channel.Write(ContentType.ApplicationData, [1]);
        }));

    [Fact]
    public void A_change_cipher_spec_in_the_midst_of_a_message_is_refused() =>
        ClientRefuses(TlsError.InterleavedHandshake, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.Certificate, (channel, message) =>
        {
            channel.Write(ContentType.Handshake, message.AsSpan(0, 20));
            channel.SendChangeCipherSpec();
        }));

    [Fact]
    public void A_message_that_says_it_is_longer_than_allowed_is_refused_at_once() =>
        ClientRefuses(TlsError.MessageTooLong, TlsAlert.IllegalParameter, Script.Sending(HandshakeType.Certificate, HandshakeType.Certificate.Value, 2, 0, 0));

    // Lengths

    [Fact]
    public void An_empty_handshake_record_is_refused()
    {
        ServerRefuses(TlsError.EmptyRecord, TlsAlert.UnexpectedMessage, new Script { AtFirst = channel => channel.Write(ContentType.Handshake, []) });
        ClientRefuses(TlsError.EmptyRecord, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.EncryptedExtensions, (channel, _) => channel.Write(ContentType.Handshake, [])));
    }

    [Fact]
    public void An_empty_alert_is_refused()
    {
        ServerRefuses(TlsError.EmptyRecord, TlsAlert.UnexpectedMessage, new Script { AtFirst = channel => channel.Write(ContentType.Alert, []) });
        BothRefuse(TlsError.EmptyRecord, TlsAlert.UnexpectedMessage, channel => channel.Write(ContentType.Alert, []));
    }

    [Fact]
    public void Empty_application_records_are_passed_over_but_not_without_end()
    {
        Assert.Equal("data"u8, ClientAccepts(Script.After(channel =>
        {
            for (var i = 0; i < RecordLimits.MostIdleRecords; i++)
                channel.Write(ContentType.ApplicationData, []);
            channel.Write(ContentType.ApplicationData, "data"u8);
            for (var i = 0; i < RecordLimits.MostIdleRecords; i++)
                channel.Write(ContentType.ApplicationData, []);
        })).Data);
        BothRefuse(TlsError.TooManyEmptyMessages, TlsAlert.UnexpectedMessage, channel =>
        {
            for (var i = 0; i <= RecordLimits.MostIdleRecords; i++)
                channel.Write(ContentType.ApplicationData, []);
        });
    }

    [Fact]
    public void A_plain_record_of_more_than_2_to_the_14_bytes_is_refused() =>
        ServerRefuses(TlsError.RecordTooLong, TlsAlert.RecordOverflow, new Script { AtFirst = channel => channel.Write(ContentType.Handshake, new byte[RecordLimits.MaxPlaintext + 1]) });

    [Fact]
    public void A_protected_record_with_a_full_content_is_read() =>
        Assert.Equal(RecordLimits.MaxPlaintext, ServerAccepts(Script.After(channel => channel.Write(ContentType.ApplicationData, new byte[RecordLimits.MaxPlaintext]))).Data.Length);

    [Fact]
    public void A_content_of_more_than_2_to_the_14_bytes_is_refused() =>
        BothRefuse(TlsError.RecordTooLong, TlsAlert.RecordOverflow, channel => channel.Write(ContentType.ApplicationData, new byte[RecordLimits.MaxPlaintext + 1]));

    [Fact]
    public void Padding_beyond_2_to_the_14_bytes_is_refused() =>
        BothRefuse(TlsError.RecordTooLong, TlsAlert.RecordOverflow, channel => channel.WriteInner([1, 23, .. new byte[RecordLimits.MaxPlaintext]]));

    [Fact]
    public void A_protected_record_of_more_than_2_to_the_14_plus_256_bytes_is_refused_by_its_header() =>
        BothRefuse(TlsError.RecordTooLong, TlsAlert.RecordOverflow, channel => channel.WriteRaw([23, 3, 3, 0x41, 0x01]));

    [Fact]
    public void A_protected_record_shorter_than_its_tag_does_not_decrypt() =>
        BothRefuse(TlsError.BadRecordMac, TlsAlert.BadRecordMac, channel => channel.WriteRaw([23, 3, 3, 0, 15, .. new byte[15]]));

    [Fact]
    public void An_empty_protected_record_does_not_decrypt() =>
        BothRefuse(TlsError.BadRecordMac, TlsAlert.BadRecordMac, channel => channel.WriteRaw([23, 3, 3, 0, 0]));

    // Protection

    [Fact]
    public void A_record_that_comes_twice_does_not_decrypt() => BothRefuse(TlsError.BadRecordMac, TlsAlert.BadRecordMac, channel =>
    {
        var record = channel.Capture(() => channel.Write(ContentType.ApplicationData, "pay 10"u8));
        channel.WriteRaw(record);
        channel.WriteRaw(record);
    });

    [Fact]
    public void Records_in_another_order_do_not_decrypt() => BothRefuse(TlsError.BadRecordMac, TlsAlert.BadRecordMac, channel =>
    {
        var first = channel.Capture(() => channel.Write(ContentType.ApplicationData, "first"u8));
        channel.Write(ContentType.ApplicationData, "second"u8);
        channel.WriteRaw(first);
    });

    [Fact]
    public void A_record_that_is_left_out_is_missed() => BothRefuse(TlsError.BadRecordMac, TlsAlert.BadRecordMac, channel =>
    {
        channel.Capture(() => channel.Write(ContentType.ApplicationData, "first"u8));
        channel.Write(ContentType.ApplicationData, "second"u8);
    });

    [Theory]
    [InlineData(22)]
    [InlineData(23)]
    [InlineData(24)]
    [InlineData(0)]
    [InlineData(255)]
    public void An_unprotected_record_after_the_handshake_is_refused(byte type)
    {
        var expected = type == 23 ? (TlsError.BadRecordMac, TlsAlert.BadRecordMac) : (TlsError.UnexpectedRecordType, TlsAlert.UnexpectedMessage);
        BothRefuse(expected.Item1, expected.Item2, channel => channel.WritePlain((ContentType)type, new byte[20]));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 40)]
    [InlineData(1, 90)]
    public void An_unprotected_alert_after_the_handshake_is_refused_so_that_nobody_on_the_way_ends_the_data(byte level, byte description) =>
        BothRefuse(TlsError.UnexpectedRecordType, TlsAlert.UnexpectedMessage, channel => channel.WritePlain(ContentType.Alert, [level, description]));

    [Fact]
    public void Application_data_before_the_keys_is_refused()
    {
        ServerRefuses(TlsError.EarlyApplicationData, TlsAlert.UnexpectedMessage, new Script { AtFirst = channel => channel.WritePlain(ContentType.ApplicationData, new byte[20]) });
        ClientRefuses(TlsError.EarlyApplicationData, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.ServerHello, (channel, _) => channel.WritePlain(ContentType.ApplicationData, new byte[20])));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(24)]
    [InlineData(255)]
    public void An_unknown_type_inside_a_protected_record_is_refused(byte type) =>
        BothRefuse(TlsError.UnexpectedRecordType, TlsAlert.UnexpectedMessage, channel => channel.WriteInner([1, 2, 3, type == 0 ? (byte)24 : type]));

    [Fact]
    public void A_protected_change_cipher_spec_is_refused()
    {
        BothRefuse(TlsError.UnexpectedChangeCipherSpec, TlsAlert.UnexpectedMessage, channel => channel.Write(ContentType.ChangeCipherSpec, [1]));
        ClientRefuses(TlsError.UnexpectedChangeCipherSpec, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.EncryptedExtensions, (channel, _) => channel.Write(ContentType.ChangeCipherSpec, [1])));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void A_record_of_zeros_alone_is_refused(int zeros) =>
        BothRefuse(TlsError.UnexpectedRecordType, TlsAlert.UnexpectedMessage, channel => channel.WriteInner(new byte[zeros]));

    [Fact]
    public void Padding_is_taken_away() =>
        Assert.Equal("data\0\0"u8, ServerAccepts(Script.After(channel => channel.WriteInner([.. "data\0\0"u8, 23, .. new byte[300]]))).Data);

    // change_cipher_spec

    [Fact]
    public void A_change_cipher_spec_in_front_of_ClientHello_is_refused() =>
        ServerRefuses(TlsError.UnexpectedChangeCipherSpec, TlsAlert.UnexpectedMessage, new Script { AtFirst = channel => channel.SendChangeCipherSpec() });

    [Fact]
    public void A_change_cipher_spec_after_the_handshake_is_refused() =>
        BothRefuse(TlsError.UnexpectedChangeCipherSpec, TlsAlert.UnexpectedMessage, channel => channel.SendChangeCipherSpec());

    [Fact]
    public void Several_change_cipher_specs_in_the_handshake_are_passed_over() =>
        Assert.Equal(TlsVersion.Tls13, ClientAccepts(SpecsInFront(HandshakeType.EncryptedExtensions, RecordLimits.MostIdleRecords - 1)).Session!.Version);

    [Fact]
    public void Too_many_change_cipher_specs_are_refused()
    {
        ClientRefuses(TlsError.TooManyEmptyMessages, TlsAlert.UnexpectedMessage, SpecsInFront(HandshakeType.EncryptedExtensions, RecordLimits.MostIdleRecords + 1));
        ServerRefuses(TlsError.TooManyEmptyMessages, TlsAlert.UnexpectedMessage, SpecsInFront(HandshakeType.Finished, RecordLimits.MostIdleRecords + 1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_change_cipher_spec_with_another_value_is_refused(byte value) =>
        ClientRefuses(TlsError.UnexpectedChangeCipherSpec, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.EncryptedExtensions, (channel, _) => channel.WritePlain(ContentType.ChangeCipherSpec, [value])));

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_change_cipher_spec_of_another_length_is_refused(int length) =>
        ClientRefuses(TlsError.UnexpectedChangeCipherSpec, TlsAlert.UnexpectedMessage, Script.Framing(HandshakeType.EncryptedExtensions, (channel, _) => channel.WritePlain(ContentType.ChangeCipherSpec, new byte[] { 1, 1 }.AsSpan(0, length))));

    // Alerts

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void An_alert_that_is_cut_or_joined_is_a_decode_error(int length) =>
        BothRefuse(TlsError.MalformedAlert, TlsAlert.DecodeError, channel => channel.Write(ContentType.Alert, new byte[] { 2, 40, 2, 40 }.AsSpan(0, length)));

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void An_alert_of_an_unknown_level_is_refused(byte level) =>
        BothRefuse(TlsError.IllegalValue, TlsAlert.IllegalParameter, channel => channel.Write(ContentType.Alert, [level, 0]));

    [Theory]
    [InlineData(2, 40)]
    [InlineData(1, 40)]
    [InlineData(2, 199)]
    public void An_alert_ends_the_connection_whatever_its_level_says(byte level, byte description)
    {
        var outcome = Duel.OfClient(Script.After(channel => channel.Write(ContentType.Alert, [level, description])));
        Assert.Equal((TlsError.PeerAlert, (TlsAlert)description, TlsFailureSource.Peer), (outcome.Failure!.Error, outcome.Failure.Alert, outcome.Failure.Source));
        Assert.Null(outcome.AlertSeen);
    }

    [Fact]
    public void An_alert_in_the_handshake_is_reported_as_the_peers()
    {
        var outcome = Duel.OfClient(Script.Framing(HandshakeType.ServerHello, (channel, _) => channel.WritePlain(ContentType.Alert, [2, 40])));
        Assert.Equal((TlsError.PeerAlert, TlsAlert.HandshakeFailure), (outcome.Failure!.Error, outcome.Failure.Alert));
        Assert.Null(outcome.AlertSeen);
    }

    [Fact]
    public void A_close_notify_in_the_handshake_is_reported_as_an_early_end()
    {
        var outcome = Duel.OfServer(Script.Framing(HandshakeType.Finished, (channel, _) => channel.Write(ContentType.Alert, [1, 0])));
        Assert.Equal((TlsError.ClosedDuringHandshake, TlsFailureSource.Transport), (outcome.Failure!.Error, outcome.Failure.Source));
    }

    [Fact]
    public void What_follows_close_notify_is_not_read() => Assert.Equal("data"u8, ClientAccepts(Script.After(channel =>
    {
        channel.Write(ContentType.ApplicationData, "data"u8);
        channel.Write(ContentType.Alert, [1, 0]);
        channel.Write(ContentType.ApplicationData, "more"u8);
        channel.WriteRaw([1, 2, 3, 4, 5]);
    })).Data);

    [Fact]
    public void User_canceled_is_a_warning() => Assert.Equal("data"u8, ClientAccepts(Script.After(channel =>
    {
        channel.Write(ContentType.Alert, [1, 90]);
        channel.Write(ContentType.ApplicationData, "data"u8);
    })).Data);

    [Fact]
    public void Warnings_are_passed_over_but_not_many() => BothRefuse(TlsError.TooManyEmptyMessages, TlsAlert.UnexpectedMessage, channel =>
    {
        for (var i = 0; i <= RecordLimits.MostWarnings; i++)
            channel.Write(ContentType.Alert, [1, 90]);
    });

    [Fact]
    public void What_a_peer_wastes_in_one_way_does_not_count_for_another() => Assert.Equal("data"u8, ClientAccepts(Script.After(channel =>
    {
        for (var i = 0; i < RecordLimits.MostIdleRecords; i++)
            channel.Write(ContentType.ApplicationData, []);
        for (var i = 0; i < RecordLimits.MostWarnings; i++)
            channel.Write(ContentType.Alert, [1, 90]);
        for (var i = 0; i < RecordLimits.MostIdleRecords; i++)
        {
            channel.WriteMessage(new KeyUpdate { RequestUpdate = false });
            channel.UpdateWriteKeys();
        }
        channel.Write(ContentType.ApplicationData, "data"u8);
    })).Data);

    [Fact]
    public void A_ticket_may_come_a_byte_a_record() => Assert.Equal("data"u8, ClientAccepts(Script.After(channel =>
    {
        foreach (var value in Wire.Encode(new NewSessionTicket { LifetimeSeconds = 10, AgeAdd = 1, Nonce = new byte[8], Ticket = new byte[40], Extensions = new ExtensionBlock() }))
            channel.Write(ContentType.Handshake, [value]);
        channel.Write(ContentType.ApplicationData, "data"u8);
    })).Data);

    // Early data that a server does not take

    [Fact]
    public void Early_data_of_a_client_is_passed_over_when_its_ticket_is_not_taken() =>
        Assert.Equal("data"u8, ServerAccepts(OfferingEarlyData(channel => channel.WritePlain(ContentType.ApplicationData, new byte[16_000]))).Data);

    [Fact]
    public void Early_data_without_end_is_refused() =>
        ServerRefuses(TlsError.TooMuchEarlyData, TlsAlert.UnexpectedMessage, OfferingEarlyData(channel =>
        {
            for (var i = 0; i < 10; i++)
                channel.WritePlain(ContentType.ApplicationData, new byte[16_000]);
        }));

    [Fact]
    public void Empty_records_of_early_data_without_end_are_refused() =>
        ServerRefuses(TlsError.TooMuchEarlyData, TlsAlert.UnexpectedMessage, OfferingEarlyData(channel =>
        {
            for (var i = 0; i < 100_000; i++)
                channel.WritePlain(ContentType.ApplicationData, []);
        }));

    [Fact]
    public void A_record_of_early_data_is_not_longer_than_others() =>
        ServerRefuses(TlsError.RecordTooLong, TlsAlert.RecordOverflow, OfferingEarlyData(channel => channel.WriteRaw([23, 3, 3, 0xFF, 0xFF])));

    [Fact]
    public void A_record_of_early_data_is_not_longer_than_others_before_there_are_keys()
    {
        var server = Fixture.ServerOptions();
        server.Groups = [NamedGroup.Secp256r1];
        ServerRefuses(TlsError.RecordTooLong, TlsAlert.RecordOverflow, OfferingEarlyData(channel => channel.WriteRaw([23, 3, 3, 0xFF, 0xFF])), server);
    }

    private static Script OfferingEarlyData(Action<ScriptedChannel> send) => new()
    {
        Change = message => message is ClientHello hello && hello.Extensions.Contains(ExtensionType.PreSharedKey) is false ? hello.With(extensions: block => block
            .Plus(ExtensionType.EarlyData)
            .Plus(ExtensionType.PskKeyExchangeModes, 1, 1)
            .Plus(ExtensionType.PreSharedKey, new OfferedPsks { Identities = [new PskIdentity(new byte[] { 1 }, 0)], Binders = [new byte[32]] }.Build())) : message,
        Frame = (channel, type, message) =>
        {
            channel.Write(ContentType.Handshake, message);
            if (type == HandshakeType.ClientHello)
                send(channel);
        },
        Afterwards = channel => channel.Write(ContentType.ApplicationData, "data"u8),
    };

    private static Script SpecsInFront(HandshakeType type, int count) => Script.Framing(type, (channel, message) =>
    {
        for (var i = 0; i < count; i++)
            channel.SendChangeCipherSpec();
        channel.Write(ContentType.Handshake, message);
    });

    private static void BothRefuse(TlsError error, TlsAlert alert, Action<ScriptedChannel> send)
    {
        ClientRefuses(error, alert, Script.After(send));
        ServerRefuses(error, alert, Script.After(send));
    }
}

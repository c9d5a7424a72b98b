using LucidTls.Protocol;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Handshake;

/// <summary>What a client checks in a ServerHello (RFC 8446 §4.1.3, §4.2).</summary>
public sealed class ServerHelloRuleTests
{
    [Fact]
    public void A_server_that_breaks_no_rule_is_accepted()
    {
        var outcome = ClientAccepts(Script.After(channel => channel.Write(ContentType.ApplicationData, "hello"u8)));
        Assert.Equal("hello"u8, outcome.Data);
        Assert.Equal(NamedGroup.X25519, outcome.Session!.Group);
    }

    [Fact]
    public void A_server_that_speaks_only_TLS_1_2_is_refused_by_a_client_of_TLS_1_3_with_the_version_it_picked()
    {
        var failure = ClientRefuses(TlsError.UnsupportedVersion, TlsAlert.ProtocolVersion, Changing(hello => hello.With(extensions: block => block.Without(ExtensionType.SupportedVersions))), OnlyTls13());
        Assert.Contains("TLS 1.2", failure.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_downgrade_sentinel_is_refused(byte last) => ClientRefuses(TlsError.Downgrade, TlsAlert.IllegalParameter, Changing(hello => hello.With(
        random: [.. hello.Random.Span[..24], .. "DOWNGRD"u8, last],
        extensions: block => block.Without(ExtensionType.SupportedVersions))));

    [Fact]
    public void A_downgrade_sentinel_under_TLS_1_3_is_chance()
    {
        var outcome = ClientAccepts(Changing(hello => hello.With(random: [.. hello.Random.Span[..24], .. "DOWNGRD"u8, 1])));
        Assert.Equal(TlsVersion.Tls13, outcome.Session!.Version);
    }

    [Theory]
    [InlineData(0x0303)]
    [InlineData(0x0305)]
    [InlineData(0x7F1C)]
    [InlineData(0x0A0A)]
    public void A_selected_version_other_than_TLS_1_3_is_refused(ushort version) =>
        ClientRefuses(TlsError.SelectedUnofferedVersion, TlsAlert.IllegalParameter, Changing(hello => hello.With(extensions: block => block.With(ExtensionType.SupportedVersions, (byte)(version >> 8), (byte)version))));

    [Theory]
    [InlineData(0x0301)]
    [InlineData(0x0304)]
    public void A_legacy_version_other_than_TLS_1_2_is_refused(ushort version) =>
        ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Changing(hello => hello.With(version: version)));

    [Fact]
    public void A_session_id_that_does_not_come_back_is_refused() =>
        ClientRefuses(TlsError.SessionIdMismatch, TlsAlert.IllegalParameter, Changing(hello => hello.With(sessionId: [])));

    [Fact]
    public void A_session_id_that_comes_back_changed_is_refused() =>
        ClientRefuses(TlsError.SessionIdMismatch, TlsAlert.IllegalParameter, Changing(hello => hello.With(sessionId: [.. hello.SessionId.Span[..31], (byte)~hello.SessionId.Span[31]])));

    [Theory]
    [InlineData(0x1304)]
    [InlineData(0x1303)]
    [InlineData(0xC02F)]
    [InlineData(0x0A0A)]
    [InlineData(0x5A5A)]
    public void A_server_that_picks_a_suite_we_did_not_offer_is_refused(ushort suite)
    {
        var client = Fixture.ClientOptions();
        client.CipherSuites = [CipherSuite.Aes128GcmSha256, CipherSuite.Aes256GcmSha384];
        ClientRefuses(TlsError.SelectedUnofferedSuite, TlsAlert.IllegalParameter, Changing(hello => hello.With(suite: new CipherSuite(suite))), client);
    }

    [Fact]
    public void The_GREASE_suite_of_the_offer_is_refused_when_it_is_picked() => ClientRefuses(TlsError.SelectedUnofferedSuite, TlsAlert.IllegalParameter, EchoingHello((hello, server) =>
        server.With(suite: hello.CipherSuites[0])));

    [Fact]
    public void Compression_is_refused() =>
        ClientRefuses(TlsError.Compression, TlsAlert.IllegalParameter, Changing(hello => hello.With(compression: 1)));

    [Fact]
    public void A_ServerHello_without_key_share_is_refused() =>
        ClientRefuses(TlsError.MissingExtension, TlsAlert.MissingExtension, Changing(hello => hello.With(extensions: block => block.Without(ExtensionType.KeyShare))));

    [Fact]
    public void An_extension_twice_is_refused() =>
        ClientRefuses(TlsError.DuplicateExtension, TlsAlert.IllegalParameter, Changing(hello => hello.With(extensions: block => block.Plus(ExtensionType.SupportedVersions, 3, 4))));

    [Fact]
    public void A_pre_shared_key_that_was_not_offered_is_refused() =>
        ClientRefuses(TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, Changing(hello => hello.With(extensions: block => block.Plus(ExtensionType.PreSharedKey, 0, 0))));

    [Fact]
    public void An_unknown_extension_is_refused() =>
        ClientRefuses(TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, Changing(hello => hello.With(extensions: block => block.Plus(new ExtensionType(0x1234)))));

    [Fact]
    public void A_cookie_belongs_into_HelloRetryRequest_only() =>
        ClientRefuses(TlsError.MisplacedExtension, TlsAlert.IllegalParameter, Changing(hello => hello.With(extensions: block => block.Plus(ExtensionType.Cookie, 0, 1, 7))));

    [Fact]
    public void An_extension_that_belongs_into_EncryptedExtensions_is_refused() =>
        ClientRefuses(TlsError.MisplacedExtension, TlsAlert.IllegalParameter, Changing(hello => hello.With(extensions: block => block.Plus(ExtensionType.ServerName))));

    [Fact]
    public void The_GREASE_extension_of_the_offer_is_refused_when_it_comes_back() => ClientRefuses(TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, EchoingHello((hello, server) =>
        server.With(extensions: block => block.Plus(hello.Extensions.Items[0].Type))));

    [Theory]
    [InlineData(0x0017)]
    [InlineData(0x0100)]
    public void A_share_of_a_group_without_a_share_in_the_offer_is_refused(ushort group) =>
        ClientRefuses(TlsError.SelectedUnofferedGroup, TlsAlert.IllegalParameter, ChangingShare(share => new KeyShareEntry(new NamedGroup(group), share.KeyExchange)));

    [Fact]
    public void A_share_of_the_GREASE_group_is_refused() => ClientRefuses(TlsError.SelectedUnofferedGroup, TlsAlert.IllegalParameter, EchoingHello((hello, server) =>
        server.With(extensions: block => block.With(ExtensionType.KeyShare, Extensions.BuildServerShare(hello.KeyShares![0])))));

    [Fact]
    public void An_X25519_share_of_low_order_is_refused() =>
        ClientRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, ChangingShare(share => share with { KeyExchange = new byte[32] }));

    [Theory]
    [InlineData(31)]
    [InlineData(33)]
    public void An_X25519_share_of_another_length_is_refused(int length) =>
        ClientRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, ChangingShare(share => share with { KeyExchange = Enumerable.Repeat((byte)9, length).ToArray() }));

    [Theory]
    [InlineData(0x0017, 1)]
    [InlineData(0x0018, 1)]
    [InlineData(0x0019, 1)]
    public void A_share_that_is_no_point_on_the_curve_is_refused(ushort group, int changed)
    {
        var client = Fixture.ClientOptions();
        client.Groups = client.KeyShareGroups = [new NamedGroup(group)];
        ClientRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, ChangingShare(share => share with { KeyExchange = Flipped(share.KeyExchange, changed) }), client);
    }

    [Fact]
    public void A_compressed_point_is_refused()
    {
        var client = Fixture.ClientOptions();
        client.Groups = client.KeyShareGroups = [NamedGroup.Secp256r1];
        ClientRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, ChangingShare(share => share with { KeyExchange = (byte[])[2, .. share.KeyExchange.Span[1..33]] }), client);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void A_hybrid_share_of_another_length_is_refused(int more)
    {
        var client = Fixture.ClientOptions();
        client.Groups = client.KeyShareGroups = [NamedGroup.X25519MLKEM768];
        ClientRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, ChangingShare(share => share with { KeyExchange = Resized(share.KeyExchange, more) }), client);
    }

    [Fact]
    public void A_changed_ML_KEM_ciphertext_gives_other_keys_and_nothing_decrypts()
    {
        var client = Fixture.ClientOptions();
        client.Groups = client.KeyShareGroups = [NamedGroup.X25519MLKEM768];
        var outcome = Duel.OfClient(ChangingShare(share => share with { KeyExchange = Flipped(share.KeyExchange, 5) }), client);
        Assert.Equal(TlsError.BadRecordMac, outcome.Failure!.Error);
    }

    [Fact]
    public void Another_message_in_place_of_ServerHello_is_refused() =>
        ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Sending(HandshakeType.ServerHello, Wire.Message(HandshakeType.EncryptedExtensions, 0, 0)));

    [Fact]
    public void A_HelloRequest_in_place_of_ServerHello_is_refused() =>
        ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Sending(HandshakeType.ServerHello, Wire.Message(new HandshakeType(0))));

    [Fact]
    public void A_byte_too_many_is_a_decode_error() =>
        ClientRefuses(TlsError.Malformed, TlsAlert.DecodeError, Script.Encoding(HandshakeType.ServerHello, message => Wire.Message(HandshakeType.ServerHello, [.. message[4..], 0])));

    [Fact]
    public void A_byte_too_few_is_a_decode_error() =>
        ClientRefuses(TlsError.Malformed, TlsAlert.DecodeError, Script.Encoding(HandshakeType.ServerHello, message => Wire.Message(HandshakeType.ServerHello, message[4..^1])));

    private static TlsClientOptions OnlyTls13()
    {
        var options = Fixture.ClientOptions();
        options.MinimumVersion = TlsVersion.Tls13;
        return options;
    }

    private static Script Changing(Func<ServerHello, ServerHello> change) => Script.Changing<ServerHello>(change);

    private static Script ChangingShare(Func<KeyShareEntry, KeyShareEntry> change) => Changing(hello => hello.With(extensions: block =>
    {
        Assert.True(block.TryGet(ExtensionType.KeyShare, out var share));
        return block.With(ExtensionType.KeyShare, Extensions.BuildServerShare(change(Extensions.ParseServerShare(share))));
    }));

    // The server answers with something of the client's own hello.
    private static Script EchoingHello(Func<ClientHello, ServerHello, ServerHello> change)
    {
        ScriptedChannel? scripted = null;
        return new Script
        {
            AtFirst = channel => scripted = channel,
            Change = message => message is ServerHello hello ? change(ClientHello.Parse(scripted!.Received[0].AsMemory(4)), hello) : message,
        };
    }

    private static byte[] Flipped(ReadOnlyMemory<byte> bytes, int index)
    {
        var copy = bytes.ToArray();
        copy[index] ^= 1;
        return copy;
    }

    private static byte[] Resized(ReadOnlyMemory<byte> bytes, int more)
    {
        var copy = new byte[bytes.Length + more];
        bytes.Span[..Math.Min(bytes.Length, copy.Length)].CopyTo(copy);
        return copy;
    }
}

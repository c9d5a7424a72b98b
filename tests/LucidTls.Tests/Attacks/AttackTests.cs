using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.Handshake;
using LucidTls.Protocol;
using LucidTls.Sessions;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using LucidTls.TestSupport;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Attacks;

/// <summary>Known attacks, each against the ends that users get: each test is named after what it prevents.</summary>
public sealed class AttackTests
{
    /// <summary>TLS 1.2 or not.</summary>
    public static TheoryData<bool> Versions => [false, true];

    // Somebody on the way changes the hellos, which are in the clear.

    [Fact]
    public void A_downgrade_by_a_hello_without_supported_versions_is_seen_by_the_client()
    {
        var (client, _) = Between(Fixture.ClientOptions(), Fixture.ServerOptions(), hello => hello.With(extensions: block => block.Without(ExtensionType.SupportedVersions)));
        Assert.Equal(TlsError.Downgrade, client!.Error);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void No_extension_can_be_stripped_from_a_hello_unseen(bool isTls12)
    {
        var clientOptions = Everything(new TlsClientOptions { TargetHost = "localhost", CertificateVerifier = Fixture.Verifier, SessionCache = null, KeyShareGroups = [NamedGroup.X25519] }, isTls12);
        var serverOptions = Everything(Fixture.ServerOptions(), isTls12);
        var count = 0;
        Between(clientOptions, serverOptions, hello =>
        {
            count = hello.Extensions.Items.Count;
            return hello;
        });
        Assert.InRange(count, 8, 40);
        for (var i = 0; i < count; i++)
        {
            var type = default(ExtensionType);
            var (client, server) = Between(clientOptions, serverOptions, hello =>
            {
                type = hello.Extensions.Items[i].Type;
                return hello.With(extensions: block => block.Without(type));
            });
            Assert.True(client != null && server != null, $"without {type}");
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void No_suite_can_be_stripped_from_a_hello_unseen(bool isTls12)
    {
        var clientOptions = Everything(Fixture.ClientOptions(), isTls12);
        var (client, server) = Between(clientOptions, Everything(Fixture.ServerOptions(), isTls12), hello => hello.With(suites: [.. hello.CipherSuites.Where(suite => clientOptions.CipherSuites.Contains(suite)).Reverse().Take(1), CipherSuite.EcdheEcdsaChaCha20Poly1305Sha256]));
        Assert.True(client != null && server != null);
    }

    // Cross-protocol confusion (ALPACA): a connection led to a server of another protocol with a certificate for the name.

    [Theory]
    [MemberData(nameof(Versions))]
    public void Alpaca_a_client_that_takes_no_part_in_ALPN_is_refused_where_it_must(bool isTls12)
    {
        var server = Everything(Fixture.ServerOptions(), isTls12);
        server.RequireApplicationProtocol = true;
        ServerRefuses(TlsError.NoCommonProtocol, TlsAlert.NoApplicationProtocol, new Script(), server);
        var client = Fixture.ClientOptions();
        client.ApplicationProtocols = [SslApplicationProtocol.Http2];
        ServerAccepts(new Script(), server, client);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Alpaca_a_server_that_takes_no_part_in_ALPN_is_refused_where_it_must(bool isTls12)
    {
        var client = Everything(Fixture.ClientOptions(), isTls12);
        client.RequireApplicationProtocol = true;
        ClientRefuses(TlsError.NoCommonProtocol, TlsAlert.NoApplicationProtocol, new Script(), client);
        ClientAccepts(new Script(), client, Everything(Fixture.ServerOptions(), isTls12));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Alpaca_a_name_that_is_not_this_servers_is_refused_where_it_must(bool isTls12)
    {
        var server = Everything(Fixture.ServerOptions(), isTls12);
        server.RequireKnownServerName = true;
        var client = Fixture.ClientOptions();
        ServerAccepts(new Script(), server, client);
        ServerRefuses(TlsError.NoIdentity, TlsAlert.UnrecognizedName, Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.With(ExtensionType.ServerName, Extensions.BuildServerName("mail.example")))), server);
        ServerRefuses(TlsError.NoIdentity, TlsAlert.UnrecognizedName, Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.Without(ExtensionType.ServerName))), server);
    }

    [Fact]
    public void A_demand_for_a_protocol_without_protocols_is_an_error_of_the_caller()
    {
        var options = Fixture.ServerOptions();
        options.RequireApplicationProtocol = true;
        Assert.Throws<InvalidOperationException>(() => TlsConnection.CreateServer(options));
    }

    // Triple handshake: two connections made to have one master secret (RFC 7627 §1).

    [Fact]
    public void Triple_handshake_without_extended_master_secret_there_is_no_connection_by_default()
    {
        ServerRefuses(TlsError.MissingExtendedMasterSecret, TlsAlert.HandshakeFailure, Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.Without(ExtensionType.ExtendedMasterSecret))), Only12(Fixture.ServerOptions()));
        ClientRefuses(TlsError.MissingExtendedMasterSecret, TlsAlert.HandshakeFailure, Script.Changing<ServerHello>(hello => hello.With(extensions: block => block.Without(ExtensionType.ExtendedMasterSecret))), Only12(Fixture.ClientOptions()));
    }

    [Fact]
    public async Task Triple_handshake_without_extended_master_secret_there_is_no_channel_binding_where_it_is_allowed()
    {
        var clientOptions = Only12(Fixture.ClientOptions());
        var serverOptions = Only12(Fixture.ServerOptions());
        clientOptions.AllowMissingExtendedMasterSecret = serverOptions.AllowMissingExtendedMasterSecret = true;
        clientOptions.Hooks = new Changing(message => message is ClientHello hello ? hello.With(extensions: block => block.Without(ExtensionType.ExtendedMasterSecret)) : message);
        clientOptions.SessionCache = new TlsSessionCache();
        serverOptions.TicketStore = new TicketKeyRing();
        for (var i = 0; i < 2; i++)
        {
            var (client, server) = await Fixture.ConnectAsync(clientOptions, serverOptions);
            await using var first = client;
            await using var second = server;
            Assert.Equal((i > 0, false), (client.Session.Resumed, client.Session.ExtendedMasterSecret));
            Assert.All([client, server], end =>
            {
                Assert.Throws<InvalidOperationException>(end.GetChannelBinding);
                Assert.Throws<InvalidOperationException>(() => end.ExportKeyingMaterial("EXPORTER-test", 32));
                Assert.Throws<InvalidOperationException>(() => end.ExportKeyingMaterial("EXPORTER-test", default, 32));
            });
        }
    }

    // Key-compromise impersonation: a certificate used for what it was not made for.

    [Theory]
    [InlineData(X509KeyUsageFlags.KeyEncipherment, CertificateSpec.ServerAuthentication)]
    [InlineData(X509KeyUsageFlags.KeyAgreement, CertificateSpec.ServerAuthentication)]
    [InlineData(X509KeyUsageFlags.DigitalSignature, CertificateSpec.ClientAuthentication)]
    public void Key_compromise_impersonation_a_server_with_a_certificate_for_something_else_is_refused(X509KeyUsageFlags usage, string extendedUsage)
    {
        using var pki = new TestPki();
        var leaf = pki.Leaf(new CertificateSpec { Names = ["localhost"], KeyUsage = usage, ExtendedKeyUsages = [extendedUsage] });
        var client = Fixture.ClientOptions();
        client.CertificateVerifier = CertificateVerifier.FromRoots([pki.Root]);
        var script = Script.Changing<CertificateMessage>(_ => new CertificateMessage { Entries = [.. leaf.Chain.Select(der => new CertificateEntry(der, new ExtensionBlock()))] });
        Assert.Equal(TlsError.CertificateUnsuitable, Duel.OfClient(script, client).Failure!.Error);
    }

    [Fact]
    public void Key_compromise_impersonation_a_client_with_a_certificate_for_servers_is_refused()
    {
        using var pki = new TestPki();
        var client = Fixture.ClientOptions();
        client.Identity = pki.Leaf(new CertificateSpec { Names = ["client.example"], ExtendedKeyUsages = [CertificateSpec.ServerAuthentication] }).Identity();
        var server = Fixture.ServerOptions();
        server.ClientCertificateMode = ClientCertificateMode.Required;
        server.ClientCertificateVerifier = CertificateVerifier.FromRoots([pki.Root]);
        Assert.Equal(TlsError.CertificateUnsuitable, Duel.OfServer(new Script(), server, client).Failure!.Error);
    }

    // What is broken by design cannot be agreed on.

    public static TheoryData<string, int> BrokenSuites => new()
    {
        { "Bleichenbacher: RSA key transport", 0x009C },
        { "Bleichenbacher: RSA key transport", 0x002F },
        { "Sweet32: 3DES", 0xC012 },
        { "Sweet32: 3DES", 0x000A },
        { "Freak: export RSA", 0x0003 },
        { "Logjam: export DHE", 0x0014 },
        { "Raccoon: finite-field DHE", 0x009E },
        { "Raccoon: finite-field DHE", 0xCCAA },
        { "Lucky Thirteen: CBC", 0xC009 },
        { "Lucky Thirteen: CBC", 0xC013 },
        { "RC4", 0xC011 },
        { "NULL", 0xC006 },
        { "anonymous ECDH", 0xC018 },
        { "static ECDH", 0xC02D },
    };

    [Theory]
    [MemberData(nameof(BrokenSuites))]
    public void A_suite_with_a_known_attack_is_neither_taken_nor_offered(string attack, int suite)
    {
        var code = new CipherSuite((ushort)suite);
        ServerRefuses(TlsError.NoCommonSuite, TlsAlert.HandshakeFailure, Script.Changing<ClientHello>(hello => hello.With(suites: [code])), Only12(Fixture.ServerOptions()));
        ClientRefuses(TlsError.SelectedUnofferedSuite, TlsAlert.IllegalParameter, Script.Changing<ServerHello>(hello => hello.With(suite: code)), Only12(Fixture.ClientOptions()));
        Assert.DoesNotContain(code, Defaults.CipherSuites);
        Assert.NotEmpty(attack);
    }

    // change_cipher_spec injection (CVE-2014-0224): new keys before there is a secret.

    public static TheoryData<byte> ClientsMessages12 => [HandshakeType.ClientHello.Value, HandshakeType.ClientKeyExchange.Value];

    [Theory]
    [MemberData(nameof(ClientsMessages12))]
    public void Change_cipher_spec_injected_before_a_message_of_a_client_is_refused_in_TLS_1_2(byte type) =>
        ServerRefuses(TlsError.UnexpectedChangeCipherSpec, TlsAlert.UnexpectedMessage, InjectingBefore(new HandshakeType(type)), Only12(Fixture.ServerOptions()), Only12(Fixture.ClientOptions()));

    public static TheoryData<byte> ServersMessages12 => [HandshakeType.Certificate.Value, HandshakeType.ServerKeyExchange.Value, HandshakeType.ServerHelloDone.Value];

    [Theory]
    [MemberData(nameof(ServersMessages12))]
    public void Change_cipher_spec_injected_before_a_message_of_a_server_is_refused_in_TLS_1_2(byte type) =>
        ClientRefuses(TlsError.UnexpectedChangeCipherSpec, TlsAlert.UnexpectedMessage, InjectingBefore(new HandshakeType(type)), Only12(Fixture.ClientOptions()), Only12(Fixture.ServerOptions()));

    [Fact]
    public void Change_cipher_spec_injected_after_a_handshake_is_refused()
    {
        foreach (var isTls12 in new[] { false, true })
        {
            ServerRefuses(TlsError.UnexpectedChangeCipherSpec, TlsAlert.UnexpectedMessage, Script.After(channel => channel.WritePlain(ContentType.ChangeCipherSpec, [1])), isTls12 ? Only12(Fixture.ServerOptions()) : Fixture.ServerOptions());
        }
    }

    // Heartbleed-like: lengths that say more than there is.

    [Theory]
    [MemberData(nameof(Versions))]
    public void Heartbleed_like_a_message_shorter_than_its_fields_say_is_refused(bool isTls12)
    {
        foreach (var type in new[] { HandshakeType.ServerHello, HandshakeType.EncryptedExtensions, HandshakeType.Certificate, HandshakeType.CertificateVerify, HandshakeType.ServerKeyExchange, HandshakeType.Finished })
        {
            var isThere = false;
            var script = Script.Encoding(type, message =>
            {
                isThere = true;
                return Wire.Message(type, message[4..^1]);
            });
            var client = isTls12 ? Only12(Fixture.ClientOptions()) : Fixture.ClientOptions();
            var outcome = Duel.OfClient(script, client, scriptedChecksItsPeer: false);
            if (isThere)
                Assert.Equal(TlsError.Malformed, outcome.Failure!.Error);
        }
        var hello = Script.Encoding(HandshakeType.ClientHello, message => Wire.Message(HandshakeType.ClientHello, message[4..^1]));
        Assert.Equal(TlsError.Malformed, Duel.OfServer(hello, isTls12 ? Only12(Fixture.ServerOptions()) : Fixture.ServerOptions(), scriptedChecksItsPeer: false).Failure!.Error);
    }

    [Fact]
    public void Heartbleed_itself_finds_no_heartbeat() =>
        ServerRefuses(TlsError.UnexpectedRecordType, TlsAlert.UnexpectedMessage, Script.After(channel => channel.Write((ContentType)24, [1, 0x40, 0])));

    // Invalid curve and small subgroup: shares that lie on another curve, or in a group of few elements.

    public static TheoryData<int, int> Curves => new() { { 23, 65 }, { 24, 97 }, { 25, 133 } };

    [Theory]
    [MemberData(nameof(Curves))]
    public void Invalid_curve_a_point_off_the_curve_is_refused_by_a_server(int group, int length)
    {
        foreach (var point in BadPoints(length))
        {
            ServerRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.With(ExtensionType.KeyShare, Extensions.BuildClientShares([new KeyShareEntry(new NamedGroup((ushort)group), point)])))));
            var server = Only12(Fixture.ServerOptions());
            server.Groups = [new NamedGroup((ushort)group)];
            ServerRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, Script.Changing<ClientKeyExchange>(_ => new ClientKeyExchange { PublicKey = point }), server);
        }
    }

    [Theory]
    [MemberData(nameof(Curves))]
    public void Invalid_curve_a_point_off_the_curve_is_refused_by_a_client(int group, int length)
    {
        foreach (var point in BadPoints(length))
        {
            var client = Fixture.ClientOptions();
            client.Groups = client.KeyShareGroups = [new NamedGroup((ushort)group)];
            ClientRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, Script.Changing<ServerHello>(hello => hello.With(extensions: block => block.With(ExtensionType.KeyShare, Extensions.BuildServerShare(new KeyShareEntry(new NamedGroup((ushort)group), point))))), client);
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Small_subgroup_an_X25519_share_that_gives_zero_is_refused(bool isTls12)
    {
        // The points of small order that RFC 7748 §6.1's check is for.
        foreach (var point in new[] { new byte[32], [1, .. new byte[31]], Convert.FromHexString("E0EB7A7C3B41B8AE1656E3FAF19FC46ADA098DEB9C32B1FD866205165F49B800"), Convert.FromHexString("ECFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F") })
        {
            if (isTls12)
                ServerRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, Script.Changing<ClientKeyExchange>(_ => new ClientKeyExchange { PublicKey = point }), client: Only12(Fixture.ClientOptions()));
            else
                ServerRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.With(ExtensionType.KeyShare, Extensions.BuildClientShares([new KeyShareEntry(NamedGroup.X25519, point)])))));
        }
    }

    [Fact]
    public void An_ML_KEM_key_out_of_range_is_refused()
    {
        // RFC 9846 and FIPS 203 §7.2: coefficients of 4095 are above the modulus.
        byte[] share = [.. Enumerable.Repeat((byte)0xFF, 1184), 9, .. new byte[31]];
        ServerRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.With(ExtensionType.KeyShare, Extensions.BuildClientShares([new KeyShareEntry(NamedGroup.X25519MLKEM768, share)])))));
        ServerRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.With(ExtensionType.KeyShare, Extensions.BuildClientShares([new KeyShareEntry(NamedGroup.X25519MLKEM768, share[1..])])))));
    }

    private static byte[][] BadPoints(int length)
    {
        var offCurve = new byte[length];
        offCurve[0] = 4;
        offCurve[1] = offCurve[^1] = 7;
        var compressed = new byte[(length / 2) + 1];
        compressed[0] = 2;
        compressed[^1] = 5;
        return [offCurve, compressed, [0], [4, .. Enumerable.Repeat((byte)0xFF, length - 1)], offCurve[..^1], [.. offCurve, 0]];
    }

    private static Script InjectingBefore(HandshakeType type) => new()
    {
        Frame = (channel, sent, message) =>
        {
            if (sent == type)
                channel.WritePlain(ContentType.ChangeCipherSpec, [1]);
            channel.Write(ContentType.Handshake, message);
        },
    };

    private static T Only12<T>(T options) where T : TlsOptions
    {
        options.MinimumVersion = options.MaximumVersion = TlsVersion.Tls12;
        return options;
    }

    private static T Everything<T>(T options, bool isTls12) where T : TlsOptions
    {
        options.ApplicationProtocols = [SslApplicationProtocol.Http2];
        if (isTls12)
            options.MinimumVersion = options.MaximumVersion = TlsVersion.Tls12;
        if (options is TlsClientOptions)
            options.RecordSizeLimit = 16000;
        return options;
    }

    /// <summary>Two ends that users get, and somebody between who changes the ClientHello.</summary>
    /// <returns>What each end threw.</returns>
    private static (TlsException? Client, TlsException? Server) Between(TlsClientOptions clientOptions, TlsServerOptions serverOptions, Func<ClientHello, ClientHello> change)
    {
        using var client = TlsConnection.CreateClient(clientOptions);
        using var server = TlsConnection.CreateServer(serverOptions);
        var buffer = new byte[64 * 1024];
        var count = client.TakeOutput(buffer);
        var hello = ClientHello.Parse(buffer.AsMemory(5 + 4, count - 5 - 4));
        var changed = Wire.Encode(change(hello));
        TlsException? clientFailure = null;
        TlsException? serverFailure = null;
        Receive(server, [22, 3, 1, (byte)(changed.Length >> 8), (byte)changed.Length, .. changed], ref serverFailure);
        for (var round = 0; round < 6; round++)
        {
            Receive(client, Take(server), ref clientFailure);
            Receive(server, Take(client), ref serverFailure);
        }
        return (clientFailure ?? Ended(client), serverFailure ?? Ended(server));

        byte[] Take(TlsConnection from) => buffer[..from.TakeOutput(buffer)];

        static TlsException? Ended(TlsConnection end) => end.IsAuthenticated ? null : Record.Exception(end.ReceiveEnd) as TlsException;

        static void Receive(TlsConnection end, byte[] bytes, ref TlsException? failure)
        {
            if (failure == null && bytes.Length > 0)
            {
                failure = Record.Exception(() =>
                {
                    end.Receive(bytes);
                    if (end.IsAuthenticated)
                        end.Read(new byte[10]);
                }) as TlsException;
            }
        }
    }

    private sealed class Changing(Func<IHandshakeBody, IHandshakeBody> change) : HandshakeHooks
    {
        public override IHandshakeBody BeforeSend(IHandshakeBody message) => change(message);
    }
}

using System.Net.Security;
using LucidTls.Protocol;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Handshake;

/// <summary>What a server checks in a ClientHello (RFC 8446 §4.1.2, §4.2, §9.2).</summary>
public sealed class ClientHelloRuleTests
{
    [Fact]
    public void A_client_that_breaks_no_rule_is_accepted()
    {
        var outcome = ServerAccepts(Script.After(channel => channel.Write(ContentType.ApplicationData, "hello"u8)));
        Assert.Equal("hello"u8, outcome.Data);
        Assert.Equal("localhost", outcome.Session!.ServerName);
    }

    // Versions

    [Fact]
    public void A_client_that_speaks_at_most_TLS_1_2_is_refused_by_a_server_of_TLS_1_3_with_the_version_it_offered()
    {
        var failure = ServerRefuses(TlsError.UnsupportedVersion, TlsAlert.ProtocolVersion, Without(ExtensionType.SupportedVersions), OnlyTls13());
        Assert.Contains("TLS 1.2", failure.Message);
    }

    [Fact]
    public void A_client_that_lists_only_older_versions_is_refused()
    {
        var failure = ServerRefuses(TlsError.UnsupportedVersion, TlsAlert.ProtocolVersion, With(ExtensionType.SupportedVersions, 6, 0x0A, 0x0A, 3, 3, 3, 2), OnlyTls13());
        Assert.Contains("TLS 1.2, TLS 1.1", failure.Message);
        Assert.DoesNotContain("0x0A0A", failure.Message);
    }

    [Fact]
    public void A_client_without_any_extension_is_refused_for_its_version() =>
        ServerRefuses(TlsError.UnsupportedVersion, TlsAlert.ProtocolVersion, Changing(hello => hello.With(version: 0x0301, extensions: _ => new ExtensionBlock())));

    [Fact]
    public void A_fallback_to_an_older_version_is_refused() => ServerRefuses(TlsError.InappropriateFallback, TlsAlert.InappropriateFallback, Changing(hello => hello.With(
        suites: [.. hello.CipherSuites, new CipherSuite(0x5600)], extensions: block => block.Without(ExtensionType.SupportedVersions))));

    [Fact]
    public void The_fallback_suite_says_nothing_under_TLS_1_3() =>
        Assert.Equal(TlsVersion.Tls13, ServerAccepts(Changing(hello => hello.With(suites: [.. hello.CipherSuites, new CipherSuite(0x5600)]))).Session!.Version);

    [Theory]
    [InlineData(0x0300)]
    [InlineData(0x0301)]
    [InlineData(0x0304)]
    public void The_legacy_version_decides_nothing_where_versions_are_listed(ushort version) =>
        Assert.Equal(TlsVersion.Tls13, ServerAccepts(Changing(hello => hello.With(version: version))).Session!.Version);

    // Fields

    [Theory]
    [InlineData(1)]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void Compression_other_than_null_is_refused(params int[] methods) =>
        ServerRefuses(TlsError.Compression, TlsAlert.IllegalParameter, Changing(hello => hello.With(compression: [.. methods.Select(method => (byte)method)])));

    [Fact]
    public void No_compression_method_at_all_is_a_decode_error() =>
        ServerRefuses(TlsError.Malformed, TlsAlert.DecodeError, Changing(hello => hello.With(compression: [])));

    [Fact]
    public void A_session_id_of_33_bytes_is_a_decode_error() =>
        ServerRefuses(TlsError.Malformed, TlsAlert.DecodeError, Changing(hello => hello.With(sessionId: new byte[33])));

    [Fact]
    public void A_hello_without_suites_is_a_decode_error() =>
        ServerRefuses(TlsError.Malformed, TlsAlert.DecodeError, Changing(hello => hello.With(suites: [])));

    [Fact]
    public void A_byte_too_many_is_a_decode_error() =>
        ServerRefuses(TlsError.Malformed, TlsAlert.DecodeError, Script.Encoding(HandshakeType.ClientHello, message => Wire.Message(HandshakeType.ClientHello, [.. message[4..], 0])));

    [Fact]
    public void A_byte_too_few_is_a_decode_error() =>
        ServerRefuses(TlsError.Malformed, TlsAlert.DecodeError, Script.Encoding(HandshakeType.ClientHello, message => Wire.Message(HandshakeType.ClientHello, message[4..^1])));

    [Fact]
    public void Another_message_in_place_of_ClientHello_is_refused() =>
        ServerRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Sending(HandshakeType.ClientHello, Wire.Message(HandshakeType.Finished, new byte[32])));

    // Extensions in general

    [Fact]
    public void Unknown_suites_groups_schemes_and_extensions_are_passed_over() => Assert.Equal(CipherSuite.Aes128GcmSha256, ServerAccepts(Changing(hello => hello.With(
        suites: [new CipherSuite(0x4A4A), new CipherSuite(0xFFFE), .. hello.CipherSuites],
        extensions: block => block
            .Plus(new ExtensionType(0x1234), 1, 2, 3)
            .Plus(new ExtensionType(0xFEFE))
            .With(ExtensionType.SignatureAlgorithms, 0, 6, 0x4A, 0x4A, 0xFE, 0xFE, 4, 3)))).Session!.CipherSuite);

    [Fact]
    public void An_extension_twice_is_refused() =>
        ServerRefuses(TlsError.DuplicateExtension, TlsAlert.IllegalParameter, Changing(hello => hello.With(extensions: block => block.Plus(ExtensionType.SupportedVersions, 2, 3, 4))));

    [Fact]
    public void An_unknown_extension_twice_is_refused() =>
        ServerRefuses(TlsError.DuplicateExtension, TlsAlert.IllegalParameter, Changing(hello => hello.With(extensions: block => block.Plus(new ExtensionType(0x1234)).Plus(new ExtensionType(0x1234)))));

    [Fact]
    public void An_extension_that_belongs_into_CertificateRequest_is_refused() =>
        ServerRefuses(TlsError.MisplacedExtension, TlsAlert.IllegalParameter, With(ExtensionType.OidFilters, 0, 0));

    [Fact]
    public void Signature_algorithms_are_demanded() =>
        ServerRefuses(TlsError.MissingExtension, TlsAlert.MissingExtension, Without(ExtensionType.SignatureAlgorithms));

    [Fact]
    public void Groups_are_demanded() =>
        ServerRefuses(TlsError.MissingExtension, TlsAlert.MissingExtension, Without(ExtensionType.SupportedGroups));

    [Fact]
    public void A_key_share_is_demanded() =>
        ServerRefuses(TlsError.MissingExtension, TlsAlert.MissingExtension, Without(ExtensionType.KeyShare));

    [Theory]
    [InlineData(0)]      // server_name: no list
    [InlineData(0, 0, 0)]
    [InlineData(0, 0, 4, 1, 0, 1, 97)]                  // a name type that does not exist
    [InlineData(0, 0, 3, 0, 0, 0)]                      // an empty name
    [InlineData(0, 0, 8, 0, 0, 1, 97, 0, 0, 1, 98)]     // two names
    [InlineData(0, 0, 4, 0, 0, 1, 0)]                   // a name of NUL
    [InlineData(0, 0, 4, 0, 0, 1, 0xE9)]                // a name that is not ASCII
    [InlineData(10, 0, 0)]                              // no groups
    [InlineData(10, 0, 3, 0, 29, 0)]                    // half a group
    [InlineData(13, 0, 0)]                              // no schemes
    [InlineData(16, 0, 0)]                              // no protocols
    [InlineData(16, 0, 1, 0)]                           // a protocol without a name
    [InlineData(43, 0)]                                 // no versions
    [InlineData(43, 3, 3, 4, 3)]                        // half a version
    [InlineData(44, 0, 0)]                              // an empty cookie
    [InlineData(45, 0)]                                 // no modes
    [InlineData(47, 0, 0)]                              // no authorities
    [InlineData(47, 0, 2, 0, 0)]                        // an authority without a name
    [InlineData(49, 0)]                                 // post_handshake_auth with content
    [InlineData(50, 0, 0)]                              // no schemes for certificates
    [InlineData(51, 0, 4, 0, 29, 0, 0)]                 // an empty share
    [InlineData(51, 0, 5, 0, 29, 0, 2, 1)]              // a share that ends early
    [InlineData(28, 0)]                                 // half a record_size_limit
    [InlineData(5, 1, 0, 2, 0, 0, 0, 0)]                // status_request with an empty responder
    [InlineData(11, 0)]                                 // no point formats
    [InlineData(14, 0, 1, 0, 0)]                        // half an SRTP profile
    [InlineData(18, 0)]                                 // signed_certificate_timestamp with content
    [InlineData(19, 0)]                                 // no certificate types
    [InlineData(23, 0)]                                 // extended_master_secret with content
    [InlineData(0xFF01, 1)]                             // renegotiation_info that ends early
    public void A_malformed_extension_is_a_decode_error(int type, params int[] data) =>
        ServerRefuses(TlsError.Malformed, TlsAlert.DecodeError, With(new ExtensionType((ushort)type), [.. data.Select(value => (byte)value)]));

    [Theory]
    [InlineData(28, 0, 63)]     // record_size_limit
    [InlineData(1, 0)]          // max_fragment_length
    [InlineData(1, 5)]
    [InlineData(15, 3)]         // heartbeat
    public void A_value_out_of_range_is_refused(int type, params int[] data) =>
        ServerRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, With(new ExtensionType((ushort)type), [.. data.Select(value => (byte)value)]));

    // Key shares

    [Fact]
    public void Two_shares_for_one_group_are_refused() =>
        ServerRefuses(TlsError.InconsistentKeyShares, TlsAlert.IllegalParameter, Sharing(new KeyShareEntry(NamedGroup.X25519, Basepoint), new KeyShareEntry(NamedGroup.X25519, Basepoint)));

    [Fact]
    public void A_share_for_a_group_that_is_not_offered_is_refused() =>
        ServerRefuses(TlsError.InconsistentKeyShares, TlsAlert.IllegalParameter, Sharing(new KeyShareEntry(new NamedGroup(0x0100), new byte[] { 1 })));

    [Fact]
    public void No_share_at_all_asks_for_a_HelloRetryRequest()
    {
        // The script empties the list on the wire alone, so the scripted client is surprised that a share it knows is asked for.
        var outcome = Duel.OfServer(Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.With(ExtensionType.KeyShare, 0, 0)), nth: 0), scriptedChecksItsPeer: false);
        Assert.True(ServerHello.Parse(outcome.Received[0].AsMemory(4)).IsHelloRetryRequest);
    }

    [Fact]
    public void An_X25519_share_of_low_order_is_refused() =>
        ServerRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, Sharing(new KeyShareEntry(NamedGroup.X25519, new byte[32])));

    [Theory]
    [InlineData(0x001D, 31)]
    [InlineData(0x001D, 33)]
    [InlineData(0x0017, 64)]
    [InlineData(0x0017, 65)]
    [InlineData(0x0017, 33)]
    [InlineData(0x0018, 97)]
    [InlineData(0x0019, 133)]
    [InlineData(0x11EC, 1215)]
    [InlineData(0x11EC, 1217)]
    [InlineData(0x11EC, 1216)]
    [InlineData(0x11EB, 1249)]
    [InlineData(0x11ED, 1665)]
    public void A_share_that_is_no_key_of_its_group_is_refused(ushort group, int length)
    {
        var share = Enumerable.Repeat((byte)0xFF, length).ToArray();
        share[0] = 4;
        ServerRefuses(TlsError.InvalidKeyShare, TlsAlert.IllegalParameter, Sharing(new KeyShareEntry(new NamedGroup(group), share)));
    }

    // Nothing in common

    [Fact]
    public void Without_a_common_suite_both_lists_are_told()
    {
        var failure = ServerRefuses(TlsError.NoCommonSuite, TlsAlert.HandshakeFailure, Changing(hello => hello.With(suites: [new CipherSuite(0x1304)])));
        Assert.Contains("0x1304", failure.Message);
        Assert.Contains("TLS_AES_128_GCM_SHA256", failure.Message);
    }

    [Fact]
    public void Without_a_common_group_the_handshake_fails() =>
        ServerRefuses(TlsError.NoCommonGroup, TlsAlert.HandshakeFailure, Changing(hello => hello.With(extensions: block => block.With(ExtensionType.SupportedGroups, 0, 2, 1, 0).With(ExtensionType.KeyShare, 0, 0))));

    [Fact]
    public void Without_a_common_signature_scheme_the_handshake_fails() =>
        ServerRefuses(TlsError.NoCommonSignatureScheme, TlsAlert.HandshakeFailure, With(ExtensionType.SignatureAlgorithms, 0, 4, 8, 7, 2, 3));

    [Fact]
    public void Without_a_common_protocol_the_handshake_fails()
    {
        var server = Fixture.ServerOptions();
        server.ApplicationProtocols = [SslApplicationProtocol.Http11];
        var client = Fixture.ClientOptions();
        client.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http3];
        ServerRefuses(TlsError.NoCommonProtocol, TlsAlert.NoApplicationProtocol, new Script(), server, client);
    }

    [Fact]
    public void The_protocol_is_the_servers_choice()
    {
        var server = Fixture.ServerOptions();
        server.ApplicationProtocols = [SslApplicationProtocol.Http11, SslApplicationProtocol.Http2];
        var client = Fixture.ClientOptions();
        client.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
        Assert.Equal(SslApplicationProtocol.Http11, ServerAccepts(new Script(), server, client).Session!.ApplicationProtocol);
    }

    [Fact]
    public void A_server_without_an_identity_for_the_client_says_so()
    {
        var server = new TlsServerOptions { IdentitySelector = (_, _) => ValueTask.FromResult<TlsIdentity?>(null) };
        ServerRefuses(TlsError.NoIdentity, TlsAlert.UnrecognizedName, new Script(), server);
    }

    [Fact]
    public void A_selector_that_throws_is_this_ends_own_failure()
    {
        var server = new TlsServerOptions { IdentitySelector = (_, _) => throw new InvalidOperationException("no such shop") };
        var failure = ServerRefuses(TlsError.LocalFailure, TlsAlert.InternalError, new Script(), server);
        Assert.Equal("no such shop", failure.InnerException!.Message);
    }

    [Fact]
    public void A_selector_that_gives_up_of_its_own_is_not_taken_for_a_slow_peer()
    {
        var server = new TlsServerOptions { IdentitySelector = (_, _) => throw new TaskCanceledException("the vault is slow") };
        var failure = ServerRefuses(TlsError.LocalFailure, TlsAlert.InternalError, new Script(), server);
        Assert.Equal("the vault is slow", failure.InnerException!.Message);
    }

    [Fact]
    public void A_signer_that_throws_is_this_ends_own_failure()
    {
        var server = Fixture.ServerOptions();
        server.Identities = [TlsIdentity.FromCallback(server.Identities[0].Chain, (_, _, _) => throw new InvalidOperationException("the HSM is gone"))];
        var failure = ServerRefuses(TlsError.LocalFailure, TlsAlert.InternalError, new Script(), server);
        Assert.Equal("the HSM is gone", failure.InnerException!.Message);
    }

    // Pre-shared keys and early data

    [Fact]
    public void A_pre_shared_key_without_modes_is_refused() =>
        ServerRefuses(TlsError.MissingExtension, TlsAlert.MissingExtension, Changing(hello => hello.With(extensions: block => block.Plus(ExtensionType.PreSharedKey, Psk(1, 32)))));

    [Fact]
    public void A_pre_shared_key_that_is_not_last_is_refused() => ServerRefuses(TlsError.PreSharedKeyNotLast, TlsAlert.IllegalParameter, Changing(hello => hello.With(extensions: block => block
        .Plus(ExtensionType.PreSharedKey, Psk(1, 32)).Plus(ExtensionType.PskKeyExchangeModes, 1, 1))));

    [Fact]
    public void Identities_and_binders_of_different_number_are_refused() => ServerRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Changing(hello => hello.With(extensions: block => block
        .Plus(ExtensionType.PskKeyExchangeModes, 1, 1).Plus(ExtensionType.PreSharedKey, Psk(2, 32)))));

    [Fact]
    public void A_binder_of_31_bytes_is_a_decode_error() => ServerRefuses(TlsError.Malformed, TlsAlert.DecodeError, Changing(hello => hello.With(extensions: block => block
        .Plus(ExtensionType.PskKeyExchangeModes, 1, 1).Plus(ExtensionType.PreSharedKey, Psk(1, 31)))));

    [Fact]
    public void A_ticket_that_nobody_knows_leads_to_a_full_handshake()
    {
        var server = Fixture.ServerOptions();
        server.TicketStore = new LucidTls.Sessions.TicketKeyRing();
        server.TicketCount = 0;
        var session = ServerAccepts(Changing(hello => hello.With(extensions: block => block.Plus(ExtensionType.PskKeyExchangeModes, 1, 1).Plus(ExtensionType.PreSharedKey, Psk(1, 32)))), server).Session!;
        Assert.False(session.Resumed);
    }

    private static ReadOnlyMemory<byte> Basepoint => (byte[])[9, .. new byte[31]];

    private static Script Changing(Func<ClientHello, ClientHello> change) => Script.Changing<ClientHello>(change);

    private static Script With(ExtensionType type, params byte[] data) => Changing(hello => hello.With(extensions: block => block.With(type, data)));

    private static Script Without(ExtensionType type) => Changing(hello => hello.With(extensions: block => block.Without(type)));

    private static Script Sharing(params KeyShareEntry[] shares) => With(ExtensionType.KeyShare, Extensions.BuildClientShares(shares));

    // As many identities, and one binder of that length.
    private static TlsServerOptions OnlyTls13()
    {
        var options = Fixture.ServerOptions();
        options.MinimumVersion = TlsVersion.Tls13;
        return options;
    }

    private static byte[] Psk(int identities, int binderLength) => new OfferedPsks
    {
        Identities = [.. Enumerable.Repeat(new PskIdentity(new byte[] { 1 }, 0), identities)],
        Binders = [Enumerable.Repeat((byte)1, binderLength).ToArray(), .. binderLength < 32 ? [new byte[32]] : Array.Empty<ReadOnlyMemory<byte>>()],
    }.Build();
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using LucidTls.Protocol;
using LucidTls.Sessions;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;

namespace LucidTls.Tests.Handshake;

/// <summary>Keys that both ends were given beforehand (RFC 8446 §4.2.11, RFC 9257), imported ones among them (RFC 9258).</summary>
public sealed class PreSharedKeyTests
{
    private static readonly byte[] Identity = Encoding.ASCII.GetBytes("sensor-7");
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(value => (byte)value)];
    private static readonly byte[] Context = Encoding.ASCII.GetBytes("sensor-7 to gateway");

    public static TheoryData<bool, string> KindsAndHashes => new()
    {
        { false, "SHA256" },
        { false, "SHA384" },
        { true, "SHA256" },
        { true, "SHA384" },
    };

    // The key

    [Fact]
    public void A_key_of_less_than_128_bits_is_refused()
    {
        var failure = Assert.Throws<ArgumentException>(() => TlsPreSharedKey.External(Identity, new byte[15]));
        Assert.Contains("120 bits", failure.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => TlsPreSharedKey.Imported(Identity, new byte[15]));
        TlsPreSharedKey.External(Identity, new byte[16]);
    }

    [Fact]
    public void A_key_without_a_name_with_an_endless_name_or_with_another_hash_is_refused()
    {
        Assert.ThrowsAny<ArgumentException>(() => TlsPreSharedKey.External([], Key));
        Assert.Throws<ArgumentException>(() => TlsPreSharedKey.External(new byte[16_385], Key));
        Assert.Throws<ArgumentException>(() => TlsPreSharedKey.Imported(new byte[10_000], Key, new byte[10_000]));
        Assert.Throws<ArgumentException>(() => TlsPreSharedKey.External(Identity, Key, HashAlgorithmName.SHA512));
    }

    [Fact]
    public void A_key_shows_its_name_and_never_itself()
    {
        Assert.Equal("\"sensor-7\"", TlsPreSharedKey.External(Identity, Key).ToString());
        Assert.Equal("00ff", TlsPreSharedKey.External([0, 255], Key).ToString());
        Assert.Equal(66 + 1, TlsPreSharedKey.External(Encoding.ASCII.GetBytes(new string('a', 1000)), Key).ToString().Length);
    }

    [Theory]
    [InlineData("SHA256", "SHA256", 1)]
    [InlineData("SHA256", "SHA384", 2)]
    [InlineData("SHA384", "SHA256", 1)]
    [InlineData("SHA384", "SHA384", 2)]
    public void An_imported_key_is_derived_as_RFC_9258_says(string keyHash, string suiteHash, byte kdf)
    {
        var hash = new HashAlgorithmName(keyHash);
        var target = new HashAlgorithmName(suiteHash);
        var imported = TlsPreSharedKey.Imported(Identity, Key, Context, hash);

        byte[] identity = [0, (byte)Identity.Length, .. Identity, 0, (byte)Context.Length, .. Context, 3, 4, 0, kdf];
        Assert.Equal(identity, imported.WireIdentity(target).ToArray());
        // The platform's HKDF.
        var length = suiteHash == "SHA256" ? 32 : 48;
        var extracted = HKDF.Extract(hash, Key, new byte[keyHash == "SHA256" ? 32 : 48]);
        var digest = CryptographicOperations.HashData(hash, identity);
        var label = "tls13 derived psk"u8;
        var info = new byte[2 + 1 + label.Length + 1 + digest.Length];
        BinaryPrimitives.WriteUInt16BigEndian(info, (ushort)length);
        info[2] = (byte)label.Length;
        label.CopyTo(info.AsSpan(3));
        info[3 + label.Length] = (byte)digest.Length;
        digest.CopyTo(info.AsSpan(4 + label.Length));
        using var actual = imported.KeyFor(target);
        Assert.Equal(HKDF.Expand(hash, extracted, length, info), actual.Span.ToArray());
    }

    [Fact]
    public void Imported_identities_survive_a_round_trip_and_nothing_else_is_one()
    {
        var identity = TlsPreSharedKey.Imported(Identity, Key, Context).WireIdentity(HashAlgorithmName.SHA384);
        var parsed = ImportedIdentity.TryParse(identity)!;
        Assert.Equal(identity.ToArray(), parsed.Build());
        for (var length = 0; length < identity.Length; length++)
            Assert.Null(ImportedIdentity.TryParse(identity[..length]));
        Assert.Null(ImportedIdentity.TryParse((byte[])[.. identity.Span, 0]));
        Assert.Null(ImportedIdentity.TryParse((byte[])[.. identity.Span[..^4], 3, 3, 0, 1]));
        Assert.Null(ImportedIdentity.TryParse((byte[])[.. identity.Span[..^2], 0, 3]));
        Assert.Null(ImportedIdentity.TryParse(Identity));
    }

    // Both ends have the key

    [Theory]
    [MemberData(nameof(KindsAndHashes))]
    public void Both_ends_prove_themselves_without_certificates(bool imported, string hash)
    {
        var key = KeyOf(imported, hash);
        var (client, server) = Connect(ClientOptions(key), ServerOptions(key));
        foreach (var session in new[] { client.Session, server.Session })
        {
            Assert.Equal(TlsPeerProof.PreSharedKey, session.PeerProof);
            Assert.Equal(Identity, session.PreSharedKeyIdentity!.Value.ToArray());
            Assert.Empty(session.PeerCertificates);
            Assert.Empty(session.LocalCertificates);
            Assert.Null(session.PeerVerdict);
            Assert.Null(session.ServerSignatureScheme);
            Assert.False(session.Resumed);
            Assert.DoesNotContain(session.Steps, step => step.Message is "Certificate" or "CertificateVerify" or "CertificateRequest");
            Assert.Contains("takes the pre-shared key \"sensor-7\"", session.Steps.Single(step => step.Message == "ServerHello").Detail, StringComparison.Ordinal);
        }
        client.Write("data"u8);
        Pump(client, server);
        Assert.Equal("data"u8, ReadAll(server));
    }

    [Fact]
    public void A_key_steers_the_choice_of_the_suite()
    {
        var key = TlsPreSharedKey.External(Identity, Key, HashAlgorithmName.SHA384);
        var (client, _) = Connect(ClientOptions(key), ServerOptions(key));
        Assert.Equal(CipherSuite.Aes256GcmSha384, client.Session.CipherSuite);
    }

    [Theory]
    [MemberData(nameof(KindsAndHashes))]
    public void A_key_survives_a_HelloRetryRequest(bool imported, string hash)
    {
        var key = KeyOf(imported, hash);
        var options = ServerOptions(key);
        options.Groups = [NamedGroup.Secp384r1];
        var (client, _) = Connect(ClientOptions(key), options);
        Assert.True(client.Session is { HelloRetried: true, PeerProof: TlsPeerProof.PreSharedKey });
    }

    [Fact]
    public void An_imported_key_is_offered_for_each_hash()
    {
        var key = TlsPreSharedKey.Imported(Identity, Key, Context);
        var options = ServerOptions(key);
        options.CipherSuites = [CipherSuite.Aes256GcmSha384];
        Assert.Equal(CipherSuite.Aes256GcmSha384, Connect(ClientOptions(key), options).Client.Session.CipherSuite);
    }

    [Fact]
    public void Of_several_keys_the_first_that_the_server_knows_is_taken()
    {
        var known = TlsPreSharedKey.External("known"u8, Key);
        var asked = new List<string>();
        var options = ServerOptions(known);
        options.PreSharedKeyResolver = (request, _) =>
        {
            asked.Add(Encoding.ASCII.GetString(request.Identity.Span));
            return ValueTask.FromResult<TlsPreSharedKey?>(request.Identity.Span.SequenceEqual("known"u8) ? known : null);
        };
        var (client, _) = Connect(ClientOptions(KeyOf(false, "SHA256"), known, TlsPreSharedKey.External("last"u8, Key)), options);
        Assert.Equal("known"u8, client.Session.PreSharedKeyIdentity!.Value.ToArray());
        Assert.Equal(["sensor-7", "known"], asked);
    }

    [Fact]
    public async Task A_resolver_may_take_its_time_and_sees_what_is_asked_for()
    {
        var key = KeyOf(true, "SHA256");
        TlsPreSharedKeyRequest? seen = null;
        var options = ServerOptions(key);
        options.PreSharedKeyResolver = async (request, _) =>
        {
            await Task.Yield();
            seen ??= request;
            return request.IsImported ? key : null;
        };
        var clientOptions = ClientOptions(key);
        clientOptions.TargetHost = "gateway.example";
        using var client = TlsConnection.CreateClient(clientOptions);
        using var server = TlsConnection.CreateServer(options);
        Pump(client, server);
        await server.SettledAsync().WaitAsync(Fixture.Patience, TestContext.Current.CancellationToken);
        Pump(server, client);
        Assert.Equal(TlsPeerProof.PreSharedKey, client.Session.PeerProof);
        Assert.Equal(("gateway.example", true), (seen!.ServerName, seen.IsImported));
        Assert.Equal(Identity, seen.Identity.ToArray());
        Assert.Equal(Context, seen.Context.ToArray());
    }

    [Fact]
    public void A_name_that_reads_as_an_imported_one_may_belong_to_a_key_that_is_not()
    {
        var key = TlsPreSharedKey.External(KeyOf(true, "SHA256").WireIdentity(HashAlgorithmName.SHA256).Span, Key);
        Assert.Equal(TlsPeerProof.PreSharedKey, Connect(ClientOptions(key), ServerOptions(key)).Server.Session.PeerProof);
    }

    [Fact]
    public async Task A_stream_with_a_key_is_mutually_authenticated()
    {
        var key = KeyOf(true, "SHA256");
        var (client, server) = await Fixture.ConnectAsync(ClientOptions(key), ServerOptions(key));
        await using (client)
        await using (server)
        {
            Assert.True(client.IsMutuallyAuthenticated);
            Assert.True(server.IsMutuallyAuthenticated);
        }
    }

    // Sessions

    [Theory]
    [MemberData(nameof(KindsAndHashes))]
    public void A_session_with_a_key_is_resumed_and_says_which(bool imported, string hash)
    {
        var key = KeyOf(imported, hash);
        var (client, server) = (Resuming(ClientOptions(key)), Resuming(ServerOptions(key)));
        for (var i = 0; i < 3; i++)
        {
            var ends = Connect(client, server);
            foreach (var session in new[] { ends.Client.Session, ends.Server.Session })
            {
                Assert.Equal((i > 0, TlsPeerProof.PreSharedKey), (session.Resumed, session.PeerProof));
                Assert.Equal(Identity, session.PreSharedKeyIdentity!.Value.ToArray());
                Assert.Empty(session.PeerCertificates);
            }
        }
    }

    [Fact]
    public void A_session_with_a_key_takes_early_data()
    {
        var key = KeyOf(true, "SHA256");
        var (client, server) = (Resuming(ClientOptions(key)), Resuming(ServerOptions(key)));
        server.MaxEarlyDataSize = 100;
        Connect(client, server);
        client = client.Clone();
        client.EarlyData = "early"u8.ToArray();
        var ends = Connect(client, server);
        Assert.Equal((TlsEarlyDataStatus.Accepted, TlsEarlyDataStatus.Accepted), (ends.Client.Session.EarlyData, ends.Server.Session.EarlyData));
        Assert.Equal("early"u8, ends.Server.EarlyData.Span);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_session_ends_with_its_key(bool isReplaced)
    {
        var key = KeyOf(true, "SHA256");
        var (client, server) = (Resuming(ClientOptions(key)), Resuming(ServerOptions(key)));
        server.Identities = Fixture.ServerOptions().Identities;
        client.AllowCertificateFallback = true;
        client.TargetHost = "localhost";
        client.CertificateVerifier = Fixture.Verifier;
        Connect(client, server);
        server = server.Clone();
        var other = isReplaced ? TlsPreSharedKey.Imported(Identity, new byte[32], Context) : null;
        server.PreSharedKeyResolver = (_, _) => ValueTask.FromResult(other);
        if (isReplaced)
        {
            // The key itself is offered along with the session, and does not fit any more.
            DemandFailure(client, server, TlsError.BadBinder, TlsAlert.DecryptError);
            return;
        }
        var session = Connect(client, server).Client.Session;
        Assert.Equal((false, TlsPeerProof.Certificate), (session.Resumed, session.PeerProof));
    }

    [Fact]
    public void A_session_is_resumed_with_the_same_keys_alone()
    {
        var key = KeyOf(true, "SHA256");
        TlsClientOptions[] options =
        [
            ClientOptions(key),
            ClientOptions(TlsPreSharedKey.Imported(Identity, Key, "another"u8)),
            ClientOptions(TlsPreSharedKey.External(Identity, Key)),
            ClientOptions(TlsPreSharedKey.Imported(Identity, new byte[16], Context)),
            ClientOptions(TlsPreSharedKey.Imported("another"u8, Key, Context)),
            ClientOptions(key, TlsPreSharedKey.External("another"u8, Key)),
            ClientOptions(),
        ];
        Assert.Equal(options.Length, options.Select(SessionKey.Of).Distinct().Count());
        Assert.Equal(SessionKey.Of(options[0]), SessionKey.Of(ClientOptions(KeyOf(true, "SHA256"))));
    }

    [Fact]
    public void A_session_that_a_certificate_made_does_not_stand_for_the_key()
    {
        var key = KeyOf(true, "SHA256");
        var client = Resuming(Fixture.ClientOptions());
        client.PreSharedKeys = [key];
        client.AllowCertificateFallback = true;
        var server = Resuming(Fixture.ServerOptions());
        Assert.Equal(TlsPeerProof.Certificate, Connect(client, server).Client.Session.PeerProof);
        server = server.Clone();
        server.PreSharedKeyResolver = ServerOptions(key).PreSharedKeyResolver;
        var session = Connect(client, server).Server.Session;
        Assert.Equal((false, TlsPeerProof.PreSharedKey), (session.Resumed, session.PeerProof));
    }

    // They do not agree

    [Theory]
    [MemberData(nameof(KindsAndHashes))]
    public void A_client_with_a_wrong_key_gets_decrypt_error(bool imported, string hash)
    {
        byte[] wrong = [.. Key[..^1], 0];
        var client = imported ? TlsPreSharedKey.Imported(Identity, wrong, Context, new HashAlgorithmName(hash)) : TlsPreSharedKey.External(Identity, wrong, new HashAlgorithmName(hash));
        DemandFailure(ClientOptions(client), ServerOptions(KeyOf(imported, hash)), TlsError.BadBinder, TlsAlert.DecryptError);
    }

    [Fact]
    public void A_hello_that_was_changed_after_it_was_bound_is_refused()
    {
        var key = KeyOf(true, "SHA256");
        Demand.ServerRefuses(TlsError.BadBinder, TlsAlert.DecryptError, Script.Changing<ClientHello>(hello => hello.With(random: new byte[32])), ServerOptions(key), ClientOptions(key));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_key_that_one_end_imports_and_the_other_does_not_is_unknown(bool clientImports) =>
        DemandFailure(ClientOptions(KeyOf(clientImports, "SHA256")), ServerOptions(KeyOf(!clientImports, "SHA256")), TlsError.UnknownPreSharedKey, TlsAlert.UnknownPskIdentity);

    [Fact]
    public void A_key_for_another_context_is_unknown() => DemandFailure(
        ClientOptions(TlsPreSharedKey.Imported(Identity, Key, "gateway to sensor-7"u8)), ServerOptions(KeyOf(true, "SHA256")), TlsError.UnknownPreSharedKey, TlsAlert.UnknownPskIdentity);

    [Fact]
    public void A_server_with_keys_alone_refuses_a_client_without()
    {
        var failure = DemandFailure(Fixture.ClientOptions(), ServerOptions(KeyOf(true, "SHA256")), TlsError.UnknownPreSharedKey, TlsAlert.UnknownPskIdentity);
        Assert.Contains("offers none", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_refusal_of_an_unknown_key_names_it()
    {
        var failure = DemandFailure(ClientOptions(TlsPreSharedKey.External("stranger"u8, Key)), ServerOptions(KeyOf(false, "SHA256")), TlsError.UnknownPreSharedKey, TlsAlert.UnknownPskIdentity);
        Assert.Contains("\"stranger\"", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_without_the_key_falls_back_to_the_servers_certificate()
    {
        var server = ServerOptions(KeyOf(true, "SHA256"));
        server.Identities = Fixture.ServerOptions().Identities;
        var (client, _) = Connect(Fixture.ClientOptions(), server);
        Assert.Equal(TlsPeerProof.Certificate, client.Session.PeerProof);
        Assert.Null(client.Session.PreSharedKeyIdentity);
    }

    [Fact]
    public void A_client_falls_back_to_a_certificate_if_it_may()
    {
        var options = Fixture.ClientOptions();
        options.PreSharedKeys = [KeyOf(true, "SHA256")];
        options.AllowCertificateFallback = true;
        var (client, server) = Connect(options, Fixture.ServerOptions());
        Assert.Equal((TlsPeerProof.Certificate, TlsPeerProof.None), (client.Session.PeerProof, server.Session.PeerProof));
        Assert.True(client.Session.PeerVerdict!.IsAccepted);
    }

    [Fact]
    public void A_client_that_may_not_fall_back_refuses_a_certificate()
    {
        using var client = TlsConnection.CreateClient(ClientOptions(KeyOf(true, "SHA256")));
        using var server = TlsConnection.CreateServer(Fixture.ServerOptions());
        Pump(client, server);
        var failure = Assert.Throws<TlsException>(() => Pump(server, client));
        Assert.Equal((TlsError.PreSharedKeyNotTaken, TlsAlert.HandshakeFailure), (failure.Error, failure.Alert));
        Assert.Contains("sensor-7", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_that_wants_no_key_exchange_is_not_served_with_the_key()
    {
        var key = KeyOf(true, "SHA256");
        Demand.ServerRefuses(TlsError.UnknownPreSharedKey, TlsAlert.UnknownPskIdentity, Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.With(ExtensionType.PskKeyExchangeModes, 1, 0))), ServerOptions(key), ClientOptions(key));
    }

    [Fact]
    public void A_resolver_that_fails_ends_the_handshake_with_internal_error()
    {
        var options = ServerOptions(KeyOf(true, "SHA256"));
        options.PreSharedKeyResolver = (_, _) => throw new IOException("The database is away.");
        DemandFailure(ClientOptions(KeyOf(true, "SHA256")), options, TlsError.LocalFailure, TlsAlert.InternalError);
    }

    [Fact]
    public void A_second_hello_may_leave_the_key_out_and_gets_a_certificate()
    {
        var key = KeyOf(false, "SHA256");
        var server = ServerOptions(key);
        server.Identities = Fixture.ServerOptions().Identities;
        server.Groups = [NamedGroup.Secp384r1];
        var client = ClientOptions(key);
        client.TargetHost = "localhost";
        client.CertificateVerifier = Fixture.Verifier;
        client.AllowCertificateFallback = true;
        var outcome = Demand.ServerAccepts(Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.Without(ExtensionType.PreSharedKey)), nth: 1), server, client);
        Assert.Null(outcome.Session!.PreSharedKeyIdentity);
    }

    [Fact]
    public void Signature_algorithms_are_only_for_certificates()
    {
        var key = KeyOf(true, "SHA256");
        var withoutKey = ServerOptions(key);
        withoutKey.PreSharedKeyResolver = (_, _) => ValueTask.FromResult<TlsPreSharedKey?>(null);
        withoutKey.Identities = Fixture.ServerOptions().Identities;
        Demand.ServerRefuses(TlsError.MissingExtension, TlsAlert.MissingExtension, Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.Without(ExtensionType.SignatureAlgorithms))), withoutKey, ClientOptions(key));
        // Here it goes far enough for the binder, which no longer fits.
        Demand.ServerRefuses(TlsError.BadBinder, TlsAlert.DecryptError, Script.Changing<ClientHello>(hello => hello.With(extensions: block => block.Without(ExtensionType.SignatureAlgorithms))), ServerOptions(key), ClientOptions(key));
    }

    // What a server may not answer

    [Theory]
    [InlineData(0, 2)]
    [InlineData(255, 255)]
    public void An_identity_that_was_not_offered_is_refused(byte high, byte low)
    {
        var key = KeyOf(true, "SHA256");
        Demand.ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Script.Changing<ServerHello>(hello => hello.With(extensions: block => block.With(ExtensionType.PreSharedKey, high, low))), ClientOptions(key), ServerOptions(key));
    }

    [Fact]
    public void An_identity_for_another_hash_than_the_suites_is_refused()
    {
        var key = KeyOf(true, "SHA256");
        Demand.ClientRefuses(TlsError.IllegalValue, TlsAlert.IllegalParameter, Script.Changing<ServerHello>(hello => hello.With(extensions: block => block.With(ExtensionType.PreSharedKey, 0, 1))), ClientOptions(key), ServerOptions(key));
    }

    [Fact]
    public void A_certificate_beside_the_key_is_refused()
    {
        var key = KeyOf(true, "SHA256");
        Demand.ClientRefuses(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage, Script.Encoding(HandshakeType.Finished, finished => [.. Wire.Message(HandshakeType.Certificate, 0, 0, 0, 0), .. finished]), ClientOptions(key), ServerOptions(key));
    }

    [Fact]
    public void A_server_that_names_the_key_and_does_not_hold_it_gets_nowhere()
    {
        var outcome = Duel.OfClient(Script.Changing<ServerHello>(hello => hello.With(extensions: block => block.Plus(ExtensionType.PreSharedKey, 0, 0))), ClientOptions(KeyOf(false, "SHA256")), Fixture.ServerOptions());
        Assert.Equal(TlsError.BadRecordMac, outcome.Failure!.Error);
    }

    // Options

    [Fact]
    public void A_key_in_place_of_a_certificate_needs_no_host_name_and_a_fallback_does()
    {
        var options = ClientOptions(KeyOf(true, "SHA256"));
        TlsConnection.CreateClient(options.Clone()).Dispose();
        options.AllowCertificateFallback = true;
        Assert.Throws<InvalidOperationException>(() => TlsConnection.CreateClient(options));
    }

    [Fact]
    public void Keys_alone_are_spoken_in_TLS_1_3_alone()
    {
        var options = ClientOptions(KeyOf(true, "SHA256"));
        using var client = TlsConnection.CreateClient(options);
        var record = new byte[client.PendingOutput];
        client.TakeOutput(record);
        var hello = ClientHello.Parse(record.AsMemory(9));
        Assert.Contains(TlsVersion.Tls13, hello.Versions!);
        Assert.DoesNotContain(TlsVersion.Tls12, hello.Versions!);
        var old = ClientOptions(KeyOf(true, "SHA256"));
        old.MaximumVersion = TlsVersion.Tls12;
        Assert.Throws<InvalidOperationException>(() => TlsConnection.CreateClient(old));
    }

    [Fact]
    public void A_server_that_requires_certificates_of_all_cannot_take_keys()
    {
        var options = ServerOptions(KeyOf(true, "SHA256"));
        options.ClientCertificateMode = ClientCertificateMode.Required;
        options.ClientCertificateVerifier = Fixture.Verifier;
        Assert.Throws<InvalidOperationException>(() => TlsConnection.CreateServer(options));
    }

    private static TlsPreSharedKey KeyOf(bool imported, string hash) => imported
        ? TlsPreSharedKey.Imported(Identity, Key, Context, new HashAlgorithmName(hash))
        : TlsPreSharedKey.External(Identity, Key, new HashAlgorithmName(hash));

    private static TlsClientOptions ClientOptions(params TlsPreSharedKey[] keys) => new() { PreSharedKeys = keys, KeyShareGroups = [NamedGroup.X25519], SessionCache = null };

    private static TlsServerOptions ServerOptions(TlsPreSharedKey key) => new()
    {
        PreSharedKeyResolver = (request, _) => ValueTask.FromResult(request.Identity.Span.SequenceEqual(key.Identity.Span) ? key : null),
    };

    private static TlsClientOptions Resuming(TlsClientOptions options)
    {
        options.SessionCache = new TlsSessionCache();
        return options;
    }

    private static TlsServerOptions Resuming(TlsServerOptions options)
    {
        options.TicketStore = new TicketKeyRing();
        return options;
    }

    private static TlsException DemandFailure(TlsClientOptions clientOptions, TlsServerOptions serverOptions, TlsError error, TlsAlert alert)
    {
        using var client = TlsConnection.CreateClient(clientOptions);
        using var server = TlsConnection.CreateServer(serverOptions);
        var failure = Assert.Throws<TlsException>(() => Pump(client, server));
        Assert.Equal((error, alert, TlsFailureSource.Local), (failure.Error, failure.Alert, failure.Source));
        var seen = Assert.Throws<TlsException>(() => Pump(server, client));
        Assert.Equal((TlsError.PeerAlert, alert), (seen.Error, seen.Alert));
        return failure;
    }

    private static (TlsConnection Client, TlsConnection Server) Connect(TlsClientOptions clientOptions, TlsServerOptions serverOptions)
    {
        var client = TlsConnection.CreateClient(clientOptions);
        var server = TlsConnection.CreateServer(serverOptions);
        for (var i = 0; i < 4; i++)
        {
            Pump(client, server);
            Pump(server, client);
        }
        Assert.True(client.IsAuthenticated && server.IsAuthenticated);
        Assert.Empty(ReadAll(client));
        return (client, server);
    }

    private static void Pump(TlsConnection from, TlsConnection to)
    {
        var bytes = new byte[from.PendingOutput];
        from.TakeOutput(bytes);
        to.Receive(bytes);
    }

    private static byte[] ReadAll(TlsConnection connection)
    {
        var buffer = new byte[1024];
        return buffer[..connection.Read(buffer)];
    }
}

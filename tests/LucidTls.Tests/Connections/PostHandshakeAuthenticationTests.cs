using System.Security.Authentication;
using LucidTls.Certificates;
using LucidTls.Records;
using LucidTls.Sessions;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Connections;

/// <summary>Client certificates after the handshake (RFC 8446 §4.6.2), as applications at both ends see them.</summary>
public sealed class PostHandshakeAuthenticationTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<KeyKind> KeyKinds => [KeyKind.EcdsaP256, KeyKind.Ed25519, KeyKind.Rsa2048];

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task A_client_shows_its_certificate_when_it_is_asked(KeyKind kind)
    {
        using var pki = new TestPki();
        var client = ClientOptions();
        client.Identity = pki.Client(kind).Identity();
        var server = ServerOptions();
        server.ClientCertificateVerifier = CertificateVerifier.FromRoots([pki.Root]);
        await using var pair = await Pair.ConnectAsync(client, server);
        Assert.True(pair.Server.CanRequestClientCertificate);
        Assert.False(pair.Server.IsMutuallyAuthenticated);
        var before = pair.Server.Session;
        Assert.Empty(before.PeerCertificates);

        pair.KeepClientReading();
        Assert.True(await AskAsync(pair.Server));

        var after = pair.Server.Session;
        Assert.Equal(client.Identity.Chain[0].ToArray(), after.PeerCertificates[0].ToArray());
        Assert.True(after.PeerVerdict!.IsAccepted);
        Assert.NotNull(after.ClientSignatureScheme);
        Assert.True(pair.Server.IsMutuallyAuthenticated);
        Assert.Equal(client.Identity.Chain[0].ToArray(), pair.Client.Session.LocalCertificates[0].ToArray());
        Assert.Equal(after.ClientSignatureScheme, pair.Client.Session.ClientSignatureScheme);
        Assert.True(pair.Client.IsMutuallyAuthenticated);
        await pair.TalkAsync();
    }

    [Fact]
    public async Task All_else_that_is_known_of_the_session_stays()
    {
        var client = ClientOptions();
        client.ApplicationProtocols = [System.Net.Security.SslApplicationProtocol.Http11];
        var server = ServerOptions();
        server.ApplicationProtocols = [System.Net.Security.SslApplicationProtocol.Http11];
        server.Groups = [NamedGroup.Secp256r1];
        await using var pair = await Pair.ConnectAsync(client, server);
        var (before, clientBefore) = (pair.Server.Session, pair.Client.Session);
        pair.KeepClientReading();
        await AskAsync(pair.Server);
        foreach (var property in typeof(TlsSessionInfo).GetProperties())
        {
            if (property.Name is not (nameof(TlsSessionInfo.PeerCertificates) or nameof(TlsSessionInfo.PeerVerdict) or nameof(TlsSessionInfo.PeerDnsNames) or nameof(TlsSessionInfo.ClientSignatureScheme) or nameof(TlsSessionInfo.PeerProof)))
                Assert.Equal(property.GetValue(before), property.GetValue(pair.Server.Session));
            if (property.Name is not (nameof(TlsSessionInfo.LocalCertificates) or nameof(TlsSessionInfo.ClientSignatureScheme)))
                Assert.Equal(property.GetValue(clientBefore), property.GetValue(pair.Client.Session));
        }
    }

    [Fact]
    public async Task A_client_may_decline_and_the_connection_goes_on()
    {
        var client = ClientOptions();
        client.Identity = null;
        await using var pair = await Pair.ConnectAsync(client, ServerOptions());
        pair.KeepClientReading();
        Assert.False(await AskAsync(pair.Server));
        Assert.Empty(pair.Server.Session.PeerCertificates);
        Assert.Empty(pair.Client.Session.LocalCertificates);
        await pair.TalkAsync();
    }

    [Fact]
    public async Task The_selector_sees_what_the_server_asks_for()
    {
        TlsCertificateRequest? seen = null;
        var client = ClientOptions();
        client.IdentitySelector = (request, _) =>
        {
            seen = request;
            return new ValueTask<TlsIdentity?>(Fixture.ClientIdentity);
        };
        var server = ServerOptions();
        server.SignatureSchemes = [SignatureScheme.EcdsaSecp256r1Sha256, SignatureScheme.Ed25519];
        server.CertificateAuthorities = [new byte[] { 0x30, 0 }];
        await using var pair = await Pair.ConnectAsync(client, server);
        Assert.Null(seen);
        pair.KeepClientReading();
        Assert.True(await AskAsync(pair.Server));
        Assert.True(seen!.IsAfterHandshake);
        Assert.Equal(server.SignatureSchemes, seen.SignatureSchemes);
        Assert.Equal(new byte[] { 0x30, 0 }, Assert.Single(seen.CertificateAuthorities).ToArray());
    }

    public static TheoryData<bool, bool, bool> Pairs => new() { { false, true, false }, { true, false, false }, { true, true, true } };

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task There_is_no_asking_unless_both_ends_want_it_and_speak_TLS_13(bool clientWants, bool serverWants, bool isTls12)
    {
        var client = ClientOptions();
        client.PostHandshakeAuthentication = clientWants;
        if (isTls12)
            client.MaximumVersion = TlsVersion.Tls12;
        var server = ServerOptions();
        server.PostHandshakeAuthentication = serverWants;
        await using var pair = await Pair.ConnectAsync(client, server);
        Assert.False(pair.Server.CanRequestClientCertificate);
        Assert.False(pair.Client.CanRequestClientCertificate);
        await Assert.ThrowsAsync<InvalidOperationException>(() => pair.Server.RequestClientCertificateAsync(Cancellation));
        await Assert.ThrowsAsync<InvalidOperationException>(() => pair.Client.RequestClientCertificateAsync(Cancellation));
        pair.KeepClientReading();
        await pair.TalkAsync();
    }

    [Fact]
    public async Task A_server_that_may_ask_needs_somebody_to_judge()
    {
        var options = Fixture.ServerOptions();
        options.PostHandshakeAuthentication = true;
        await using var server = new TlsStream(DuplexPipe.Create().Server);
        await Assert.ThrowsAsync<InvalidOperationException>(() => server.AuthenticateAsServerAsync(options, Cancellation));
    }

    [Fact]
    public async Task A_certificate_that_is_refused_is_told_to_the_client_with_the_reason()
    {
        using var stranger = new TestPki();
        var client = ClientOptions();
        client.Identity = stranger.Client().Identity();
        await using var pair = await Pair.ConnectAsync(client, ServerOptions());
        var reading = pair.Client.ReadAsync(new byte[1], Cancellation).AsTask();
        var refusal = await Assert.ThrowsAsync<AuthenticationException>(() => AskAsync(pair.Server));
        var reason = Assert.IsType<TlsException>(refusal.InnerException);
        Assert.Equal((TlsError.CertificateUnknownIssuer, TlsAlert.UnknownCA), (reason.Error, reason.Alert!.Value));
        Assert.False(reason.Verdict!.IsAccepted);
        Assert.Empty(pair.Server.Session.PeerCertificates);
        var told = Assert.IsType<TlsException>((await Assert.ThrowsAsync<IOException>(() => reading.WaitAsync(Fixture.Patience, Cancellation))).InnerException);
        Assert.Equal((TlsError.PeerAlert, TlsAlert.UnknownCA), (told.Error, told.Alert!.Value));
        await Assert.ThrowsAsync<IOException>(() => pair.Server.ReadAsync(new byte[1], Cancellation).AsTask());
    }

    [Fact]
    public async Task Data_flow_both_ways_while_certificates_are_asked_for()
    {
        await using var pair = await Pair.ConnectAsync(ClientOptions(), ServerOptions());
        await Task.WhenAll(SendAsync(pair.Client), SendAndAskAsync(), CheckAsync(pair.Client), CheckAsync(pair.Server)).WaitAsync(Fixture.Patience, Cancellation);
        Assert.NotEmpty(pair.Server.Session.PeerCertificates);

        // The client answers as long as it reads, and so its last data come when all answers are there.
        async Task SendAndAskAsync()
        {
            await Task.WhenAll(SendAsync(pair.Server), AskOftenAsync());
            await pair.Server.WriteAsync("end"u8.ToArray(), Cancellation);
        }

        async Task AskOftenAsync()
        {
            for (var i = 0; i < RecordLimits.MostCertificateRequests; i++)
                Assert.True(await pair.Server.RequestClientCertificateAsync(Cancellation));
        }

        static async Task SendAsync(TlsStream stream)
        {
            for (var i = 0; i < 1500; i++)
            {
                if (i % 50 == 0)
                    await stream.UpdateKeysAsync(requestPeerUpdate: i % 100 == 0, Cancellation);
                await stream.WriteAsync(Enumerable.Repeat((byte)i, 1 + (i % 700)).ToArray(), Cancellation);
                await Task.Yield();
            }
        }

        static async Task CheckAsync(TlsStream stream)
        {
            for (var i = 0; i < 1500; i++)
                Assert.Equal(Enumerable.Repeat((byte)i, 1 + (i % 700)), await ReadAsync(stream, 1 + (i % 700)));
            if (!stream.IsServer)
                Assert.Equal("end"u8.ToArray(), await ReadAsync(stream, 3));
        }
    }

    [Fact]
    public async Task Data_in_front_of_the_answer_are_kept_for_the_application()
    {
        await using var pair = await Pair.ConnectAsync(ClientOptions(), ServerOptions());
        var data = new byte[40_000];
        Random.Shared.NextBytes(data);
        await pair.Client.WriteAsync(data, Cancellation);
        pair.KeepClientReading();
        // Nobody else reads at the server.
        Assert.True(await AskAsync(pair.Server));
        await pair.Client.WriteAsync("behind"u8.ToArray(), Cancellation);
        Assert.Equal(data[..10], await ReadAsync(pair.Server, 10));
        byte[] rest = [.. data[10..], .. "behind"u8];
        Assert.Equal(rest, await ReadAsync(pair.Server, data.Length - 10 + 6));
    }

    [Fact]
    public async Task No_more_than_a_bound_is_kept_and_reading_frees_it()
    {
        await using var pair = await Pair.ConnectAsync(ClientOptions(), ServerOptions());
        var data = new byte[5 * RecordLimits.MostHeldData];
        Random.Shared.NextBytes(data);
        await pair.Client.WriteAsync(data, Cancellation);
        pair.KeepClientReading();
        var asking = AskAsync(pair.Server);
        Assert.Equal(data, await ReadAsync(pair.Server, data.Length));
        Assert.True(await asking);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_read_that_comes_while_the_server_waits_gets_data(bool isSynchronous)
    {
        var chosen = new TaskCompletionSource<TlsIdentity?>();
        var client = ClientOptions();
        client.IdentitySelector = (_, _) => new ValueTask<TlsIdentity?>(chosen.Task);
        await using var pair = await Pair.ConnectAsync(client, ServerOptions());
        pair.KeepClientReading();
        var asking = AskAsync(pair.Server);
        for (var i = 0; i < 3; i++)
        {
            var buffer = new byte[4];
            var reading = isSynchronous ? Task.Factory.StartNew(() => pair.Server.Read(buffer, 0, 4), Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default) : pair.Server.ReadAsync(buffer, Cancellation).AsTask();
            await pair.Client.WriteAsync("data"u8.ToArray(), Cancellation);
            Assert.Equal(4, await reading.WaitAsync(Fixture.Patience, Cancellation));
            Assert.Equal("data"u8.ToArray(), buffer);
        }
        Assert.False(asking.IsCompleted);
        chosen.SetResult(Fixture.ClientIdentity);
        Assert.True(await asking);
    }

    [Fact]
    public async Task A_read_that_is_cancelled_while_the_server_waits_holds_nothing_up()
    {
        var chosen = new TaskCompletionSource<TlsIdentity?>();
        var client = ClientOptions();
        client.IdentitySelector = (_, _) => new ValueTask<TlsIdentity?>(chosen.Task);
        await using var pair = await Pair.ConnectAsync(client, ServerOptions());
        pair.KeepClientReading();
        var asking = AskAsync(pair.Server);
        using var cancel = new CancellationTokenSource();
        var reading = pair.Server.ReadAsync(new byte[1], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(Fixture.Patience, Cancellation));
        chosen.SetResult(Fixture.ClientIdentity);
        Assert.True(await asking);
    }

    [Fact]
    public async Task A_server_that_gives_up_waiting_can_ask_again()
    {
        var chosen = new TaskCompletionSource<TlsIdentity?>();
        var first = true;
        var client = ClientOptions();
        client.IdentitySelector = (_, _) =>
        {
            var isFirst = first;
            first = false;
            return isFirst ? new ValueTask<TlsIdentity?>(chosen.Task) : new ValueTask<TlsIdentity?>(Fixture.ClientIdentity);
        };
        await using var pair = await Pair.ConnectAsync(client, ServerOptions());
        pair.KeepClientReading();
        using (var cancel = new CancellationTokenSource())
        {
            var asking = pair.Server.RequestClientCertificateAsync(cancel.Token);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.WaitAsync(Fixture.Patience, Cancellation));
        }
        // The second answer comes before the first, which nobody waits for any more.
        Assert.True(await AskAsync(pair.Server));
        chosen.SetResult(null);
        await pair.TalkAsync();
        Assert.NotEmpty(pair.Server.Session.PeerCertificates);
    }

    [Fact]
    public async Task Answers_may_come_in_another_order_than_the_requests()
    {
        var choices = new[] { new TaskCompletionSource<TlsIdentity?>(), new TaskCompletionSource<TlsIdentity?>() };
        var next = 0;
        var client = ClientOptions();
        client.IdentitySelector = (_, _) => new ValueTask<TlsIdentity?>(choices[next++].Task);
        await using var pair = await Pair.ConnectAsync(client, ServerOptions());
        pair.KeepClientReading();
        var first = AskAsync(pair.Server);
        var second = AskAsync(pair.Server);
        choices[1].SetResult(null);
        Assert.False(await second);
        choices[0].SetResult(Fixture.ClientIdentity);
        Assert.True(await first);
    }

    [Fact]
    public async Task Only_so_many_requests_may_wait_for_an_answer()
    {
        var client = ClientOptions();
        client.IdentitySelector = (_, _) => new ValueTask<TlsIdentity?>(new TaskCompletionSource<TlsIdentity?>().Task);
        await using var pair = await Pair.ConnectAsync(client, ServerOptions());
        var asking = Enumerable.Range(0, RecordLimits.MostOpenCertificateRequests).Select(_ => AskAsync(pair.Server)).ToArray();
        await Assert.ThrowsAsync<InvalidOperationException>(() => AskAsync(pair.Server));
        await pair.Server.DisposeAsync();
        foreach (var one in asking)
            await Assert.ThrowsAsync<ObjectDisposedException>(() => one);
    }

    [Fact]
    public async Task A_selector_that_fails_ends_the_connection_with_internal_error()
    {
        var client = ClientOptions();
        client.IdentitySelector = (_, _) => throw new InvalidOperationException("no card in the reader");
        await using var pair = await Pair.ConnectAsync(client, ServerOptions());
        var reading = pair.Client.ReadAsync(new byte[1], Cancellation).AsTask();
        var told = await Assert.ThrowsAsync<AuthenticationException>(() => AskAsync(pair.Server));
        Assert.Equal((TlsError.PeerAlert, TlsAlert.InternalError), (Assert.IsType<TlsException>(told.InnerException).Error, ((TlsException)told.InnerException).Alert!.Value));
        await pair.Server.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(() => reading.WaitAsync(Fixture.Patience, Cancellation));
        var failure = await Assert.ThrowsAsync<IOException>(() => pair.Client.WriteAsync(new byte[1], Cancellation).AsTask());
        Assert.Equal(TlsError.LocalFailure, Assert.IsType<TlsException>(failure.InnerException).Error);
    }

    [Fact]
    public async Task A_client_that_closes_in_place_of_an_answer_leaves_nobody_waiting()
    {
        await using var pair = await Pair.ConnectAsync(ClientOptions(), ServerOptions());
        var asking = AskAsync(pair.Server);
        await pair.Client.DisposeAsync();
        var failure = await Assert.ThrowsAsync<AuthenticationException>(() => asking);
        Assert.Equal(TlsError.ClosedDuringHandshake, Assert.IsType<TlsException>(failure.InnerException).Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_certificate_is_shown_after_a_resumed_or_retried_handshake(bool isRetried)
    {
        var client = ClientOptions();
        client.SessionCache = new TlsSessionCache();
        var server = ServerOptions();
        server.TicketStore = new TicketKeyRing();
        if (isRetried)
            server.Groups = [NamedGroup.Secp256r1];
        for (var i = 0; i < 2; i++)
        {
            await using var pair = await Pair.ConnectAsync(client, server);
            Assert.Equal((i == 1, isRetried), (pair.Server.Session.Resumed, pair.Server.Session.HelloRetried));
            // A session that was made without a certificate has none, whatever was shown later.
            Assert.Empty(pair.Server.Session.PeerCertificates);
            pair.KeepClientReading();
            Assert.True(await AskAsync(pair.Server));
            await pair.TalkAsync();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_without_IO_answers_too(bool isAsynchronous)
    {
        var chosen = new TaskCompletionSource<TlsIdentity?>();
        var options = ClientOptions();
        options.IdentitySelector = (_, _) => isAsynchronous ? new ValueTask<TlsIdentity?>(chosen.Task) : new ValueTask<TlsIdentity?>(Fixture.ClientIdentity);
        using var client = TlsConnection.CreateClient(options);
        var (clientSide, serverSide) = DuplexPipe.Create();
        await using var server = new TlsStream(serverSide);
        var serving = server.AuthenticateAsServerAsync(ServerOptions(), Cancellation);
        var buffer = new byte[32 * 1024];
        while (!serving.IsCompleted)
        {
            await SendAsync();
            if (!client.IsAuthenticated)
                client.Receive(buffer.AsSpan(0, await clientSide.ReadAsync(buffer, Cancellation)));
            await Task.Yield();
        }
        var asking = AskAsync(server);
        client.Receive(buffer.AsSpan(0, await clientSide.ReadAsync(buffer, Cancellation)));
        Assert.Equal(0, client.Read(buffer));
        if (isAsynchronous)
        {
            Assert.Equal(0, client.PendingOutput);
            chosen.SetResult(Fixture.ClientIdentity);
            await client.SettledAsync();
            Assert.Equal(0, client.Read(buffer));
        }
        await SendAsync();
        Assert.True(await asking);
        Assert.NotEmpty(client.Session.LocalCertificates);

        async Task SendAsync()
        {
            var count = client.TakeOutput(buffer);
            await clientSide.WriteAsync(buffer.AsMemory(0, count), Cancellation);
        }
    }

    private static Task<bool> AskAsync(TlsStream server) => server.RequestClientCertificateAsync(Cancellation).WaitAsync(Fixture.Patience, Cancellation);

    private static async Task<byte[]> ReadAsync(Stream stream, int count)
    {
        var data = new byte[count];
        await stream.ReadExactlyAsync(data, Cancellation).AsTask().WaitAsync(Fixture.Patience, Cancellation);
        return data;
    }

    private static TlsClientOptions ClientOptions()
    {
        var options = Fixture.ClientOptions();
        options.PostHandshakeAuthentication = true;
        options.Identity = Fixture.ClientIdentity;
        return options;
    }

    private static TlsServerOptions ServerOptions()
    {
        var options = Fixture.ServerOptions();
        options.PostHandshakeAuthentication = true;
        options.ClientCertificateVerifier = Fixture.Verifier;
        return options;
    }

    private sealed record Pair(TlsStream Client, TlsStream Server) : IAsyncDisposable
    {
        private Task<byte[]>? _reading;

        public static async Task<Pair> ConnectAsync(TlsClientOptions client, TlsServerOptions server)
        {
            var (clientStream, serverStream) = await Fixture.ConnectAsync(client, server);
            return new Pair(clientStream, serverStream);
        }

        /// <summary>A client learns of requests when it reads.</summary>
        public void KeepClientReading() => _reading = ReadAsync(Client, 4);

        /// <summary>Data still flow both ways.</summary>
        public async Task TalkAsync()
        {
            await Client.WriteAsync("ping"u8.ToArray(), Cancellation);
            Assert.Equal("ping"u8.ToArray(), await ReadAsync(Server, 4));
            await Server.WriteAsync("pong"u8.ToArray(), Cancellation);
            Assert.Equal("pong"u8.ToArray(), await _reading!.WaitAsync(Fixture.Patience, Cancellation));
        }

        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            await Server.DisposeAsync();
            if (_reading != null)
                await Xunit.Record.ExceptionAsync(() => _reading.WaitAsync(Fixture.Patience));
        }
    }
}

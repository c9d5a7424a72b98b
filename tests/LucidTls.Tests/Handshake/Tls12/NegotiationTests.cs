using System.Net.Security;
using LucidTls.Cryptography;
using LucidTls.Tests.Connections;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Handshake.Tls12;

/// <summary>Our own two ends in TLS 1.2, over every suite, group and kind of key.</summary>
public sealed class NegotiationTests
{
    private static readonly TestPki Pki = new();
    private static readonly Dictionary<KeyKind, TlsIdentity> Identities = Enum.GetValues<KeyKind>().ToDictionary(kind => kind, kind => Pki.Server(kind).Identity());
    private static readonly LucidTls.Certificates.CertificateVerifier Verifier = LucidTls.Certificates.CertificateVerifier.FromRoots([Pki.Root]);

    public static TheoryData<CipherSuite, NamedGroup, KeyKind> Matrix
    {
        get
        {
            var data = new TheoryData<CipherSuite, NamedGroup, KeyKind>();
            foreach (var suite in Defaults.CipherSuites.Where(suite => suite.Version == TlsVersion.Tls12))
            {
                foreach (var group in Defaults.Groups.Where(group => group.IsForTls12))
                {
                    foreach (var kind in Identities.Keys.Where(kind => IsFor(suite, kind)))
                        data.Add(suite, group, kind);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Each_suite_works_with_each_group_and_each_kind_of_key(CipherSuite suite, NamedGroup group, KeyKind kind)
    {
        var clientOptions = ClientOptions();
        clientOptions.CipherSuites = [suite];
        var serverOptions = ServerOptions(kind);
        // The client's groups would count for the certificate as well.
        serverOptions.Groups = [group];
        var (client, server) = await Fixture.ConnectAsync(clientOptions, serverOptions);
        await using var first = client;
        await using var second = server;
        foreach (var session in (TlsSessionInfo[])[client.Session, server.Session])
        {
            Assert.Equal((TlsVersion.Tls12, suite, group), (session.Version, session.CipherSuite, session.Group));
            Assert.True(session.ExtendedMasterSecret);
        }
        Assert.Equal(client.Session.ServerSignatureScheme, server.Session.ServerSignatureScheme);
        await ExchangeAsync(client, server);
        await ExchangeAsync(server, client);
        Assert.Equal(client.GetChannelBinding(), server.GetChannelBinding());
        Assert.Equal(client.ExportKeyingMaterial("EXPORTER-test", 40), server.ExportKeyingMaterial("EXPORTER-test", 40));
        // RFC 5705 §4: an empty context is not the absence of one.
        Assert.NotEqual(client.ExportKeyingMaterial("EXPORTER-test", 40), client.ExportKeyingMaterial("EXPORTER-test", default, 40));
    }

    [Fact]
    public async Task The_newest_version_that_both_ends_speak_is_picked()
    {
        Assert.Equal(TlsVersion.Tls13, (await ConnectAsync(Fixture.ClientOptions(), Fixture.ServerOptions())).Version);
        var old = Fixture.ServerOptions();
        old.MaximumVersion = TlsVersion.Tls12;
        Assert.Equal(TlsVersion.Tls12, (await ConnectAsync(Fixture.ClientOptions(), old)).Version);
        var oldClient = Fixture.ClientOptions();
        oldClient.MaximumVersion = TlsVersion.Tls12;
        Assert.Equal(TlsVersion.Tls12, (await ConnectAsync(oldClient, Fixture.ServerOptions())).Version);
    }

    [Fact]
    public async Task The_application_protocol_is_agreed_on()
    {
        var client = Fixture.ClientOptions();
        client.MaximumVersion = TlsVersion.Tls12;
        client.ApplicationProtocols = [SslApplicationProtocol.Http11, SslApplicationProtocol.Http2];
        var server = Fixture.ServerOptions();
        server.ApplicationProtocols = [SslApplicationProtocol.Http2];
        Assert.Equal(SslApplicationProtocol.Http2, (await ConnectAsync(client, server)).ApplicationProtocol);
    }

    [Fact]
    public async Task An_identity_is_taken_whose_key_goes_with_a_suite_of_the_client()
    {
        var client = ClientOptions();
        client.CipherSuites = [CipherSuite.EcdheRsaChaCha20Poly1305Sha256];
        var server = ServerOptions(KeyKind.EcdsaP256);
        server.Identities = [Identities[KeyKind.EcdsaP256], Identities[KeyKind.Rsa2048]];
        Assert.Equal(Identities[KeyKind.Rsa2048].Chain[0].ToArray(), (await ConnectAsync(client, server)).PeerCertificates[0].ToArray());
    }

    [Theory]
    [InlineData(KeyKind.EcdsaP256, 0x0503)]
    [InlineData(KeyKind.EcdsaP256, 0x0603)]
    [InlineData(KeyKind.EcdsaP521, 0x0403)]
    [InlineData(KeyKind.Rsa2048, 0x0401)]
    [InlineData(KeyKind.Rsa2048, 0x0501)]
    [InlineData(KeyKind.Rsa2048, 0x0601)]
    [InlineData(KeyKind.RsaPss2048, 0x080A)]
    public async Task Schemes_that_TLS_1_3_has_not_for_a_key_are_used(KeyKind kind, ushort scheme)
    {
        var client = ClientOptions();
        client.SignatureSchemes = [new SignatureScheme(scheme)];
        Assert.Equal(new SignatureScheme(scheme), (await ConnectAsync(client, ServerOptions(kind))).ServerSignatureScheme);
    }

    [Fact]
    public async Task A_key_log_has_the_master_secret_on_both_sides()
    {
        var lines = new List<string>();
        var client = ClientOptions();
        client.KeyLog = lines.Add;
        await ConnectAsync(client, ServerOptions(KeyKind.EcdsaP256));
        Assert.Matches("^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$", Assert.Single(lines));
    }

    [Fact]
    public async Task There_is_no_key_update()
    {
        var (client, server) = await Fixture.ConnectAsync(ClientOptions(), ServerOptions(KeyKind.EcdsaP256));
        await using var first = client;
        await using var second = server;
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await client.UpdateKeysAsync(cancellationToken: TestContext.Current.CancellationToken));
        await ExchangeAsync(client, server);
    }

    private static bool IsFor(CipherSuite suite, KeyKind kind) =>
        CryptoProvider.Default.TryGetSuite(suite, out var algorithm) && algorithm.Authentication == (kind is KeyKind.Rsa2048 or KeyKind.RsaPss2048 ? SuiteAuthentication.Rsa : SuiteAuthentication.Ecdsa);

    private static TlsClientOptions ClientOptions() => new() { TargetHost = "localhost", CertificateVerifier = Verifier, SessionCache = null, MaximumVersion = TlsVersion.Tls12 };

    private static TlsServerOptions ServerOptions(KeyKind kind) => new() { Identities = [Identities[kind]], TicketStore = null };

    private static async Task<TlsSessionInfo> ConnectAsync(TlsClientOptions clientOptions, TlsServerOptions serverOptions)
    {
        var (client, server) = await Fixture.ConnectAsync(clientOptions, serverOptions);
        await using var first = client;
        await using var second = server;
        await ExchangeAsync(client, server);
        return client.Session;
    }

    // More than one record, with an odd rest.
    private static async Task ExchangeAsync(TlsStream from, TlsStream to)
    {
        var data = new byte[40_001];
        Random.Shared.NextBytes(data);
        var received = new byte[data.Length];
        await from.WriteAsync(data, TestContext.Current.CancellationToken);
        await to.ReadExactlyAsync(received, TestContext.Current.CancellationToken);
        Assert.Equal(data, received);
    }
}

using LucidTls.Certificates;
using LucidTls.Protocol;
using LucidTls.Tests.Connections;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Handshake;

/// <summary>Every suite, group and kind of key works between our own two ends, and both say the same of it.</summary>
public sealed class NegotiationTests
{
    public static TheoryData<CipherSuite> Suites => [.. Defaults.CipherSuites];

    public static TheoryData<NamedGroup> Groups => [.. Defaults.Groups];

    public static TheoryData<KeyKind> Kinds => [.. Enum.GetValues<KeyKind>()];

    [Theory]
    [MemberData(nameof(Suites))]
    public void Each_suite_works(CipherSuite suite)
    {
        var client = Fixture.ClientOptions();
        client.CipherSuites = [suite];
        var server = Fixture.ServerOptions();
        server.Identities = [.. server.Identities, Fixture.RsaServer];
        Assert.Equal(suite, Connect(client, server).CipherSuite);
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void Each_group_works_at_once_and_after_a_retry(NamedGroup group)
    {
        var client = Fixture.ClientOptions();
        client.KeyShareGroups = [group];
        var server = Fixture.ServerOptions();
        server.Groups = [group];
        var session = Connect(client, server);
        Assert.Equal((group, false), (session.Group, session.HelloRetried));

        client = Fixture.ClientOptions();
        client.KeyShareGroups = [group == NamedGroup.X25519 ? NamedGroup.Secp256r1 : NamedGroup.X25519];
        session = Connect(client, server.Clone());
        Assert.Equal((group, true), (session.Group, session.HelloRetried));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Each_kind_of_key_proves_either_end(KeyKind kind)
    {
        using var pki = new TestPki();
        var client = Fixture.ClientOptions();
        client.CertificateVerifier = CertificateVerifier.FromRoots([pki.Root]);
        client.Identity = pki.Client(kind).Identity();
        var server = Fixture.ServerOptions();
        server.Identities = [pki.Server(kind).Identity()];
        server.ClientCertificateMode = ClientCertificateMode.Required;
        server.ClientCertificateVerifier = CertificateVerifier.FromRoots([pki.Root]);
        var session = Connect(client, server);
        Assert.Contains(session.ServerSignatureScheme!.Value, server.Identities[0].SignatureSchemes);
        Assert.Equal(session.ServerSignatureScheme, session.ClientSignatureScheme);
    }

    [Fact]
    public void The_server_picks_the_identity_that_the_client_can_verify()
    {
        using var pki = new TestPki();
        var server = Fixture.ServerOptions();
        server.Identities = [pki.Server(KeyKind.EcdsaP256).Identity(), pki.Server(KeyKind.Rsa2048).Identity()];
        var client = Fixture.ClientOptions();
        client.CertificateVerifier = CertificateVerifier.FromRoots([pki.Root]);
        Assert.Equal(SignatureScheme.EcdsaSecp256r1Sha256, Connect(client, server).ServerSignatureScheme);
        client = client.Clone();
        client.SignatureSchemes = [SignatureScheme.RsaPssRsaeSha384, SignatureScheme.EcdsaSecp384r1Sha384];
        Assert.Equal(SignatureScheme.RsaPssRsaeSha384, Connect(client, server.Clone()).ServerSignatureScheme);
    }

    [Fact]
    public void The_server_picks_the_identity_for_the_name_asked_for()
    {
        using var pki = new TestPki();
        var server = Fixture.ServerOptions();
        server.Identities = [pki.Leaf(KeyKind.EcdsaP256, "a.example").Identity(), pki.Leaf(KeyKind.EcdsaP256, "b.example").Identity()];
        foreach (var name in new[] { "a.example", "b.example" })
        {
            var client = Fixture.ClientOptions();
            client.TargetHost = name;
            client.CertificateVerifier = CertificateVerifier.FromRoots([pki.Root]);
            Assert.Equal(name, Connect(client, server.Clone()).ServerName);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Each_end_sends_one_change_cipher_spec_with_and_without_a_retry(bool isRetried)
    {
        var server = Fixture.ServerOptions();
        server.Groups = [isRetried ? NamedGroup.Secp256r1 : NamedGroup.X25519];
        var records = new List<(bool FromClient, ContentType Type)>();
        Connect(Fixture.ClientOptions(), server, records: records);
        Assert.Single(records, record => record == (true, ContentType.ChangeCipherSpec));
        Assert.Single(records, record => record == (false, ContentType.ChangeCipherSpec));
    }

    [Fact]
    public void The_client_makes_one_X25519_key_for_both_of_its_default_shares()
    {
        var client = new TlsClientOptions { TargetHost = "localhost", SessionCache = null };
        using var connection = TlsConnection.CreateClient(client);
        var record = new byte[connection.PendingOutput];
        connection.TakeOutput(record);
        var shares = ClientHello.Parse(record.AsMemory(9)).KeyShares!;
        Assert.Equal(shares.Single(share => share.Group == NamedGroup.X25519).KeyExchange.ToArray(), shares.Single(share => share.Group == NamedGroup.X25519MLKEM768).KeyExchange[^32..].ToArray());
    }

    [Fact]
    public void Two_hellos_have_nothing_random_in_common()
    {
        var (first, second) = (Hello(), Hello());
        Assert.NotEqual(first.Random.ToArray(), second.Random.ToArray());
        Assert.NotEqual(first.SessionId.ToArray(), second.SessionId.ToArray());
        Assert.NotEqual(first.KeyShares![^1].KeyExchange.ToArray(), second.KeyShares![^1].KeyExchange.ToArray());

        static ClientHello Hello()
        {
            using var connection = TlsConnection.CreateClient(Fixture.ClientOptions());
            var record = new byte[connection.PendingOutput];
            connection.TakeOutput(record);
            return ClientHello.Parse(record.AsMemory(9));
        }
    }

    private static TlsSessionInfo Connect(TlsClientOptions clientOptions, TlsServerOptions serverOptions, List<(bool FromClient, ContentType Type)>? records = null)
    {
        using var client = TlsConnection.CreateClient(clientOptions);
        using var server = TlsConnection.CreateServer(serverOptions);
        for (var i = 0; i < 3; i++)
        {
            Carry(client, server, fromClient: true);
            Carry(server, client, fromClient: false);
        }
        Assert.Equal((client.Session.CipherSuite, client.Session.Group, client.Session.ServerSignatureScheme, client.Session.HelloRetried), (server.Session.CipherSuite, server.Session.Group, server.Session.ServerSignatureScheme, server.Session.HelloRetried));
        Assert.Equal(client.ExportKeyingMaterial("EXPORTER-test", default, 32), server.ExportKeyingMaterial("EXPORTER-test", default, 32));
        client.Write("ping"u8);
        Carry(client, server, fromClient: true);
        var buffer = new byte[10];
        Assert.Equal("ping"u8, buffer.AsSpan(0, server.Read(buffer)));
        return client.Session;

        void Carry(TlsConnection from, TlsConnection to, bool fromClient)
        {
            var bytes = new byte[from.PendingOutput];
            from.TakeOutput(bytes);
            for (var at = 0; at < bytes.Length; at += 5 + (bytes[at + 3] << 8 | bytes[at + 4]))
                records?.Add((fromClient, (ContentType)bytes[at]));
            to.Receive(bytes);
        }
    }
}

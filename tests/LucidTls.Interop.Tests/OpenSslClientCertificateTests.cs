using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

public sealed class OpenSslClientCertificateTests(PkiFixture pki)
{
    private const string Tls12 = "-tls1_2";
    private const string Tls13 = "-tls1_3";

    public static MatrixTheoryData<KeyKind, string> KeyKinds => new(Enum.GetValues<KeyKind>(), [Tls12, Tls13]);

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Client_certificates_of_each_kind_are_asked_for_and_verified_by_our_server(KeyKind kind, string version)
    {
        await using var server = new EchoServer(pki.MutualOptions());
        using var client = StartClient(server.Port, pki.Pki.Client(kind), $"client{version}-{kind}", version);
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        var session = await server.SessionAsync();
        Assert.Equal(2, session.PeerCertificates.Count);
        Assert.True(session.PeerVerdict!.IsAccepted);
    }

    [Theory]
    [InlineData(Tls12)]
    [InlineData(Tls13)]
    public async Task A_client_is_told_the_names_of_the_roots_that_it_is_judged_by(string version)
    {
        await using var server = new EchoServer(pki.MutualOptions(ClientCertificateMode.Optional));
        using var client = OpenSsl.StartClient(pki, server.Port, version, "-nameopt", "RFC2253");
        await client.WaitForAsync("Acceptable client certificate CA names\nCN=LucidTls Test Root\n");
    }

    [Theory]
    [InlineData(Tls12)]
    [InlineData(Tls13)]
    public async Task A_client_is_told_no_names_where_the_list_is_set_to_an_empty_one(string version)
    {
        var options = pki.MutualOptions(ClientCertificateMode.Optional);
        options.CertificateAuthorities = [];
        await using var server = new EchoServer(options);
        using var client = OpenSsl.StartClient(pki, server.Port, version);
        await client.WaitForAsync("No client certificate CA names sent");
    }

    [Fact]
    public async Task A_client_without_the_certificate_required_is_told_so()
    {
        await using var server = new EchoServer(pki.MutualOptions());
        using var client = OpenSsl.StartClient(pki, server.Port);
        await client.WaitForAsync("alert number 116");
        Assert.Equal(TlsError.NoClientCertificate, (await server.FailureAsync()).Error);
    }

    [Fact]
    public async Task A_client_without_a_certificate_is_let_in_where_it_is_optional()
    {
        await using var server = new EchoServer(pki.MutualOptions(ClientCertificateMode.Optional));
        using var client = OpenSsl.StartClient(pki, server.Port);
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        Assert.Empty((await server.SessionAsync()).PeerCertificates);
    }

    [Theory]
    [InlineData(ClientCertificateMode.Required)]
    [InlineData(ClientCertificateMode.Optional)]
    public async Task A_client_with_an_expired_certificate_is_told_so(ClientCertificateMode mode)
    {
        await using var server = new EchoServer(pki.MutualOptions(mode));
        using var client = StartClient(server.Port, pki.Expired(), $"expired-client-{mode}");
        await client.WaitForAsync("alert number 45");
        Assert.Equal(TlsError.CertificateExpired, (await server.FailureAsync()).Error);
    }

    [Fact]
    public async Task A_client_with_a_strangers_certificate_is_told_so()
    {
        await using var server = new EchoServer(pki.MutualOptions());
        using var client = StartClient(server.Port, PkiFixture.Stranger(), "stranger-client");
        await client.WaitForAsync("alert number 48");
        Assert.Equal(TlsError.CertificateUnknownIssuer, (await server.FailureAsync()).Error);
    }

    [Fact]
    public async Task A_client_with_a_servers_certificate_is_told_so()
    {
        var forServers = pki.Pki.Leaf(new CertificateSpec { Names = ["client.example"], ExtendedKeyUsages = [CertificateSpec.ServerAuthentication] });
        await using var server = new EchoServer(pki.MutualOptions());
        using var client = StartClient(server.Port, forServers, "server-as-client");
        await client.WaitForAsync("alert number 43");
        Assert.Equal(TlsError.CertificateUnsuitable, (await server.FailureAsync()).Error);
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task A_client_with_a_strangers_certificate_of_each_kind_is_told_so(KeyKind kind, string version)
    {
        await using var server = new EchoServer(pki.MutualOptions());
        using var client = StartClient(server.Port, PkiFixture.StrangeClient(kind), $"stranger{version}-{kind}", version);
        await client.WaitForAsync("alert number 48");
        Assert.Equal(TlsError.CertificateUnknownIssuer, (await server.FailureAsync()).Error);
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Its_server_refuses_a_strangers_certificate_of_each_kind_and_we_say_so(KeyKind kind, string version)
    {
        using var server = await StartVerifyingServerAsync(version);
        if (version == Tls13)
        {
            await AssertAlertAsync(server.Port, PkiFixture.StrangeClient(kind).Identity(), TlsAlert.UnknownCA);
            return;
        }
        var options = pki.ClientOptions();
        options.Identity = PkiFixture.StrangeClient(kind).Identity();
        var failure = await Client.FailureAsync(server.Port, options);
        Assert.Equal((TlsError.PeerAlert, TlsAlert.UnknownCA, TlsFailureSource.Peer), (failure.Error, failure.Alert, failure.Source));
    }

    [Theory]
    [MemberData(nameof(KeyKinds))]
    public async Task Its_server_verifies_our_client_certificate_of_each_kind(KeyKind kind, string version)
    {
        using var server = await StartVerifyingServerAsync(version);
        var options = pki.ClientOptions();
        options.Identity = pki.Pki.Client(kind).Identity();
        await using var tls = await Client.ConnectAsync(server.Port, options);
        await OpenSsl.ReverseAsync(tls);
        Assert.True(tls.IsMutuallyAuthenticated);
    }

    [Fact]
    public async Task Its_server_says_what_it_has_against_our_certificate()
    {
        using var server = await StartVerifyingServerAsync();
        await AssertAlertAsync(server.Port, null, TlsAlert.CertificateRequired);
        await AssertAlertAsync(server.Port, pki.Expired().Identity(), TlsAlert.CertificateExpired);
        await AssertAlertAsync(server.Port, PkiFixture.Stranger().Identity(), TlsAlert.UnknownCA);
    }

    private Task<OpenSsl.Server> StartVerifyingServerAsync(string version = Tls13) =>
        OpenSsl.StartServerAsync(pki, KeyKind.EcdsaP256, version, "-Verify", "3", "-CAfile", pki.RootFile, "-verify_return_error");

    private PeerProcess StartClient(int port, TestCertificate certificate, string name, string version = Tls13)
    {
        var (chain, key) = certificate.WriteTo(pki.Folder, name);
        return OpenSsl.StartClient(pki, port, version, "-cert", chain, "-cert_chain", pki.IntermediateFile, "-key", key);
    }

    // RFC 8446 §4.4.4: the server judges after our handshake is done, so it is the first read that learns of it.
    private async Task AssertAlertAsync(int port, TlsIdentity? identity, TlsAlert alert)
    {
        var options = pki.ClientOptions();
        options.Identity = identity;
        await using var tls = await Client.ConnectAsync(port, options);
        var failure = await Assert.ThrowsAsync<IOException>(async () => await tls.ReadExactlyAsync(new byte[1], TestContext.Current.CancellationToken));
        var cause = Assert.IsType<TlsException>(failure.InnerException);
        Assert.Equal((TlsError.PeerAlert, alert, TlsFailureSource.Peer), (cause.Error, cause.Alert, cause.Source));
    }
}

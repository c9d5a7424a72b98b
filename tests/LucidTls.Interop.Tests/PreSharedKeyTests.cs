using System.Security.Cryptography;
using System.Text;
using LucidTls.Interop.Tests.Peers;

namespace LucidTls.Interop.Tests;

/// <summary>Keys that both ends were given beforehand, with OpenSSL and GnuTLS, either way.</summary>
public sealed class PreSharedKeyTests(PkiFixture pki)
{
    private const string Name = "sensor-7";
    private const string OnlyPskInGnuTls = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-KX-ALL:+ECDHE-PSK:+DHE-PSK";
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    private static TlsPreSharedKey Shared { get; } = TlsPreSharedKey.External(Encoding.ASCII.GetBytes(Name), Key);

    [Fact]
    public async Task OpenSSLs_client_and_our_server_prove_themselves_with_a_key()
    {
        await using var server = new EchoServer(ServerOptions());
        using var client = PeerProcess.Start(OpenSsl.Find(), ["s_client", "-connect", $"127.0.0.1:{server.Port}", "-psk_identity", Name, "-psk", Convert.ToHexString(Key)]);
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        DemandProof(await server.SessionAsync());
    }

    [Fact]
    public async Task Our_client_and_OpenSSLs_server_prove_themselves_with_a_key()
    {
        var port = PeerProcess.FreePort();
        using var server = PeerProcess.Start(OpenSsl.Find(), ["s_server", "-accept", $"127.0.0.1:{port}", "-nocert", "-rev", "-psk_identity", Name, "-psk", Convert.ToHexString(Key)]);
        await server.WaitForPortAsync(port);
        await using var tls = await Client.ConnectAsync(port, ClientOptions(Shared));
        DemandProof(tls.Session);
        Assert.True(tls.IsMutuallyAuthenticated);
        await OpenSsl.ReverseAsync(tls);
    }

    [Fact]
    public async Task A_key_survives_OpenSSLs_HelloRetryRequest()
    {
        var port = PeerProcess.FreePort();
        using var server = PeerProcess.Start(OpenSsl.Find(), ["s_server", "-accept", $"127.0.0.1:{port}", "-nocert", "-rev", "-groups", "P-521", "-psk_identity", Name, "-psk", Convert.ToHexString(Key)]);
        await server.WaitForPortAsync(port);
        await using var tls = await Client.ConnectAsync(port, ClientOptions(Shared));
        Assert.True(tls.Session.HelloRetried);
        DemandProof(tls.Session);
        await OpenSsl.ReverseAsync(tls);
    }

    [Fact]
    public async Task OpenSSLs_client_with_a_wrong_key_gets_decrypt_error()
    {
        await using var server = new EchoServer(ServerOptions());
        using var client = PeerProcess.Start(OpenSsl.Find(), ["s_client", "-connect", $"127.0.0.1:{server.Port}", "-psk_identity", Name, "-psk", new string('0', 64)]);
        await client.WaitForAsync("alert number 51");
        Assert.Equal(TlsError.BadBinder, (await server.FailureAsync()).Error);
    }

    [Fact]
    public async Task OpenSSLs_client_with_an_unknown_key_gets_unknown_psk_identity_or_a_certificate()
    {
        await using (var server = new EchoServer(ServerOptions()))
        {
            using var client = PeerProcess.Start(OpenSsl.Find(), ["s_client", "-connect", $"127.0.0.1:{server.Port}", "-psk_identity", "stranger", "-psk", Convert.ToHexString(Key)]);
            await client.WaitForAsync("alert number 115");
        }
        var options = ServerOptions();
        options.Identities = pki.ServerOptions().Identities;
        await using var withCertificate = new EchoServer(options);
        using var fallingBack = OpenSsl.StartClient(pki, withCertificate.Port, "-psk_identity", "stranger", "-psk", Convert.ToHexString(Key));
        await fallingBack.WaitForAsync("Verify return code: 0 (ok)");
        Assert.Null((await withCertificate.SessionAsync()).PreSharedKeyIdentity);
    }

    [Fact]
    public async Task Our_client_with_a_wrong_key_is_told_so_by_OpenSSLs_server()
    {
        var port = PeerProcess.FreePort();
        using var server = PeerProcess.Start(OpenSsl.Find(), ["s_server", "-accept", $"127.0.0.1:{port}", "-nocert", "-psk_identity", Name, "-psk", Convert.ToHexString(Key)]);
        await server.WaitForPortAsync(port);
        var failure = await Client.FailureAsync(port, ClientOptions(TlsPreSharedKey.External(Encoding.ASCII.GetBytes(Name), new byte[32])));
        Assert.Equal(TlsFailureSource.Peer, failure.Source);
    }

    [Fact]
    public async Task GnuTLSs_client_and_our_server_prove_themselves_with_a_key()
    {
        await using var server = new EchoServer(ServerOptions());
        using var client = PeerProcess.Start(Peer.Find("gnutls-cli", "gnutls-bin"), ["--port", $"{server.Port}", "--pskusername", Name, "--pskkey", Convert.ToHexStringLower(Key), "--priority", OnlyPskInGnuTls, "localhost"]);
        client.Write("hello\n");
        await client.WaitForAsync("hello");
        DemandProof(await server.SessionAsync());
    }

    [Fact]
    public async Task Our_client_and_GnuTLSs_server_prove_themselves_with_a_key()
    {
        var passwords = Path.Combine(pki.Folder, $"{Guid.NewGuid():N}.psk");
        await File.WriteAllTextAsync(passwords, $"{Name}:{Convert.ToHexStringLower(Key)}\n", TestContext.Current.CancellationToken);
        var port = PeerProcess.FreePort();
        using var server = PeerProcess.Start(Peer.Find("gnutls-serv", "gnutls-bin"), ["--echo", "--port", $"{port}", "--pskpasswd", passwords, "--priority", OnlyPskInGnuTls]);
        await server.WaitForPortAsync(port);
        await using var tls = await Client.ConnectAsync(port, ClientOptions(Shared));
        DemandProof(tls.Session);
        await Client.EchoAsync(tls);
    }

    private static void DemandProof(TlsSessionInfo session)
    {
        Assert.Equal(TlsPeerProof.PreSharedKey, session.PeerProof);
        Assert.Equal(Encoding.ASCII.GetBytes(Name), session.PreSharedKeyIdentity!.Value.ToArray());
        Assert.Empty(session.PeerCertificates);
    }

    private static TlsClientOptions ClientOptions(TlsPreSharedKey key) => new() { PreSharedKeys = [key] };

    private static TlsServerOptions ServerOptions() => new()
    {
        PreSharedKeyResolver = (request, _) => ValueTask.FromResult(request.Identity.Span.SequenceEqual(Shared.Identity.Span) ? Shared : null),
    };
}

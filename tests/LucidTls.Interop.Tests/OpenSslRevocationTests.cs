using System.Net;
using System.Net.Sockets;
using System.Text;
using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.Interop.Tests.Peers;

namespace LucidTls.Interop.Tests;

/// <summary>OCSP and revocation lists with OpenSSL's responder, authority, client and server.</summary>
public sealed class OpenSslRevocationTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Its_responder_is_asked_and_believed(bool isRevoked, bool thoroughly)
    {
        var port = PeerProcess.FreePort();
        using var files = new RevocationFiles(port);
        using var responder = await files.StartResponderAsync(port, isRevoked);
        var verdict = await VerifyAsync(files, new RevocationOptions
        {
            Ocsp = RevocationMode.HardFail,
            Fetcher = new RevocationFetcher { AllowPrivateAddresses = true, SendNonce = thoroughly, UseSha256Ids = thoroughly },
        });
        Assert.True(verdict.Failure == (isRevoked ? CertificateFailure.Revoked : CertificateFailure.None), verdict.Explanation);
        var status = Assert.Single(verdict.Paths[0].Statuses);
        Assert.Equal(isRevoked ? RevocationReason.KeyCompromise : null, status.Reason);
        Assert.Equal(CertificateStatusSource.Ocsp, status.Source);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Its_revocation_lists_are_fetched_and_believed(bool isRevoked)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var files = new RevocationFiles(listAddress: $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/ca.crl");
        var list = await files.MakeListAsync(isRevoked);
        var serving = ServeOnceAsync(listener, list);
        var verdict = await VerifyAsync(files, new RevocationOptions { Lists = RevocationMode.HardFail, Fetcher = new RevocationFetcher { AllowPrivateAddresses = true } });
        await serving;
        Assert.Equal(isRevoked ? CertificateFailure.Revoked : CertificateFailure.None, verdict.Failure);
        Assert.Equal(CertificateStatusSource.FetchedList, Assert.Single(verdict.Paths[0].Statuses).Source);
    }

    [Theory]
    [InlineData(false, "-tls1_3")]
    [InlineData(true, "-tls1_3")]
    [InlineData(false, "-tls1_2")]
    [InlineData(true, "-tls1_2")]
    public async Task Our_client_takes_the_staple_of_its_server(bool isRevoked, string version)
    {
        using var files = new RevocationFiles(mustStaple: true);
        using var server = await StartServerAsync(files, version, "-status_file", await files.MakeResponseAsync(isRevoked));
        if (isRevoked)
        {
            Assert.Equal(TlsError.CertificateRevoked, (await Client.FailureAsync(server.Port, ClientOptions(files))).Error);
            return;
        }
        await using var tls = await Client.ConnectAsync(server.Port, ClientOptions(files));
        var status = Assert.Single(tls.Session.PeerVerdict!.Paths[0].Statuses);
        Assert.Equal((CertificateStatusKind.Good, CertificateStatusSource.Staple), (status.Kind, status.Source));
    }

    [Theory]
    [InlineData("-tls1_3")]
    [InlineData("-tls1_2")]
    public async Task Our_client_refuses_its_server_when_a_promised_staple_does_not_come(string version)
    {
        using var files = new RevocationFiles(mustStaple: true);
        using var server = await StartServerAsync(files, version);
        Assert.Equal(TlsError.CertificateStatusUnknown, (await Client.FailureAsync(server.Port, ClientOptions(files))).Error);
        await server.Process.WaitForAsync("alert number 113");
    }

    [Fact]
    public async Task Its_client_sees_the_staple_that_our_server_got_from_its_responder()
    {
        var port = PeerProcess.FreePort();
        using var files = new RevocationFiles(port);
        using var responder = await files.StartResponderAsync(port, isRevoked: false);
        var identity = TlsIdentity.FromPemFile(files.LeafFile, files.LeafKeyFile);
        await using var stapler = new OcspStapler(identity, new RevocationFetcher { AllowPrivateAddresses = true }, [files.Authority]);
        await stapler.Ready;
        Assert.Null(stapler.Problem);
        await using var server = new EchoServer(new TlsServerOptions { Identities = [identity] });
        foreach (var version in (string[])["-tls1_3", "-tls1_2"])
        {
            using var client = PeerProcess.Start(OpenSsl.Find(), ["s_client", version, "-connect", $"127.0.0.1:{server.Port}", "-servername", "localhost", "-CAfile", files.AuthorityFile, "-status"]);
            await client.WaitForAsync("OCSP Response Status: successful (0x0)");
            await client.WaitForAsync("Cert Status: good");
            await client.WaitForAsync("Verify return code: 0 (ok)");
        }
    }

    private static async Task<CertificateVerdict> VerifyAsync(RevocationFiles files, RevocationOptions options) =>
        await Verifier(files, options).VerifyAsync([files.Leaf], "localhost", CertificatePurpose.Server, TestContext.Current.CancellationToken);

    private static CertificateVerifier Verifier(RevocationFiles files, RevocationOptions options) =>
        new(new CertificateVerifierOptions { TrustStore = TrustStore.FromCertificates([files.Authority]), Revocation = options });

    private static TlsClientOptions ClientOptions(RevocationFiles files) => new() { TargetHost = "localhost", SessionCache = null, CertificateVerifier = Verifier(files, new RevocationOptions()) };

    private static async Task<OpenSsl.Server> StartServerAsync(RevocationFiles files, params string[] arguments)
    {
        var port = PeerProcess.FreePort();
        var process = PeerProcess.Start(OpenSsl.Find(), ["s_server", "-accept", $"127.0.0.1:{port}", "-cert", files.LeafFile, "-key", files.LeafKeyFile, "-rev", .. arguments]);
        await process.WaitForPortAsync(port);
        return new OpenSsl.Server(process, port);
    }

    private static async Task ServeOnceAsync(TcpListener listener, byte[] body)
    {
        using var connection = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        var stream = connection.GetStream();
        using var reader = new StreamReader(stream, leaveOpen: true);
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { Length: > 0 })
        {
        }
        await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/pkix-crl\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"), .. body], TestContext.Current.CancellationToken);
    }
}

using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

public sealed class OpenSslRefusalTests(PkiFixture pki)
{
    [Fact]
    public async Task A_client_of_TLS_12_is_refused_with_protocol_version_by_who_speaks_TLS_13_alone()
    {
        await using var server = new EchoServer(PkiFixture.OnlyTls13(pki.ServerOptions()));
        using var client = OpenSsl.StartClient(pki, server.Port, "-tls1_2");
        await client.WaitForAsync("alert number 70");
        var failure = await server.FailureAsync();
        Assert.Equal(TlsError.UnsupportedVersion, failure.Error);
        Assert.Contains("TLS 1.2", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_of_TLS_12_is_refused_with_protocol_version_by_who_speaks_TLS_13_alone()
    {
        using var server = await OpenSsl.StartServerAsync(pki, KeyKind.EcdsaP256, "-tls1_2");
        var failure = await Client.FailureAsync(server.Port, PkiFixture.OnlyTls13(pki.ClientOptions()));
        // It has nothing in common with us and says so itself.
        Assert.True(failure is { Error: TlsError.PeerAlert, Alert: TlsAlert.ProtocolVersion or TlsAlert.HandshakeFailure } or { Error: TlsError.UnsupportedVersion }, failure.Message);
    }

    [Fact]
    public async Task An_expired_certificate_is_refused_with_its_alert()
    {
        var (failure, process) = await RefuseAsync(pki.Expired(), "expired");
        using (process)
        {
            Assert.Equal(TlsError.CertificateExpired, failure.Error);
            Assert.Contains("expired 3 days ago", failure.Message, StringComparison.Ordinal);
            await process.WaitForAsync("alert number 45");
        }
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused_with_its_alert()
    {
        var (failure, process) = await RefuseAsync(pki.OtherName(), "other");
        using (process)
        {
            Assert.Equal(TlsError.CertificateWrongName, failure.Error);
            Assert.Contains("a.example, *.b.example; asked for: localhost", failure.Message, StringComparison.Ordinal);
            await process.WaitForAsync("alert number 46");
        }
    }

    [Fact]
    public async Task A_certificate_by_an_unknown_issuer_is_refused_with_its_alert()
    {
        var (failure, process) = await RefuseAsync(PkiFixture.Stranger(), "stranger");
        using (process)
        {
            Assert.Equal(TlsError.CertificateUnknownIssuer, failure.Error);
            await process.WaitForAsync("alert number 48");
        }
    }

    [Fact]
    public async Task A_certificate_for_clients_alone_is_refused_with_its_alert()
    {
        var forClients = pki.Pki.Leaf(new CertificateSpec { Names = ["localhost"], ExtendedKeyUsages = [CertificateSpec.ClientAuthentication] });
        var (failure, process) = await RefuseAsync(forClients, "client-as-server");
        using (process)
        {
            Assert.Equal(TlsError.CertificateUnsuitable, failure.Error);
            await process.WaitForAsync("alert number 43");
        }
    }

    // What it knows and when it says so: https://localhost is what its client asks for.
    [Theory]
    [InlineData("expired", TlsAlert.CertificateExpired)]
    [InlineData("other", TlsAlert.BadCertificate)]
    [InlineData("stranger", TlsAlert.UnknownCA)]
    public async Task Its_client_refuses_our_bad_certificates_and_we_say_what_it_said(string kind, TlsAlert alert)
    {
        var certificate = kind switch
        {
            "expired" => pki.Expired(),
            "other" => pki.OtherName(),
            _ => PkiFixture.Stranger(),
        };
        await using var server = new EchoServer(new TlsServerOptions { Identities = [certificate.Identity()] });
        using var client = OpenSsl.StartClient(pki, server.Port, "-verify_return_error", "-verify_hostname", "localhost");
        var failure = await server.FailureAsync();
        Assert.Equal((TlsError.PeerAlert, alert, TlsFailureSource.Peer), (failure.Error, failure.Alert, failure.Source));
    }

    [Fact]
    public async Task Nothing_in_common_is_said_by_name()
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using (var client = OpenSsl.StartClient(pki, server.Port, "-groups", "X448"))
        {
            await client.WaitForAsync("alert number 40");
            Assert.Equal(TlsError.NoCommonGroup, (await server.FailureAsync()).Error);
        }
        using (var client = OpenSsl.StartClient(pki, server.Port, "-ciphersuites", "TLS_AES_128_CCM_SHA256"))
        {
            await client.WaitForAsync("alert number 40");
            Assert.Equal(TlsError.NoCommonSuite, (await server.FailureAsync()).Error);
        }
        using (var client = OpenSsl.StartClient(pki, server.Port, "-sigalgs", "rsa_pss_rsae_sha256"))
        {
            await client.WaitForAsync("alert number 40");
            Assert.Equal(TlsError.NoCommonSignatureScheme, (await server.FailureAsync()).Error);
        }
    }

    private async Task<(TlsException Failure, PeerProcess Process)> RefuseAsync(TestCertificate certificate, string name)
    {
        var server = await OpenSsl.StartServerAsync(certificate.WriteTo(pki.Folder, name));
        return (await Client.FailureAsync(server.Port, pki.ClientOptions()), server.Process);
    }
}

using System.Net;
using System.Net.Sockets;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;

namespace LucidTls.Interop.Tests;

public sealed class BouncyCastleTests(PkiFixture pki)
{
    [Theory]
    [InlineData(Org.BouncyCastle.Tls.NamedGroup.x25519)]
    [InlineData(Org.BouncyCastle.Tls.NamedGroup.secp256r1)]
    [InlineData(Org.BouncyCastle.Tls.NamedGroup.secp384r1)]
    [InlineData(Org.BouncyCastle.Tls.NamedGroup.X25519MLKEM768)]
    [InlineData(Org.BouncyCastle.Tls.NamedGroup.SecP256r1MLKEM768)]
    [InlineData(Org.BouncyCastle.Tls.NamedGroup.SecP384r1MLKEM1024)]
    public async Task It_is_a_client_of_ours_with_each_group(int group)
    {
        await using var server = new EchoServer(pki.ServerOptions());
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.Port, TestContext.Current.CancellationToken);
        var protocol = new TlsClientProtocol(tcp.GetStream());
        await Task.Run(() => protocol.Connect(new GroupClient(group)), TestContext.Current.CancellationToken);
        await Task.Run(() => protocol.Stream.Write("hello\n"u8), TestContext.Current.CancellationToken);
        var buffer = new byte[100];
        Assert.Equal(6, await Task.Run(() => protocol.Stream.Read(buffer, 0, buffer.Length), TestContext.Current.CancellationToken));
        Assert.Equal(group, (await server.SessionAsync()).Group.Value);
        protocol.Close();
    }

    [Theory]
    [InlineData(Org.BouncyCastle.Tls.NamedGroup.x25519)]
    [InlineData(Org.BouncyCastle.Tls.NamedGroup.secp521r1)]
    [InlineData(Org.BouncyCastle.Tls.NamedGroup.X25519MLKEM768)]
    public async Task It_is_a_server_of_ours_with_each_group(int group)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            using var tcp = await listener.AcceptTcpClientAsync();
            var protocol = new TlsServerProtocol(tcp.GetStream());
            protocol.Accept(new GroupServer(group, pki.Server()));
            var buffer = new byte[100];
            var count = protocol.Stream.Read(buffer, 0, buffer.Length);
            protocol.Stream.Write(buffer, 0, count);
            protocol.Close();
        }, TestContext.Current.CancellationToken);
        await using var tls = await Client.ConnectAsync(((IPEndPoint)listener.LocalEndpoint).Port, pki.ClientOptions());
        await tls.WriteAsync("hello\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await Client.ReadUntilAsync(tls, "hello");
        Assert.Equal(group, tls.Session.Group.Value);
        await serving;
    }

    private sealed class GroupClient(int group) : DefaultTlsClient(new BcTlsCrypto(new SecureRandom()))
    {
        protected override ProtocolVersion[] GetSupportedVersions() => ProtocolVersion.TLSv13.Only();
        protected override IList<int> GetSupportedGroups(IList<int> namedGroupRoles) => [group];
        public override IList<int> GetEarlyKeyShareGroups() => [group];
        public override TlsAuthentication GetAuthentication() => new AcceptAny();
    }

    private sealed class AcceptAny : TlsAuthentication
    {
        public void NotifyServerCertificate(TlsServerCertificate serverCertificate)
        {
        }

        public TlsCredentials? GetClientCredentials(Org.BouncyCastle.Tls.CertificateRequest certificateRequest) => null;
    }

    private sealed class GroupServer(int group, TestCertificate certificate) : DefaultTlsServer(new BcTlsCrypto(new SecureRandom()))
    {
        protected override ProtocolVersion[] GetSupportedVersions() => ProtocolVersion.TLSv13.Only();
        public override int[] GetSupportedGroups() => [group];

        public override TlsCredentials GetCredentials()
        {
            var crypto = (BcTlsCrypto)Crypto;
            var entries = certificate.Chain.Select(der => new CertificateEntry(new BcTlsCertificate(crypto, der), null)).ToArray();
            var key = (ECPrivateKeyParameters)PrivateKeyFactory.CreateKey(certificate.Key.Pkcs8);
            return new BcDefaultTlsCredentialedSigner(new TlsCryptoParameters(m_context), crypto, key, new Org.BouncyCastle.Tls.Certificate([], entries), SignatureAndHashAlgorithm.GetInstance(HashAlgorithm.sha256, SignatureAlgorithm.ecdsa));
        }
    }
}

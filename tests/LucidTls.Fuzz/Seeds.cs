using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LucidTls.Certificates;
using LucidTls.Certificates.Transparency;
using LucidTls.Cryptography;
using LucidTls.Protocol;
using LucidTls.Sessions;
using LucidTls.TestSupport;
using CertificateRequest = LucidTls.Protocol.CertificateRequest;

namespace LucidTls.Fuzz;

/// <summary>Real inputs to start from, taken from a handshake made at the start.</summary>
internal static class Seeds
{
    private static readonly TestPki Pki = new();
    private static readonly TestCertificate Server = Pki.Server();

    public static byte[] Root => Pki.Root;
    public static byte[] Intermediate => Pki.Intermediate;
    public static byte[] Leaf => Server.Chain[0];

    public static TlsServerOptions ServerOptions { get; } = new() { Identities = [Server.Identity()], HandshakeTimeout = Timeout.InfiniteTimeSpan };

    public static TlsClientOptions ClientOptions { get; } = new()
    {
        TargetHost = "localhost",
        CertificateVerifier = CertificateVerifier.FromRoots([Pki.Root]),
        SessionCache = null,
        // Small shares keep the inputs small.
        KeyShareGroups = [NamedGroup.X25519],
    };

    /// <summary>Ends that use everything: client certificates, tickets, protocols.</summary>
    public static TlsServerOptions AskingServerOptions { get; } = new()
    {
        Identities = [Server.Identity()],
        ClientCertificateMode = ClientCertificateMode.Optional,
        ClientCertificateVerifier = CertificateVerifier.FromRoots([Pki.Root]),
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        TicketCount = 1,
    };

    public static TlsClientOptions KnownClientOptions { get; } = new()
    {
        TargetHost = "localhost",
        CertificateVerifier = CertificateVerifier.FromRoots([Pki.Root]),
        Identity = Pki.Client().Identity(),
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        KeyShareGroups = [NamedGroup.X25519],
        // Sessions are made, and none is resumed: each handshake shows all messages.
        SessionCache = new TlsSessionCache(time: new Leaping()),
    };

    private static byte[] LogKey { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256).ExportSubjectPublicKeyInfo();

    private static string LogListJson { get; } = $$$"""
        {"version":"1.0","log_list_timestamp":"2026-01-01T00:00:00Z","operators":[{"name":"One","email":[],"logs":[{"description":"Alpha","log_id":"{{{Convert.ToBase64String(SHA256.HashData(LogKey))}}}",
        "key":"{{{Convert.ToBase64String(LogKey)}}}","url":"https://ct.example/","mmd":86400,"state":{"usable":{"timestamp":"2020-01-01T00:00:00Z"}},
        "temporal_interval":{"start_inclusive":"2020-01-01T00:00:00Z","end_exclusive":"2099-01-01T00:00:00Z"},"previous_operators":[{"name":"Two","end_time":"2021-01-01T00:00:00Z"}]}],"tiled_logs":[]}]}
        """;

    public static CtLogList LogList { get; } = CtLogList.FromJson(LogListJson);

    /// <summary>A copy of options that speak one version only.</summary>
    public static T Speaking<T>(TlsVersion version, T options) where T : TlsOptions
    {
        TlsOptions copy = options is TlsServerOptions server ? server.Clone() : ((TlsClientOptions)(TlsOptions)options).Clone();
        (copy.MinimumVersion, copy.MaximumVersion) = (version, version);
        return (T)copy;
    }

    /// <summary>The inputs to start from, by target.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<byte[]>> Make()
    {
        var (fromClient, fromServer) = Record(TlsVersion.Tls13);
        var (fromTls12Client, fromTls12Server) = Record(TlsVersion.Tls12);
        var tls12 = Peer.MessagesOfServer(TlsVersion.Tls12);
        var clientHello = fromClient[(5 + 4)..(5 + 4 + (fromClient[6] << 16 | fromClient[7] << 8 | fromClient[8]))];
        var serverHello = fromServer[(5 + 4)..(5 + 4 + (fromServer[6] << 16 | fromServer[7] << 8 | fromServer[8]))];
        return new Dictionary<string, IReadOnlyList<byte[]>>
        {
            ["client-hello"] = [clientHello],
            ["server-hello"] = [serverHello, tls12[0][1..]],
            ["encrypted-extensions"] = [Bytes(new EncryptedExtensions { Extensions = Block((ExtensionType.ServerName, []), (ExtensionType.ApplicationLayerProtocolNegotiation, [0, 3, 2, 0x68, 0x32])) })],
            ["certificate-request"] = [Bytes(new CertificateRequest { Extensions = Block((ExtensionType.SignatureAlgorithms, [0, 4, 4, 3, 8, 4])) })],
            ["certificate-message"] = [Bytes(new CertificateMessage { Entries = [.. Server.Chain.Select(der => new CertificateEntry(der, new ExtensionBlock()))] })],
            ["certificate-verify"] = [Bytes(new CertificateVerify { Scheme = SignatureScheme.Ed25519, Signature = new byte[64] })],
            ["new-session-ticket"] = [Bytes(new NewSessionTicket { LifetimeSeconds = 7200, AgeAdd = 1, Nonce = new byte[] { 0 }, Ticket = new byte[100], Extensions = new ExtensionBlock() })],
            ["key-update"] = [[0], [1]],
            ["finished"] = [new byte[32]],
            ["extensions"] = [.. Enumerable.Range(0, 8).Select(place => (byte[])[(byte)place, 0, 9, 0x12, 0x34, 0, 5, 1, 2, 3, 4, 5])],
            ["pre-shared-keys"] = [new OfferedPsks { Identities = [new PskIdentity(new byte[50], 1), new PskIdentity(new byte[9], 2)], Binders = [new byte[32], new byte[48]] }.Build()],
            ["imported-identity"] = [new ImportedIdentity { ExternalIdentity = new byte[9], Context = new byte[5], Hash = HashAlgorithmName.SHA256 }.Build()],
            ["ticket-state"] = [TicketState()],
            ["records"] = [fromClient],
            ["first-bytes"] = [[0, .. "GET / HTTP/1.1"u8], [1, .. "220 mail ESMTP"u8], [0, 0x80, 0x2E, 1, 0, 2], [0, 0x16, 3, 1, 0, 5]],
            ["start-tls"] = StartTlsDialogue.Seeds,
            ["proxy-header"] = ProxyHeaders.Seeds,
            ["certificate"] = [Leaf, Intermediate, Root],
            ["certificate-timestamps"] = [[0, .. TimestampList()], [1, .. TimestampList()]],
            ["identity"] = IdentityFiles(),
            ["log-list"] = [Encoding.UTF8.GetBytes(LogListJson)],
            ["revocation-list"] = ListTargets.Seeds,
            ["signed-revocation-list"] = ListTargets.SignedSeeds,
            ["ocsp-response"] = RevocationSeeds.Responses,
            ["client"] = [fromServer, fromTls12Server],
            ["server"] = [fromClient, fromTls12Client],
            ["tls12-certificate"] = [tls12[1][1..]],
            ["tls12-certificate-status"] = [Bytes(new CertificateStatusMessage { Status = Extensions.BuildCertificateStatus(RevocationSeeds.Responses[0]) })],
            ["tls12-server-key-exchange"] = [tls12[2][1..]],
            ["tls12-certificate-request"] = [tls12[3][1..]],
            ["tls12-client-key-exchange"] = [Peer.MessagesOfClient(TlsVersion.Tls12)[1][1..]],
            ["tls12-new-session-ticket"] = [tls12[5][1..]],
            ["early-data"] = [[0, 0, .. "GET /"u8], [1, 5, 0, .. "GET /"u8], [4, 20, 1, 2, 3, 4, .. "GET /"u8]],
            ["messages-to-client"] = Peer.MessagesOfServer(TlsVersion.Tls13),
            ["messages-to-server"] = Peer.MessagesOfClient(TlsVersion.Tls13),
            ["tls12-messages-to-client"] = tls12,
            ["tls12-messages-to-server"] = Peer.MessagesOfClient(TlsVersion.Tls12),
            ["tls12-records-to-client"] = RecordsAfterHandshake,
            ["tls12-records-to-server"] = RecordsAfterHandshake,
            ["records-to-client"] = RecordsAfterHandshake,
            ["records-to-server"] = RecordsAfterHandshake,
        };
    }

    // See Peer.Send for the form.
    private static IReadOnlyList<byte[]> RecordsAfterHandshake { get; } =
    [
        [23, 0, 5, .. "hello"u8, 21, 0, 2, 1, 0],
        [22, 0, 5, 24, 0, 0, 1, 1, 0, 0, 0, 23, 0, 2, 1, 2],
        [22, 0, 22, 4, 0, 0, 18, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 4, 9, 9, 9, 9, 0, 0, 23, 0, 1, 7],
        [22, 0, 2, 4, 0, 22, 0, 3, 0, 9, 0, 23, 0, 0, 21, 0, 2, 2, 40],
    ];

    // One iteration each: what a file asks for is done.
    private static byte[][] IdentityFiles()
    {
        using var certificate = X509Certificate2.CreateFromPem(Server.ChainPem, Server.KeyPem);
        using var key = certificate.GetECDsaPrivateKey()!;
        var modern = new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1);
        return
        [
            Encoding.ASCII.GetBytes(Server.ChainPem + Server.KeyPem),
            Encoding.ASCII.GetBytes(Server.ChainPem + key.ExportEncryptedPkcs8PrivateKeyPem("password", modern)),
            Encoding.ASCII.GetBytes(key.ExportECPrivateKeyPem() + Server.ChainPem),
            key.ExportPkcs8PrivateKey(),
            key.ExportECPrivateKey(),
            Leaf,
            new X509Certificate2Collection(certificate).Export(X509ContentType.Pkcs7)!,
            certificate.ExportPkcs12(modern, "password"),
            certificate.ExportPkcs12(new PbeParameters(PbeEncryptionAlgorithm.TripleDes3KeyPkcs12, HashAlgorithmName.SHA1, 1), "password"),
        ];
    }

    // Two timestamps of the known log with signatures of the right form.
    private static byte[] TimestampList()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var signature = key.SignData(Leaf, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        byte[] timestamp = [0, .. SHA256.HashData(LogKey), 0, 0, 1, 0x90, 0, 0, 0, 0, 0, 0, 4, 3, 0, (byte)signature.Length, .. signature];
        return [0, (byte)(2 * (timestamp.Length + 2)), 0, (byte)timestamp.Length, .. timestamp, 0, (byte)timestamp.Length, .. timestamp];
    }

    private static byte[] TicketState()
    {
        using var key = new Secret(new byte[32]);
        return new ServerSession
        {
            Version = TlsVersion.Tls13,
            Group = NamedGroup.X25519,
            ExtendedMasterSecret = true,
            CipherSuite = CipherSuite.Aes128GcmSha256,
            Issued = DateTimeOffset.UnixEpoch,
            Lifetime = TimeSpan.FromHours(1),
            ServerName = "localhost",
            ClientChain = [new byte[] { 1, 2, 3 }],
            PreSharedKey = key,
            KeyProof = SessionKeyProof.Of(TlsPreSharedKey.Imported("name"u8, new byte[32])),
        }.ToBytes();
    }

    private static (byte[] FromClient, byte[] FromServer) Record(TlsVersion version)
    {
        using var client = TlsConnection.CreateClient(Speaking(version, ClientOptions));
        using var server = TlsConnection.CreateServer(Speaking(version, ServerOptions));
        var fromClient = new List<byte>();
        var fromServer = new List<byte>();
        var buffer = new byte[16 * 1024];
        while (!client.IsAuthenticated || !server.IsAuthenticated)
        {
            var count = client.TakeOutput(buffer);
            fromClient.AddRange(buffer.AsSpan(0, count));
            server.Receive(buffer.AsSpan(0, count));
            count = server.TakeOutput(buffer);
            fromServer.AddRange(buffer.AsSpan(0, count));
            client.Receive(buffer.AsSpan(0, count));
        }
        return ([.. fromClient], [.. fromServer]);
    }

    private static ExtensionBlock Block(params (ExtensionType Type, byte[] Data)[] extensions)
    {
        var block = new ExtensionBlock();
        foreach (var (type, data) in extensions)
            block.Add(type, data);
        return block;
    }

    private static byte[] Bytes(IHandshakeBody message)
    {
        using var writer = new TlsWriter();
        message.Write(writer);
        return writer.ToArray();
    }

    /// <summary>A clock on which every ticket has expired when it is looked for.</summary>
    private sealed class Leaping : TimeProvider
    {
        private long _days;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddDays(10 * Interlocked.Increment(ref _days));
    }
}

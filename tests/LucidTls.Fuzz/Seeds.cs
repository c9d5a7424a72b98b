using LucidTls.Certificates;
using LucidTls.Protocol;
using LucidTls.TestSupport;

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

    /// <summary>The inputs to start from, by target.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<byte[]>> Make()
    {
        var (fromClient, fromServer) = Record();
        var clientHello = fromClient[(5 + 4)..(5 + 4 + (fromClient[6] << 16 | fromClient[7] << 8 | fromClient[8]))];
        var serverHello = fromServer[(5 + 4)..(5 + 4 + (fromServer[6] << 16 | fromServer[7] << 8 | fromServer[8]))];
        return new Dictionary<string, IReadOnlyList<byte[]>>
        {
            ["client-hello"] = [clientHello],
            ["server-hello"] = [serverHello],
            ["encrypted-extensions"] = [Bytes(new EncryptedExtensions { Extensions = Block((ExtensionType.ServerName, []), (ExtensionType.ApplicationLayerProtocolNegotiation, [0, 3, 2, 0x68, 0x32])) })],
            ["certificate-request"] = [Bytes(new CertificateRequest { Extensions = Block((ExtensionType.SignatureAlgorithms, [0, 4, 4, 3, 8, 4])) })],
            ["certificate-message"] = [Bytes(new CertificateMessage { Entries = [.. Server.Chain.Select(der => new CertificateEntry(der, new ExtensionBlock()))] })],
            ["certificate-verify"] = [Bytes(new CertificateVerify { Scheme = SignatureScheme.Ed25519, Signature = new byte[64] })],
            ["new-session-ticket"] = [Bytes(new NewSessionTicket { LifetimeSeconds = 7200, AgeAdd = 1, Nonce = new byte[] { 0 }, Ticket = new byte[100], Extensions = new ExtensionBlock() })],
            ["key-update"] = [[0], [1]],
            ["records"] = [fromClient],
            ["first-bytes"] = [[0, .. "GET / HTTP/1.1"u8], [1, .. "220 mail ESMTP"u8], [0, 0x80, 0x2E, 1, 0, 2], [0, 0x16, 3, 1, 0, 5]],
            ["certificate"] = [Leaf, Intermediate, Root],
            ["client"] = [fromServer],
            ["server"] = [fromClient],
        };
    }

    private static (byte[] FromClient, byte[] FromServer) Record()
    {
        using var client = TlsConnection.CreateClient(ClientOptions);
        using var server = TlsConnection.CreateServer(ServerOptions);
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
}

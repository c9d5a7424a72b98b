using LucidTls.Certificates;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Connections;

/// <summary>One authority and one server for all tests of connections; options are made anew, since they freeze.</summary>
internal static class Fixture
{
    private static readonly TestPki Pki = new();
    private static readonly TlsIdentity Server = Pki.Server().Identity();

    public static CertificateVerifier Verifier { get; } = CertificateVerifier.FromRoots([Pki.Root]);

    public static TlsIdentity Ed25519Server { get; } = Pki.Server(KeyKind.Ed25519).Identity();

    public static TlsIdentity RsaServer { get; } = Pki.Server(KeyKind.Rsa2048).Identity();

    public static TlsIdentity ClientIdentity { get; } = Pki.Client().Identity();

    /// <summary>Long enough never to decide a test that works, short enough not to hold up one that hangs.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(30);

    public static TlsServerOptions ServerOptions() => new() { Identities = [Server], TicketStore = null };

    public static TlsClientOptions ClientOptions() => new() { TargetHost = "localhost", CertificateVerifier = Verifier, SessionCache = null, KeyShareGroups = [NamedGroup.X25519] };

    /// <summary>Two authenticated streams over memory.</summary>
    public static async Task<(TlsStream Client, TlsStream Server)> ConnectAsync(TlsClientOptions? clientOptions = null, TlsServerOptions? serverOptions = null)
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        return await ConnectAsync(clientSide, serverSide, clientOptions, serverOptions);
    }

    public static async Task<(TlsStream Client, TlsStream Server)> ConnectAsync(Stream clientSide, Stream serverSide, TlsClientOptions? clientOptions = null, TlsServerOptions? serverOptions = null)
    {
        var client = new TlsStream(clientSide);
        var server = new TlsStream(serverSide);
        await Task.WhenAll(client.AuthenticateAsClientAsync(clientOptions ?? ClientOptions()), server.AuthenticateAsServerAsync(serverOptions ?? ServerOptions())).WaitAsync(Patience);
        return (client, server);
    }
}

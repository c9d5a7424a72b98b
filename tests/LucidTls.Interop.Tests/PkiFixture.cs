using LucidTls.Certificates;
using LucidTls.Sessions;
using LucidTls.TestSupport;

[assembly: AssemblyFixture(typeof(LucidTls.Interop.Tests.PkiFixture))]

namespace LucidTls.Interop.Tests;

/// <summary>One authority for all tests, its root as a file, and servers' leaves of every kind as files.</summary>
public sealed class PkiFixture : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Dictionary<KeyKind, TestCertificate> _servers = [];
    private readonly Dictionary<KeyKind, (string ChainPath, string KeyPath)> _serverFiles = [];

    public PkiFixture()
    {
        RootFile = _folder.File("root.pem");
        File.WriteAllText(RootFile, Pki.RootPem);
        IntermediateFile = _folder.File("intermediate.pem");
        File.WriteAllText(IntermediateFile, Pki.IntermediatePem);
    }

    public TestPki Pki { get; } = new();
    public string RootFile { get; }
    public string IntermediateFile { get; }
    public string Folder => _folder.Path;

    public TestCertificate Server(KeyKind kind = KeyKind.EcdsaP256)
    {
        lock (_servers)
        {
            if (!_servers.TryGetValue(kind, out var server))
                _servers.Add(kind, server = Pki.Server(kind));
            return server;
        }
    }

    public (string ChainPath, string KeyPath) ServerFiles(KeyKind kind = KeyKind.EcdsaP256)
    {
        var server = Server(kind);
        lock (_servers)
        {
            // Once: a peer of another test may be reading them.
            if (!_serverFiles.TryGetValue(kind, out var files))
                _serverFiles.Add(kind, files = server.WriteTo(_folder.Path, $"server-{kind}"));
            return files;
        }
    }

    public TlsServerOptions ServerOptions(KeyKind kind = KeyKind.EcdsaP256) => new() { Identities = [Server(kind).Identity()] };

    public TlsClientOptions ClientOptions() => new()
    {
        TargetHost = "localhost",
        CertificateVerifier = CertificateVerifier.FromRoots([Pki.Root]),
        SessionCache = new TlsSessionCache(),
    };

    public void Dispose()
    {
        Pki.Dispose();
        _folder.Dispose();
    }
}

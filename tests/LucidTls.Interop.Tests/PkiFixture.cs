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
        // Once: a peer of another test may be reading them.
        lock (_serverFiles)
        {
            if (!_serverFiles.TryGetValue(kind, out var files))
                _serverFiles.Add(kind, files = server.WriteTo(_folder.Path, $"server-{kind}"));
            return files;
        }
    }

    /// <summary>A certificate for localhost that expired three days ago.</summary>
    public TestCertificate Expired()
    {
        var now = DateTimeOffset.UtcNow;
        return Pki.Leaf(new CertificateSpec { Names = ["localhost"], NotBefore = now.AddDays(-30), NotAfter = now.AddDays(-3) });
    }

    /// <summary>A certificate for other names than localhost: a.example and *.b.example.</summary>
    public TestCertificate OtherName() => Pki.Leaf(KeyKind.EcdsaP256, "a.example", "*.b.example");

    /// <summary>A certificate for localhost by an authority that nobody here trusts.</summary>
    public static TestCertificate Stranger()
    {
        using var strangers = new TestPki();
        return strangers.Server();
    }

    /// <summary>A server's options that ask for a client certificate of our authority.</summary>
    public TlsServerOptions MutualOptions(ClientCertificateMode mode = ClientCertificateMode.Required)
    {
        var options = ServerOptions();
        options.ClientCertificateMode = mode;
        options.ClientCertificateVerifier = CertificateVerifier.FromPemFile(RootFile);
        return options;
    }

    public TlsServerOptions ServerOptions(KeyKind kind = KeyKind.EcdsaP256) => new() { Identities = [Server(kind).Identity()] };

    public static T OnlyTls13<T>(T options) where T : TlsOptions
    {
        options.MinimumVersion = TlsVersion.Tls13;
        return options;
    }

    /// <summary>A client's leaf of that kind by an authority that nobody here trusts.</summary>
    public static TestCertificate StrangeClient(KeyKind kind)
    {
        using var strangers = new TestPki();
        return strangers.Client(kind);
    }

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

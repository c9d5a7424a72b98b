using System.Security.Cryptography.X509Certificates;
using LucidTls.Bench.Measuring;
using LucidTls.Bench.Stacks;
using LucidTls.Certificates;
using LucidTls.Certificates.Paths;
using LucidTls.Cryptography;
using LucidTls.TestSupport;

namespace LucidTls.Bench.Workloads;

/// <summary>
/// A chain of three verified for a name against its root, without revocation, from the bytes that a peer sends: by this library's
/// verifier, by X509Chain, and the two signatures in it alone.
/// </summary>
internal sealed class ChainVerification : IDisposable
{
    public const string Platform = "X509Chain";

    private const int Batch = 16;

    private readonly string _workload;
    private readonly TestPki _pki;
    private readonly X509Certificate2 _root;
    private readonly ReadOnlyMemory<byte>[] _chain;
    private readonly CertificateVerifier _verifier;
    private readonly SignedLink[] _links;

    public ChainVerification(KeyKind kind)
    {
        _workload = kind == KeyKind.EcdsaP256 ? "P-256 chain" : "RSA-2048 chain";
        _pki = new TestPki(kind);
        _root = X509CertificateLoader.LoadCertificate(_pki.Root);
        _chain = [.. _pki.Leaf(kind, TlsStack.HostName).Chain];
        _verifier = CertificateVerifier.FromRoots([_pki.Root]);
        _links = [new SignedLink(_chain[0], _chain[1]), new SignedLink(_chain[1], _pki.Root)];
    }

    public IEnumerable<Contender> Contenders() =>
    [
        Contender("LucidTls, warm", () => VerifyAsync(_verifier)),
        Contender("LucidTls, keys kept", () => VerifyWithKeysKeptAsync()),
        Contender("LucidTls, cold", () => VerifyWithNothingKeptAsync()),
        Contender(Platform, BuildPlatformChain),
        Contender("the two signatures", () => CheckSignatures(static link => link.Verify())),
        Contender("the two signatures and key imports", () => CheckSignatures(static link => link.ImportAndVerify())),
    ];

    public void Dispose()
    {
        foreach (var link in _links)
            link.Dispose();
        _root.Dispose();
        _pki.Dispose();
    }

    private Contender Contender(string stack, Func<ValueTask<bool>> verify) => new(_workload, "", stack, async meter =>
    {
        while (!meter.IsDone)
        {
            meter.Start();
            for (var i = 0; i < Batch; i++)
            {
                if (!await verify())
                    throw new InvalidOperationException($"{stack} refused the {_workload}.");
            }
            meter.Stop(Batch);
        }
    });

    private async ValueTask<bool> VerifyAsync(CertificateVerifier verifier) =>
        (await verifier.VerifyAsync(_chain, TlsStack.HostName, CertificatePurpose.Server)).IsAccepted;

    // Against the two signatures alone this is what everything but cryptography costs.
    private ValueTask<bool> VerifyWithKeysKeptAsync()
    {
        LinkCache.Shared.Clear();
        return VerifyAsync(CertificateVerifier.FromRoots([_pki.Root]));
    }

    private ValueTask<bool> VerifyWithNothingKeptAsync()
    {
        LinkCache.Shared.Clear();
        VerificationKeyCache.Shared.Clear();
        return VerifyAsync(CertificateVerifier.FromRoots([_pki.Root]));
    }

    private ValueTask<bool> BuildPlatformChain()
    {
        using var leaf = X509CertificateLoader.LoadCertificate(_chain[0].Span);
        using var intermediate = X509CertificateLoader.LoadCertificate(_chain[1].Span);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_root);
        chain.ChainPolicy.ExtraStore.Add(intermediate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new(CertificateSpec.ServerAuthentication));
        var isAccepted = chain.Build(leaf) && leaf.MatchesHostname(TlsStack.HostName);
        foreach (var element in chain.ChainElements)
            element.Certificate.Dispose();
        return new(isAccepted);
    }

    private ValueTask<bool> CheckSignatures(Func<SignedLink, bool> check) => new(_links.All(check));
}

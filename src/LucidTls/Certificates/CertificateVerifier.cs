using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.Certificates;

/// <summary>Decides whether a peer's certificate chain proves that the peer is who we asked for. Safe for use by several threads at once.</summary>
public sealed class CertificateVerifier
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2Collection? _roots;

    private CertificateVerifier(X509Certificate2Collection? roots) => _roots = roots;

    /// <summary>Verifies against the system's trust store.</summary>
    public static CertificateVerifier System { get; } = new(null);

    /// <summary>Verifies against the roots in a PEM file.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="FormatException">The file holds no certificate.</exception>
    public static CertificateVerifier FromPemFile(string path)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPem(File.ReadAllText(path));
        }
        catch (CryptographicException exception)
        {
            throw new FormatException($"{path} holds a certificate that cannot be read.", exception);
        }
        return roots.Count > 0 ? new CertificateVerifier(roots) : throw new FormatException($"{path} holds no certificate in PEM (\"-----BEGIN CERTIFICATE-----\").");
    }

    /// <summary>Verifies against given roots, each in DER.</summary>
    /// <exception cref="FormatException">One of them is no certificate.</exception>
    public static CertificateVerifier FromRoots(IEnumerable<ReadOnlyMemory<byte>> roots)
    {
        ArgumentNullException.ThrowIfNull(roots);
        var collection = new X509Certificate2Collection();
        foreach (var root in roots)
            collection.Add(TryLoad(root) ?? throw new FormatException("A root is no certificate in DER."));
        return new CertificateVerifier(collection);
    }

    /// <summary>Verifies <paramref name="chain"/> (DER, leaf first, as the peer sent it).</summary>
    /// <param name="chain">The peer's certificates, leaf first.</param>
    /// <param name="name">The DNS name or IP address asked for, or null to skip the name (clients' certificates).</param>
    /// <param name="purpose">What the leaf must be good for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public ValueTask<CertificateVerdict> VerifyAsync(IReadOnlyList<ReadOnlyMemory<byte>> chain, string? name, CertificatePurpose purpose, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(chain);
        return ValueTask.FromResult(Verify(chain, name, purpose));
    }

    private CertificateVerdict Verify(IReadOnlyList<ReadOnlyMemory<byte>> chain, string? name, CertificatePurpose purpose)
    {
        if (chain.Count == 0 || TryLoad(chain[0]) is not { } leaf)
            return Refuse(CertificateFailure.Malformed, "the certificate cannot be parsed");
        using var builder = new X509Chain();
        foreach (var extra in chain.Skip(1).Select(TryLoad).OfType<X509Certificate2>())
            builder.ChainPolicy.ExtraStore.Add(extra);
        builder.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        builder.ChainPolicy.DisableCertificateDownloads = true;
        builder.ChainPolicy.ApplicationPolicy.Add(new Oid(purpose == CertificatePurpose.Server ? ServerAuthentication : ClientAuthentication));
        if (_roots != null)
        {
            builder.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            builder.ChainPolicy.CustomTrustStore.AddRange(_roots);
        }
        var built = builder.Build(leaf);
        if (!built)
            return Refuse(builder, leaf);
        var names = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().SingleOrDefault();
        IEnumerable<string> dnsNames = names?.EnumerateDnsNames() ?? [];
        IEnumerable<IPAddress> addresses = names?.EnumerateIPAddresses() ?? [];
        if (name != null && !ServerNames.Match(name, dnsNames, addresses))
            return Refuse(CertificateFailure.WrongName, $"names in the certificate: {List(dnsNames.Concat(addresses.Select(address => address.ToString())))}; asked for: {name}");
        var path = builder.ChainElements.Select(element => (ReadOnlyMemory<byte>)element.Certificate.RawData).ToArray();
        return new CertificateVerdict(CertificateFailure.None, $"{leaf.Subject}, by {string.Join(", by ", builder.ChainElements.Skip(1).Select(element => element.Certificate.Subject))}", path);
    }

    private static CertificateVerdict Refuse(X509Chain chain, X509Certificate2 leaf)
    {
        var status = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status);
        var now = DateTime.UtcNow;
        if ((status & X509ChainStatusFlags.NotTimeValid) != 0)
        {
            var outside = chain.ChainElements.Select(element => element.Certificate).FirstOrDefault(certificate => now < certificate.NotBefore.ToUniversalTime() || now > certificate.NotAfter.ToUniversalTime()) ?? leaf;
            var (from, until) = (outside.NotBefore.ToUniversalTime(), outside.NotAfter.ToUniversalTime());
            return Refuse(CertificateFailure.Expired, now > until
                ? $"{outside.Subject} expired {Span(now - until)} ago, on {until:yyyy-MM-dd HH:mm} UTC"
                : $"{outside.Subject} becomes valid in {Span(from - now)}, on {from:yyyy-MM-dd HH:mm} UTC");
        }
        if ((status & X509ChainStatusFlags.NotSignatureValid) != 0)
            return Refuse(CertificateFailure.Malformed, "a signature in the chain does not verify");
        if ((status & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0)
            return Refuse(CertificateFailure.UnknownIssuer, $"its issuer \"{chain.ChainElements[^1].Certificate.Issuer}\" is not a trust anchor{(chain.ChainElements.Count == 1 && leaf.Subject != leaf.Issuer ? "; the peer sent only its own certificate" : "")}");
        return Refuse(CertificateFailure.Unsuitable, string.Join("; ", chain.ChainStatus.Select(one => one.StatusInformation.Trim())));
    }

    private static CertificateVerdict Refuse(CertificateFailure failure, string explanation) => new(failure, explanation, []);

    private static string Span(TimeSpan time) => time.TotalDays >= 1 ? $"{(int)time.TotalDays} days" : time.TotalHours >= 1 ? $"{(int)time.TotalHours} hours" : $"{(int)time.TotalMinutes} minutes";

    private static string List(IEnumerable<string> names) => names.Any() ? string.Join(", ", names) : "none";

    private static X509Certificate2? TryLoad(ReadOnlyMemory<byte> der)
    {
        try
        {
            return X509CertificateLoader.LoadCertificate(der.Span);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}

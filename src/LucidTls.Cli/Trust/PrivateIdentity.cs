using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Cli.Reporting;

namespace LucidTls.Cli.Trust;

/// <summary>What <c>serve</c> proves itself with when it is given no certificate: one for this machine, from this user's own authority, renewed in time.</summary>
internal sealed class PrivateIdentity
{
    private const string CertificateName = "server.pem";
    private const string KeyName = "server.key";
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromHours(1);

    private readonly DataFolder _folder;
    private readonly string _hostName;
    private readonly TimeProvider _clock;
    private readonly Lock _renewal = new();
    private volatile Issued _current;

    private PrivateIdentity(DataFolder folder, string hostName, TimeProvider clock)
    {
        _folder = folder;
        _hostName = hostName;
        _clock = clock;
        _current = LoadOrIssue();
    }

    /// <summary>The path of the certificate that clients have to trust.</summary>
    public string AuthorityPath { get; private set; } = "";

    /// <summary>Whether the authority was made by this start.</summary>
    public bool IsAuthorityNew { get; private set; }

    /// <summary>The names that the certificate is for.</summary>
    public IReadOnlyList<string> Names { get; private set; } = [];

    /// <summary>The identity now.</summary>
    public TlsIdentity Identity => _current.Identity;

    /// <summary>A server's options with it; a certificate that is due is renewed first.</summary>
    public TlsServerOptions Options => field ??= new TlsServerOptions { Identities = [Identity], IdentitySelector = (_, _) => ValueTask.FromResult<TlsIdentity?>(Select()) };

    /// <exception cref="CliException">The folder or what lies in it cannot be used.</exception>
    public static PrivateIdentity Open(DataFolder folder, string hostName, TimeProvider clock)
    {
        try
        {
            return new PrivateIdentity(folder, hostName, clock);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"The private certificate authority's folder cannot be used: {failure.Message}", failure);
        }
    }

    /// <summary>The identity for a new connection; when it is due, a new certificate is issued first.</summary>
    public TlsIdentity Select()
    {
        if (_clock.GetUtcNow() < _current.RenewAt)
            return _current.Identity;
        lock (_renewal)
        {
            if (_clock.GetUtcNow() < _current.RenewAt)
                return _current.Identity;
            try
            {
                _current = LoadOrIssue();
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException or CliException)
            {
                Terminal.MarkupLine($"[yellow]warning:[/] the certificate could not be renewed: {Terminal.Escape(failure.Message)}");
                _current = _current with { RenewAt = _clock.GetUtcNow() + RetryAfter };
            }
            return _current.Identity;
        }
    }

    private Issued LoadOrIssue()
    {
        using var locked = _folder.Lock();
        using var authority = PrivateAuthority.LoadOrCreate(_folder, _hostName, _clock);
        AuthorityPath = authority.CertificatePath;
        IsAuthorityNew = authority.IsNew;
        var dnsNames = MachineNames.Dns(_hostName).Where(name => NameConstraints.Permits(authority.Certificate, name)).ToList();
        Names = [.. dnsNames, .. MachineNames.Addresses.Select(address => address.ToString())];
        _folder.Tighten(KeyName);
        return Load(authority.Certificate) ?? Issue(authority.Certificate, dnsNames);
    }

    /// <summary>What an earlier start issued, if it is still good.</summary>
    private Issued? Load(X509Certificate2 authority)
    {
        if (_folder.Read(CertificateName) is not { } certificatePem || _folder.Read(KeyName) is not { } keyPem)
            return null;
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(certificatePem, keyPem);
            var renewAt = certificate.NotAfter.ToUniversalTime() - RenewBefore;
            var names = CertificateFacts.Of(certificate.RawData).Names;
            if (_clock.GetUtcNow() >= renewAt || !names.SequenceEqual(Names) || !IsIssuedBy(certificate, authority))
                return null;
            return new Issued(TlsIdentity.FromPem(certificatePem, keyPem), renewAt);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            // Nobody trusts the server's own certificate by itself: a damaged one is replaced.
            return null;
        }
    }

    private static bool IsIssuedBy(X509Certificate2 certificate, X509Certificate2 authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        return chain.Build(certificate);
    }

    private Issued Issue(X509Certificate2 authority, IEnumerable<string> dnsNames)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in dnsNames)
            names.AddDnsName(name);
        foreach (var address in MachineNames.Addresses)
            names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false)); // id-kp-serverAuth
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));

        var now = _clock.GetUtcNow();
        var notAfter = now + Lifetime;
        if (notAfter > authority.NotAfter.ToUniversalTime())
            notAfter = authority.NotAfter.ToUniversalTime();
        Span<byte> serial = stackalloc byte[16];
        RandomNumberGenerator.Fill(serial);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40); // positive, and no leading zero byte (RFC 5280 §4.1.2.2)
        using var certificate = request.Create(authority, now - PrivateAuthority.Backdating, notAfter, serial);
        var certificatePem = certificate.ExportCertificatePem();
        var keyPem = key.ExportPkcs8PrivateKeyPem();
        _folder.Write(KeyName, keyPem, secret: true);
        _folder.Write(CertificateName, certificatePem, secret: false);
        return new Issued(TlsIdentity.FromPem(certificatePem, keyPem), notAfter - RenewBefore);
    }

    private sealed record Issued(TlsIdentity Identity, DateTimeOffset RenewAt);
}

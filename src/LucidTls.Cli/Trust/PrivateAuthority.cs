using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Cli.Reporting;

namespace LucidTls.Cli.Trust;

/// <summary>This user's own certificate authority: a P-256 key and a certificate that can vouch for this machine alone.</summary>
internal sealed class PrivateAuthority : IDisposable
{
    private const string CertificateName = "ca.pem";
    private const string KeyName = "ca.key";
    private const int Years = 10;

    /// <summary>An authority with less time left is replaced, and has to be trusted anew.</summary>
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    /// <summary>Clocks of clients may be slow.</summary>
    internal static readonly TimeSpan Backdating = TimeSpan.FromHours(1);

    private PrivateAuthority(X509Certificate2 certificate, string path, bool isNew)
    {
        Certificate = certificate;
        CertificatePath = path;
        IsNew = isNew;
    }

    /// <summary>The certificate with its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Where clients find what they have to trust.</summary>
    public string CertificatePath { get; }

    /// <summary>Whether it was made just now, so that nobody can trust it yet.</summary>
    public bool IsNew { get; }

    /// <summary>Loads the authority, or makes it at the first start. The folder must be locked.</summary>
    /// <exception cref="CliException">What is there cannot be used; nothing is thrown away that somebody may trust.</exception>
    public static PrivateAuthority LoadOrCreate(DataFolder folder, string hostName, TimeProvider clock)
    {
        var certificatePem = folder.Read(CertificateName);
        if (certificatePem is null)
            return Create(folder, hostName, clock);
        try
        {
            if (folder.Tighten(KeyName))
                Terminal.MarkupLine($"[yellow]warning:[/] {Terminal.Escape(folder.PathOf(KeyName))} could be read by others; now it cannot. If somebody may have copied it, delete the folder and stop trusting the old authority.");
            var keyPem = folder.Read(KeyName) ?? throw new CryptographicException("its key is missing");
            var certificate = X509Certificate2.CreateFromPem(certificatePem, keyPem);
            if (clock.GetUtcNow() < certificate.NotAfter.ToUniversalTime() - RenewBefore)
                return new PrivateAuthority(certificate, folder.PathOf(CertificateName), isNew: false);
            certificate.Dispose();
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"The private certificate authority in {folder.PathOf(CertificateName)} cannot be used: {failure.Message} Move that folder away to start with a new authority, which then has to be trusted anew.", failure);
        }
        return Create(folder, hostName, clock);
    }

    private static PrivateAuthority Create(DataFolder folder, string hostName, TimeProvider clock)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Name(hostName), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(NameConstraints.Permit(MachineNames.Dns(hostName), MachineNames.LoopbackNetworks));

        var now = clock.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now - Backdating, now.AddYears(Years));
        // The key first: a certificate without its key would look like an authority that somebody broke.
        folder.Write(KeyName, key.ExportPkcs8PrivateKeyPem(), secret: true);
        folder.Write(CertificateName, certificate.ExportCertificatePem(), secret: false);
        return new PrivateAuthority(X509Certificate2.CreateFromPem(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem()), folder.PathOf(CertificateName), isNew: true);
    }

    // Says whose it is, for whoever meets it in a list of trusted authorities.
    private static X500DistinguishedName Name(string hostName)
    {
        const int longestCommonName = 64; // RFC 5280, appendix A.1: ub-common-name
        var text = $"LucidTls private CA of {Environment.UserName} on {hostName}";
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(text.Length > longestCommonName ? text[..longestCommonName] : text);
        name.AddOrganizationName("LucidTls");
        return name.Build();
    }

    public void Dispose() => Certificate.Dispose();
}

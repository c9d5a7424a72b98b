using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary>An authority as files, as OpenSSL's own commands want it, with a certificate that points to its responder and its revocation list.</summary>
internal sealed class RevocationFiles : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ECDsa _authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;
    private readonly X509Certificate2 _leaf;

    /// <param name="responderPort">Where the responder will listen on loopback; null for none.</param>
    /// <param name="listAddress">Where the list will be; null for none.</param>
    /// <param name="mustStaple">Whether the certificate promises a staple.</param>
    public RevocationFiles(int? responderPort = null, string? listAddress = null, bool mustStaple = false)
    {
        var now = DateTimeOffset.UtcNow;
        var request = new CertificateRequest("CN=Revoking Authority", _authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _authority = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));

        request = new CertificateRequest("CN=localhost", _leafKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        if (responderPort is { } port)
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([$"http://127.0.0.1:{port}/"], null));
        if (listAddress != null)
            request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([listAddress]));
        if (mustStaple)
            request.CertificateExtensions.Add(new X509Extension("1.3.6.1.5.5.7.1.24", [0x30, 3, 2, 1, 5], false));
        _leaf = request.Create(_authority, now.AddDays(-1), now.AddDays(20), [1, .. RandomNumberGenerator.GetBytes(8)]);

        AuthorityFile = Write("ca.pem", _authority.ExportCertificatePem());
        AuthorityKeyFile = Write("ca.key", _authorityKey.ExportPkcs8PrivateKeyPem());
        LeafFile = Write("leaf.pem", _leaf.ExportCertificatePem());
        LeafKeyFile = Write("leaf.key", _leafKey.ExportPkcs8PrivateKeyPem());
    }

    public string AuthorityFile { get; }
    public string AuthorityKeyFile { get; }
    public string LeafFile { get; }
    public string LeafKeyFile { get; }
    public ReadOnlyMemory<byte> Authority => _authority.RawData;
    public ReadOnlyMemory<byte> Leaf => _leaf.RawData;

    public string File(string name) => _folder.File(name);

    /// <summary>OpenSSL's responder, which knows the certificate as good or as revoked.</summary>
    public async Task<PeerProcess> StartResponderAsync(int port, bool isRevoked, params string[] arguments)
    {
        var process = PeerProcess.Start(OpenSsl.Find(), ["ocsp", "-index", Index(isRevoked), "-port", port.ToString(CultureInfo.InvariantCulture), "-rsigner", AuthorityFile, "-rkey", AuthorityKeyFile, "-CA", AuthorityFile, "-nmin", "60", .. arguments]);
        // A connection to try whether it is there would be one that it waits on for ever.
        await process.WaitForAsync("waiting for OCSP client connections");
        return process;
    }

    /// <summary>A response that OpenSSL makes without a server, as a file.</summary>
    public async Task<string> MakeResponseAsync(bool isRevoked)
    {
        var request = File("request.der");
        await RunAsync("ocsp", "-issuer", AuthorityFile, "-cert", LeafFile, "-reqout", request, "-no_nonce");
        var response = File("response.der");
        await RunAsync("ocsp", "-index", Index(isRevoked), "-rsigner", AuthorityFile, "-rkey", AuthorityKeyFile, "-CA", AuthorityFile, "-reqin", request, "-respout", response, "-ndays", "2");
        return response;
    }

    /// <summary>The revocation list that OpenSSL makes, in DER.</summary>
    public async Task<byte[]> MakeListAsync(bool isRevoked)
    {
        var config = Write("ca.cnf", $"[ca]\ndefault_ca = a\n[a]\ndatabase = {Index(isRevoked)}\ncrlnumber = {Write("number", "01\n")}\ncertificate = {AuthorityFile}\nprivate_key = {AuthorityKeyFile}\ndefault_md = sha256\ndefault_crl_days = 3\ncrl_extensions = e\n[e]\nauthorityKeyIdentifier = keyid\n");
        var pem = File("list.pem");
        await RunAsync("ca", "-gencrl", "-config", config, "-out", pem);
        var text = System.IO.File.ReadAllText(pem);
        return Convert.FromBase64String(text[PemEncoding.Find(text).Base64Data]);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _authority.Dispose();
        _leaf.Dispose();
        _authorityKey.Dispose();
        _leafKey.Dispose();
    }

    private static async Task RunAsync(params string[] arguments)
    {
        using var process = PeerProcess.Start(OpenSsl.Find(), arguments);
        var code = await process.WaitForExitAsync();
        Assert.True(code == 0, process.Text);
    }

    // The database of "openssl ca": status, end, revocation, serial number, file, name.
    private string Index(bool isRevoked)
    {
        var end = _leaf.NotAfter.ToUniversalTime().ToString("yyMMddHHmmss'Z'", CultureInfo.InvariantCulture);
        var since = isRevoked ? DateTime.UtcNow.AddDays(-1).ToString("yyMMddHHmmss'Z,keyCompromise'", CultureInfo.InvariantCulture) : "";
        return Write($"index-{isRevoked}.txt", $"{(isRevoked ? "R" : "V")}\t{end}\t{since}\t{_leaf.SerialNumber}\tunknown\t/CN=localhost\n");
    }

    private string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }
}

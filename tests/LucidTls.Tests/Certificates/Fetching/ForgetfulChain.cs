using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.Tests.Certificates.Fetching;

/// <summary>A root, authorities below it and a leaf, each of which says where its issuer can be had.</summary>
internal sealed class ForgetfulChain
{
    private readonly List<(string Subject, ECDsa Key)> _keys = [];

    /// <param name="addresses">For each certificate from the leaf to the one below the root, where its issuer is said to be.</param>
    public ForgetfulChain(params string[][] addresses)
    {
        var (name, key) = ("CN=Root", ECDsa.Create(ECCurve.NamedCurves.nistP256));
        Root = Issue(name, key, name, key, [], isAuthority: true);
        for (var level = addresses.Length - 1; level >= 0; level--)
        {
            var (subject, subjectKey) = (level == 0 ? "CN=Leaf" : $"CN=Authority {level}", ECDsa.Create(ECCurve.NamedCurves.nistP256));
            Certificates.Insert(0, Issue(subject, subjectKey, name, key, addresses[level], isAuthority: level > 0));
            _keys.Insert(0, (subject, subjectKey));
            (name, key) = (subject, subjectKey);
        }
    }

    public byte[] Root { get; }

    /// <summary>The leaf first, without the root.</summary>
    public List<byte[]> Certificates { get; } = [];

    /// <summary>Another certificate for that authority, by one that nobody knows.</summary>
    public byte[] CrossSigned(int level, string address) =>
        Issue(_keys[level].Subject, _keys[level].Key, "CN=Elsewhere", ECDsa.Create(ECCurve.NamedCurves.nistP256), [address], isAuthority: true);

    private static byte[] Issue(string subject, ECDsa subjectKey, string issuer, ECDsa issuerKey, string[] addresses, bool isAuthority)
    {
        var request = new CertificateRequest(subject, subjectKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        if (addresses.Length > 0)
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([], addresses));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("a.example");
        if (!isAuthority)
            request.CertificateExtensions.Add(names.Build());
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.Create(new X500DistinguishedName(issuer), X509SignatureGenerator.CreateForECDsa(issuerKey), now.AddDays(-1), now.AddDays(30), [1, .. RandomNumberGenerator.GetBytes(8)]);
        return certificate.RawData;
    }
}

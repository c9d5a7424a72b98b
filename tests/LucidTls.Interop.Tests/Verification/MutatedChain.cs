using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;

namespace LucidTls.Interop.Tests.Verification;

/// <summary>A chain that was good until some things about it were changed, and what was.</summary>
internal sealed class MutatedChain
{
    public const string Name = "www.site.example";

    private const X509KeyUsageFlags Signing = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign;

    private static readonly ECDsa[] Keys = [.. Enumerable.Range(0, 6).Select(_ => ECDsa.Create(ECCurve.NamedCurves.nistP256))];

    private readonly Random _random;
    private readonly List<CertificatePlan> _plans = [];
    private readonly List<string> _changes = [];

    public MutatedChain(int seed)
    {
        _random = new Random(seed);
        // From the leaf up: zero to three authorities below the root.
        var authorities = _random.Next(4);
        _plans.Add(new CertificatePlan { Subject = "CN=leaf", Key = Keys[0], IsAuthority = false, KeyUsage = X509KeyUsageFlags.DigitalSignature, ExtendedKeyUsages = [CertificatePlan.ServerAuthentication], Names = [Name, "other.example", "192.0.2.7"] });
        for (var i = 1; i <= authorities + 1; i++)
            _plans.Add(new CertificatePlan { Subject = $"CN=Authority {i}, O=Test", Key = Keys[i], IsAuthority = true, KeyUsage = Signing });
        var mutations = _random.Next(4);
        for (var i = 0; i < mutations; i++)
            Mutate();

        var stranger = Keys[5];
        var certificates = _plans.Select((plan, i) => plan.Make(_plans[Math.Min(i + 1, _plans.Count - 1)], stranger)).ToList();
        Leaf = certificates[0];
        var anchor = authorities > 0 && _random.Next(8) == 0 ? Change(1 + _random.Next(authorities), "is the trust anchor") : certificates.Count - 1;
        Anchor = certificates[anchor];
        var sent = certificates[1..^1];
        if (sent.Count > 0 && _random.Next(10) == 0)
            sent.RemoveAt(Change(_random.Next(sent.Count), "(less one) is not sent"));
        if (_random.Next(4) == 0)
            sent.Add(certificates[Change(_random.Next(certificates.Count), "is sent once more")]);
        Sent = [.. sent.OrderBy(_ => _random.Next())];
        Purpose = _random.Next(4) == 0 ? CertificatePurpose.Client : CertificatePurpose.Server;
        if (anchor == certificates.Count - 1 && _random.Next(3) == 0)
            Lists = [.. MakeLists(certificates)];
    }

    public byte[] Leaf { get; }
    public byte[] Anchor { get; }
    public IReadOnlyList<byte[]> Sent { get; }
    public CertificatePurpose Purpose { get; }

    /// <summary>The revocation lists of all authorities, which both shall demand; null when revocation is not looked at.</summary>
    public IReadOnlyList<byte[]>? Lists { get; }
    public IReadOnlyList<CertificatePlan> Plans => _plans;

    public override string ToString() => $"{_plans.Count} certificates; {string.Join("; ", _changes)}";

    public static string Pem(string label, params IEnumerable<byte[]> blocks) => string.Concat(blocks.Select(der => PemEncoding.WriteString(label, der) + "\n"));

    private IEnumerable<byte[]> MakeLists(IReadOnlyList<byte[]> certificates)
    {
        var mutated = _random.Next(3) == 0 ? -1 : 1 + _random.Next(_plans.Count - 1);
        for (var at = 1; at < _plans.Count; at++)
        {
            var (builder, now, hours) = (new CertificateRevocationListBuilder(), DateTimeOffset.UtcNow, 24);
            var key = _plans[at].Key;
            builder.AddEntry([1, 2, 3, (byte)at]);
            if (at == mutated)
            {
                switch (_random.Next(5))
                {
                    case 0:
                    case 1:
                        using (var below = X509CertificateLoader.LoadCertificate(certificates[at - 1]))
                            builder.AddEntry(below);
                        Change(at - 1, "was revoked");
                        break;
                    case 2:
                        hours = -1;
                        Change(at, "has a list that is out of date");
                        break;
                    case 3:
                        key = Keys[5];
                        Change(at, "has a list that a stranger signed");
                        break;
                    default:
                        Change(at, "has no list");
                        continue;
                }
            }
            var identifier = X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(new X509SubjectKeyIdentifierExtension(new PublicKey(_plans[at].Key), false));
            yield return builder.Build(new X500DistinguishedName(_plans[at].Subject), X509SignatureGenerator.CreateForECDsa(key), 7, now.AddHours(hours), HashAlgorithmName.SHA256, identifier, now.AddDays(-2));
        }
    }

    private void Mutate()
    {
        var at = _random.Next(_plans.Count);
        var plan = _plans[at];
        (string Change, CertificatePlan Plan) mutation = _random.Next(18) switch
        {
            0 => ("has expired", plan with { FromDays = -10, ToDays = -1 }),
            1 => ("is not valid yet", plan with { FromDays = 2, ToDays = 90 }),
            2 => ("is no authority", plan with { IsAuthority = false }),
            3 => ("has no basic constraints", plan with { IsAuthority = null, PathLength = null }),
            4 => ("has a path length of 0", plan with { IsAuthority = true, PathLength = 0 }),
            5 => ("has a path length of 1", plan with { IsAuthority = true, PathLength = 1 }),
            6 => ("has no key usage", plan with { KeyUsage = null }),
            7 => KeyUsage(plan, Pick(X509KeyUsageFlags.KeyEncipherment, X509KeyUsageFlags.KeyAgreement, X509KeyUsageFlags.CrlSign, Signing, X509KeyUsageFlags.DigitalSignature | Signing)),
            8 => ("has no extended key usage", plan with { ExtendedKeyUsages = null }),
            9 => Purposes(plan, Pick<string[]>([CertificatePlan.ClientAuthentication], [CertificatePlan.CodeSigning], [CertificatePlan.AnyUsage], [CertificatePlan.ServerAuthentication, CertificatePlan.ClientAuthentication])),
            10 => ("has a critical extension that nobody knows", plan with { HasUnknownExtension = true }),
            11 => ("has an extension that nobody knows", plan with { HasUnknownExtension = false }),
            12 => Names(plan, Pick<string[]>(["*.site.example"], ["WWW.Site.Example"], ["*.example"], ["www.*.example"], ["w*.site.example"], ["site.example"], [Name + "."], ["192.0.2.7"], [])),
            13 => Permit(plan, Pick<string[]>(["site.example"], ["www.site.example"], [".site.example"], ["other.example", "site.example"], ["ite.example"], ["192.0.2.0/24"], ["198.51.100.0/24"])),
            14 => Exclude(plan, Pick<string[]>(["site.example"], ["mail.site.example"], ["ample"], ["example"], ["192.0.2.0/29"], ["192.0.2.8/29"])),
            15 => ("has a broken signature", plan with { IsSignatureBroken = true }),
            16 => ("is signed by a stranger", plan with { IsSignedByStranger = true }),
            _ => Pick(("names the key of a stranger as its issuer's", plan with { HasForeignAuthorityKeyIdentifier = true }), ("names another issuer", plan with { Issuer = "CN=Stranger" }), ("names its issuer in other letters", OtherLetters(plan, at))),
        };
        _plans[at] = mutation.Plan;
        Change(at, mutation.Change);
    }

    private CertificatePlan OtherLetters(CertificatePlan plan, int at) => plan with { Issuer = _plans[Math.Min(at + 1, _plans.Count - 1)].Subject.Replace("Authority", "AUTHORITY ", StringComparison.Ordinal) };

    private static (string, CertificatePlan) KeyUsage(CertificatePlan plan, X509KeyUsageFlags usage) => ($"has the key usage {usage}", plan with { KeyUsage = usage });

    private static (string, CertificatePlan) Purposes(CertificatePlan plan, string[] purposes) => ($"has the extended key usages {string.Join(", ", purposes)}", plan with { ExtendedKeyUsages = purposes });

    private static (string, CertificatePlan) Names(CertificatePlan plan, string[] names) => ($"is for the names {string.Join(", ", names)}", plan with { Names = names });

    private static (string, CertificatePlan) Permit(CertificatePlan plan, string[] names) => ($"permits {string.Join(", ", names)}", plan with { PermittedNames = names });

    private static (string, CertificatePlan) Exclude(CertificatePlan plan, string[] names) => ($"excludes {string.Join(", ", names)}", plan with { ExcludedNames = names });

    private T Pick<T>(params ReadOnlySpan<T> choices) => choices[_random.Next(choices.Length)];

    private int Change(int at, string change)
    {
        _changes.Add($"no. {at} {change}");
        return at;
    }
}

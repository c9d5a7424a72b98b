using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.TestSupport;
using static LucidTls.TestSupport.X509Extensions;

namespace LucidTls.Interop.Tests.Verification;

/// <summary>What can be right and wrong about lists of one authority and of somebody who signs lists for it.</summary>
internal static class ListScenes
{
    private const string Address = "http://lists.example/all.crl";
    private const string DeltaAddress = "http://lists.example/delta.crl";

    public static TestAuthority Root { get; } = new();

    public static TestAuthority Stranger { get; } = new("Stranger");

    public static TestAuthority Lister { get; } = new("Lister", X509KeyUsageFlags.CrlSign, Root);

    /// <summary>A certificate that its issuer's own lists speak of.</summary>
    public static X509Certificate2 Direct { get; } = Root.Leaf(TestAuthority.ListAt(Address), DeltasAt(DeltaAddress));

    /// <summary>A certificate whose distribution point names the signer of indirect lists.</summary>
    public static X509Certificate2 Indirect { get; } = Root.Leaf(TestAuthority.ListAt(Address, crlIssuer: Lister.Name), DeltasAt(DeltaAddress));

    /// <summary>A certificate that says nothing of lists.</summary>
    public static X509Certificate2 Other { get; } = Root.Leaf();

    /// <summary>Number 5, of the day before yesterday.</summary>
    public static TestList Complete => new(Root) { Number = TestList.NumberOf(5), ThisUpdate = TestAuthority.Now.AddDays(-2) };

    /// <summary>Number 7, made from 5, of yesterday.</summary>
    public static TestList Delta => new(Root) { Extensions = [DeltaFrom(5)] };

    public static TestList IndirectComplete => Complete with { Issuer = Lister, Extensions = [Scope(Address, flag: 4)] };

    public static TestList IndirectDelta => Delta with { Issuer = Lister, Extensions = [DeltaFrom(5), Scope(Address, flag: 4)] };

    /// <summary>The root's list of authorities, on which the signer of indirect lists is not.</summary>
    private static TestList OfAuthorities => new(Root) { Extensions = [Scope(flag: 2)] };

    public static IReadOnlyDictionary<string, Func<ListScene>> Deltas { get; } = new Dictionary<string, Func<ListScene>>
    {
        ["a complete list alone"] = () => new(Direct, ListAnswer.Good, Complete),
        ["on neither list"] = () => new(Direct, ListAnswer.Good, Complete.Listing(Other), Delta.Listing(Other)),
        ["on the complete list"] = () => new(Direct, ListAnswer.Revoked, Complete.Listing(Direct), Delta),
        ["on the delta list"] = () => new(Direct, ListAnswer.Revoked, Complete, Delta.Listing(Direct)),
        ["on hold"] = () => new(Direct, ListAnswer.Revoked, Complete.Listing(Direct, RevocationReason.CertificateHold), Delta),
        ["put on hold by the delta list"] = () => new(Direct, ListAnswer.Revoked, Complete, Delta.Listing(Direct, RevocationReason.CertificateHold)),
        ["a hold that the delta list lifts"] = () => new(Direct, ListAnswer.Good, Complete.Listing(Direct, RevocationReason.CertificateHold), Delta.Listing(Direct, RevocationReason.RemoveFromCrl)),
        ["a hold that became a revocation"] = () => new(Direct, ListAnswer.Revoked, Complete.Listing(Direct, RevocationReason.CertificateHold), Delta.Listing(Direct)),
        ["removed from a list it was not on"] = () => new(Direct, ListAnswer.Good, Complete, Delta.Listing(Direct, RevocationReason.RemoveFromCrl)),
        ["removed from the complete list itself"] = () => new ListScene(Direct, ListAnswer.Unknown, Complete.Listing(Direct, RevocationReason.RemoveFromCrl)).ButTheirs(ListAnswer.Good, "such an entry is for delta lists (RFC 5280 §5.3.1); OpenSSL takes the certificate for good"),
        ["the complete list says where deltas are"] = () => new(Other, ListAnswer.Revoked, Complete with { Extensions = [DeltasAt(DeltaAddress)] }, Delta.Listing(Other)),
        ["nobody says where deltas are"] = () => new ListScene(Other, ListAnswer.Revoked, Complete, Delta.Listing(Other)).ButTheirs(ListAnswer.Good, "RFC 5280 §5.2.6 says where delta lists are got; ours counts one that is at hand, OpenSSL only where certificate or list say that there are some"),
        ["an old complete list"] = () => new(Direct, ListAnswer.Unknown, Old(Complete)),
        ["an old complete list that lists it"] = () => new(Direct, ListAnswer.Revoked, Old(Complete).Listing(Direct)),
        ["an old complete list that holds it"] = () => new ListScene(Direct, ListAnswer.Unknown, Old(Complete).Listing(Direct, RevocationReason.CertificateHold)).ButTheirs(ListAnswer.Revoked, "a hold may have been lifted since (RFC 5280 §5.3.1); OpenSSL's command goes on after a list that is out of date"),
        ["an old complete list with a delta list"] = () => new(Direct, ListAnswer.Good, Old(Complete), Delta),
        ["an old complete list that lists it with a delta list"] = () => new(Direct, ListAnswer.Revoked, Old(Complete).Listing(Direct), Delta),
        ["an old delta list"] = () => new(Direct, ListAnswer.Good, Complete, Old(Delta)),
        ["an old delta list that lists it"] = () => new(Direct, ListAnswer.Revoked, Complete, Old(Delta).Listing(Direct)),
        ["an old delta list that holds it"] = () => new ListScene(Direct, ListAnswer.Good, Complete, Old(Delta).Listing(Direct, RevocationReason.CertificateHold)).ButTheirs(ListAnswer.Revoked, "RFC 5280 §6.3.3 (a)(2) wants the current delta list; OpenSSL takes one that is out of date for current while its complete list is"),
        ["a hold that an old delta list lifts"] = () => new ListScene(Direct, ListAnswer.Revoked, Complete.Listing(Direct, RevocationReason.CertificateHold), Old(Delta).Listing(Direct, RevocationReason.RemoveFromCrl)).ButTheirs(ListAnswer.Good, "RFC 5280 §6.3.3 (a)(2) wants the current delta list; OpenSSL takes one that is out of date for current while its complete list is"),
        ["both lists old"] = () => new(Direct, ListAnswer.Unknown, Old(Complete), Old(Delta)),
        ["a delta list to a later complete one"] = () => new(Direct, ListAnswer.Good, Complete, Delta.Listing(Direct) with { Extensions = [DeltaFrom(6)] }),
        ["a delta list to a later complete one than the old one"] = () => new(Direct, ListAnswer.Unknown, Old(Complete), Delta with { Extensions = [DeltaFrom(6)] }),
        ["a delta list to an earlier complete one"] = () => new(Direct, ListAnswer.Revoked, Complete, Delta.Listing(Direct) with { Extensions = [DeltaFrom(3)] }),
        ["a delta list of the complete one's number"] = () => new(Direct, ListAnswer.Good, Complete, Delta.Listing(Direct) with { Number = TestList.NumberOf(5) }),
        ["a delta list before the complete one"] = () => new(Direct, ListAnswer.Good, Complete, Delta.Listing(Direct) with { Number = TestList.NumberOf(4), Extensions = [DeltaFrom(3)] }),
        ["a delta list alone"] = () => new(Direct, ListAnswer.Unknown, Delta.Listing(Other)),
        ["a delta list alone that lists it"] = () => new(Direct, ListAnswer.Unknown, Delta.Listing(Direct)),
        ["delta lists for all reasons without complete ones"] = () => new(Direct, ListAnswer.Unknown, Delta with { Extensions = [DeltaFrom(5), Scope(reasons: Reasons.KeyCompromise)] }, Delta with { Extensions = [DeltaFrom(5), Scope(reasons: Reasons.AllOthers)] }),
        ["a delta list of another scope"] = () => new(Direct, ListAnswer.Good, Complete, Delta.Listing(Direct) with { Extensions = [DeltaFrom(5), Scope(Address)] }),
        ["both lists of one scope"] = () => new(Direct, ListAnswer.Revoked, Complete with { Extensions = [Scope(Address)] }, Delta.Listing(Direct) with { Extensions = [DeltaFrom(5), Scope(Address)] }),
        ["a delta list of another key identifier"] = () => new(Direct, ListAnswer.Good, Complete with { Extensions = [KeyIdentifier(Root)] }, Delta.Listing(Direct)),
        ["a delta list that another key signed"] = () => new ListScene(Direct, ListAnswer.Good, Complete, Delta.Listing(Direct) with { Signer = Stranger }).ButTheirs(ListAnswer.Unknown, "a list that fails RFC 5280 §6.3.3 (h) is none: whoever can add one must not make the good lists useless"),
        ["a delta list of another issuer"] = () => new(Direct, ListAnswer.Good, Complete, Delta.Listing(Direct) with { Issuer = Stranger }),
        ["a delta list from the future"] = () => new ListScene(Direct, ListAnswer.Good, Complete, Delta.Listing(Direct) with { ThisUpdate = TestAuthority.Now.AddDays(1) }).ButTheirs(ListAnswer.Revoked, "thisUpdate is when a list was issued (RFC 5280 §5.1.2.4); OpenSSL does not look at a delta list's while its complete list is current"),
        ["a delta list that is not marked critical"] = () => new ListScene(Direct, ListAnswer.Good, Complete, Delta.Listing(Direct) with { Extensions = [DeltaFrom(5, critical: false)] }).ButTheirs(ListAnswer.Revoked, "RFC 5280 §5.2.4: it is critical, or who does not know it would take the list for complete; OpenSSL does not mind"),
        ["a delta list after the one that lifts"] = () => new(Direct, ListAnswer.Good, Complete, Delta.Listing(Direct, RevocationReason.RemoveFromCrl), (Delta with { Number = TestList.NumberOf(6) }).Listing(Direct, RevocationReason.CertificateHold)),
        ["a delta list before the one that lifts"] = () => new ListScene(Direct, ListAnswer.Good, Complete, (Delta with { Number = TestList.NumberOf(6) }).Listing(Direct, RevocationReason.CertificateHold), Delta.Listing(Direct, RevocationReason.RemoveFromCrl)).ButTheirs(ListAnswer.Revoked, "the current delta list of RFC 5280 §6.3.3 (a)(2) is the latest; OpenSSL takes the first that fits"),
    };

    public static IReadOnlyDictionary<string, Func<ListScene>> Indirects { get; } = new Dictionary<string, Func<ListScene>>
    {
        ["an indirect list"] = () => new(Indirect, ListAnswer.Good, IndirectComplete.ListingOf(Root.Name, Other)),
        ["listed under its issuer"] = () => new(Indirect, ListAnswer.Revoked, IndirectComplete.ListingOf(Root.Name, Indirect)),
        ["on hold under its issuer"] = () => new(Indirect, ListAnswer.Revoked, IndirectComplete.ListingOf(Root.Name, Indirect, RevocationReason.CertificateHold)),
        ["listed under the list's issuer"] = () => new(Indirect, ListAnswer.Good, IndirectComplete.Listing(Indirect)),
        ["listed after another of its issuer"] = () => new(Indirect, ListAnswer.Revoked, IndirectComplete.ListingOf(Root.Name, Other).Listing(Other).Listing(Indirect)),
        ["listed under another issuer"] = () => new(Indirect, ListAnswer.Good, IndirectComplete.ListingOf(Root.Name, Other).ListingOf(Stranger.Name, Other).Listing(Indirect)),
        ["listed under both"] = () => new(Indirect, ListAnswer.Revoked, IndirectComplete.ListingOf(Stranger.Name, Indirect).ListingOf(Root.Name, Indirect)),
        ["an old indirect list"] = () => new(Indirect, ListAnswer.Unknown, Old(IndirectComplete)),
        ["a list of one that cRLIssuer does not name"] = () => new(Root.Leaf(TestAuthority.ListAt(Address, crlIssuer: Stranger.Name)), ListAnswer.Unknown, IndirectComplete),
        ["a point without cRLIssuer"] = () => new(Direct, ListAnswer.Unknown, IndirectComplete),
        ["no point"] = () => new(Other, ListAnswer.Unknown, IndirectComplete),
        ["another address"] = () => new(Indirect, ListAnswer.Unknown, IndirectComplete with { Extensions = [Scope(DeltaAddress, flag: 4)] }),
        ["an indirect list for all points"] = () => new(Indirect, ListAnswer.Good, IndirectComplete with { Extensions = [Scope(flag: 4)] }),
        ["a list that is not indirect"] = () => new(Indirect, ListAnswer.Unknown, IndirectComplete with { Extensions = [Scope(Address)] }),
        ["a list without a scope"] = () => new(Indirect, ListAnswer.Unknown, IndirectComplete with { Extensions = [] }),
        ["a point of the issuer alone"] = () => new(Root.Leaf(TestAuthority.ListAt(null, crlIssuer: Lister.Name)), ListAnswer.Good, IndirectComplete with { Extensions = [Scope("dir:CN=Lister", flag: 4)] }),
        ["relative names"] = () => new(Root.Leaf(TestAuthority.ListAt("rel:CN=one", crlIssuer: Lister.Name)), ListAnswer.Good, IndirectComplete with { Extensions = [Scope("rel:CN=one", flag: 4)] }),
        ["different relative names"] = () => new(Root.Leaf(TestAuthority.ListAt("rel:CN=one", crlIssuer: Lister.Name)), ListAnswer.Unknown, IndirectComplete with { Extensions = [Scope("rel:CN=two", flag: 4)] }),
        ["the issuer's own indirect list"] = () => new(Direct, ListAnswer.Revoked, (IndirectComplete with { Issuer = Root }).ListingOf(Stranger.Name, Other).ListingOf(Root.Name, Direct)),
        ["the issuer's own indirect list with others'"] = () => new(Direct, ListAnswer.Good, (IndirectComplete with { Issuer = Root }).ListingOf(Stranger.Name, Direct)),
        ["an entry that names an issuer in a direct list"] = () => new ListScene(Direct, ListAnswer.Unknown, Complete.ListingOf(Root.Name, Other)).ButTheirs(ListAnswer.Good, "such an entry is for indirect lists (RFC 5280 §5.3.3), and so the list is not what it says; OpenSSL passes over it"),
        ["the issuer's own list beside an indirect one"] = () => new(Indirect, ListAnswer.Revoked, IndirectComplete, Complete.Listing(Indirect)),
        ["the issuer's own list in place of an indirect one"] = () => new(Indirect, ListAnswer.Good, Complete),
        ["lists for some reasons together"] = () => new(Indirect, ListAnswer.Good, IndirectComplete with { Extensions = [Scope(Address, 4, Reasons.KeyCompromise)] }, IndirectComplete with { Extensions = [Scope(Address, 4, Reasons.AllOthers)] }),
        ["lists for some reasons, the second with it"] = () => new(Indirect, ListAnswer.Revoked, IndirectComplete with { Extensions = [Scope(Address, 4, Reasons.KeyCompromise)] }, (IndirectComplete with { Extensions = [Scope(Address, 4, Reasons.AllOthers)] }).ListingOf(Root.Name, Indirect, RevocationReason.Superseded)),
        ["a list for some reasons alone"] = () => new(Indirect, ListAnswer.Unknown, IndirectComplete with { Extensions = [Scope(Address, 4, Reasons.AllOthers)] }),
        ["an indirect delta list"] = () => new(Indirect, ListAnswer.Good, IndirectComplete, IndirectDelta.ListingOf(Root.Name, Other)),
        ["on the indirect delta list"] = () => new(Indirect, ListAnswer.Revoked, IndirectComplete, IndirectDelta.ListingOf(Root.Name, Indirect)),
        ["on the indirect delta list under the list's issuer"] = () => new(Indirect, ListAnswer.Good, IndirectComplete, IndirectDelta.Listing(Indirect)),
        ["a hold that the indirect delta list lifts"] = () => new(Indirect, ListAnswer.Good, IndirectComplete.ListingOf(Root.Name, Indirect, RevocationReason.CertificateHold), IndirectDelta.ListingOf(Root.Name, Indirect, RevocationReason.RemoveFromCrl)),
        ["a hold that is lifted under the list's issuer"] = () => new(Indirect, ListAnswer.Revoked, IndirectComplete.ListingOf(Root.Name, Indirect, RevocationReason.CertificateHold), IndirectDelta.Listing(Indirect, RevocationReason.RemoveFromCrl)),
        ["an old indirect list with a delta list"] = () => new(Indirect, ListAnswer.Good, Old(IndirectComplete), IndirectDelta),
        ["an indirect delta list to a direct list"] = () => new(Indirect, ListAnswer.Good, Complete, IndirectDelta.ListingOf(Root.Name, Indirect)),
        ["a list that another key signed"] = () => new(Indirect, ListAnswer.Unknown, IndirectComplete with { Signer = Stranger }),
        ["a signer that was revoked"] = () => new ListScene(Indirect, ListAnswer.Unknown, OfAuthorities.Listing(Lister.Certificate), IndirectComplete).ButTheirs(ListAnswer.Good, "the signer's path is validated (RFC 5280 §6.3.3 (f)), revocation included (§6.1.3 (a)(3)); OpenSSL looks signers up with -crl_check_all alone"),
        ["a signer that was revoked, all being looked up"] = () => new(Indirect, ListAnswer.Unknown, OfAuthorities.Listing(Lister.Certificate), IndirectComplete) { IsForAll = true },
        ["a signer of whom no list speaks, all being looked up"] = () => new ListScene(Indirect, ListAnswer.Good, IndirectComplete) { IsForAll = true }.ButTheirs(ListAnswer.Unknown, "ours asks of signers what it asks of responders, that no list at hand speaks against them; OpenSSL demands one that speaks for them"),
        ["a signer that is not on the list of authorities, all being looked up"] = () => new(Indirect, ListAnswer.Good, OfAuthorities, IndirectComplete) { IsForAll = true },
        ["a signer that may not sign lists"] = () => SignedBy(new TestAuthority("Lister", X509KeyUsageFlags.DigitalSignature, Root)).ButTheirs(ListAnswer.Good, "RFC 5280 §6.3.3 (f) wants cRLSign; OpenSSL's command goes on after a signer that is unsuitable"),
        ["a signer under another trust anchor"] = () => SignedBy(new TestAuthority("Lister", X509KeyUsageFlags.CrlSign, Stranger)) with { Anchors = [Root, Stranger] },
        ["a signer under no trust anchor"] = () => SignedBy(new TestAuthority("Lister", X509KeyUsageFlags.CrlSign, Stranger)),
    };

    private static ListScene SignedBy(TestAuthority signer) => new(Indirect, ListAnswer.Unknown, IndirectComplete with { Issuer = signer }) { Signer = signer };

    public static TestList Old(TestList list) => list with { NextUpdate = TestAuthority.Now.AddHours(-1) };

    private static X509Extension KeyIdentifier(TestAuthority authority) => new("2.5.29.35", [0x30, 22, 0x80, 20, .. authority.KeyIdentifier], false);
}

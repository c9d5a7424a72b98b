using System.Security.Cryptography.X509Certificates;
using CsCheck;
using LucidTls.Certificates;
using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Revocation;
using LucidTls.TestSupport;
using static LucidTls.TestSupport.X509Extensions;

namespace LucidTls.Tests.Certificates.Revocation;

/// <summary>Lists that somebody else than the certificate's issuer signs (RFC 5280 §5.2.5, §5.3.3, §6.3.3): one that is right, and each wrong one differs from it in one thing.</summary>
public sealed class IndirectListTests
{
    private const string Address = "http://lists.example/all.crl";
    private const string Silence = "none of the revocation lists given speaks of it";

    private readonly TestAuthority _root = new();
    private readonly TestAuthority _lister;

    public IndirectListTests() => _lister = new TestAuthority("Lister", X509KeyUsageFlags.CrlSign, _root);

    private TestList List => new(_lister) { Extensions = [Scope(Address, flag: 4)] };

    private X509Certificate2 Leaf() => _root.Leaf(TestAuthority.ListAt(Address, crlIssuer: _lister.Name));

    [Fact]
    public async Task A_certificate_that_is_not_listed_is_good()
    {
        var verdict = await HardAsync(Leaf(), List.ListingOf(_root.Name, Leaf()));
        Assert.True(verdict.IsAccepted, verdict.Explanation);
        Assert.Equal("CN=a.example is not on the revocation list of \"CN=Lister\" of 2026-05-31 12:00 UTC", Assert.Single(verdict.Paths[0].Statuses).Explanation);
    }

    [Fact]
    public async Task A_certificate_that_is_listed_under_its_issuer_is_refused()
    {
        var leaf = Leaf();
        var verdict = await HardAsync(leaf, List.ListingOf(_root.Name, leaf));
        Assert.Equal(CertificateRule.NotRevoked, verdict.Problem?.Rule);
        Assert.EndsWith("says the revocation list of \"CN=Lister\" of 2026-05-31 12:00 UTC", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_entry_is_for_the_issuer_of_the_one_before_and_the_first_for_the_list_s()
    {
        var leaf = Leaf();
        Assert.True((await HardAsync(leaf, List.Listing(leaf))).IsAccepted);
        Assert.False((await HardAsync(leaf, List.ListingOf(_root.Name, Leaf()).Listing(Leaf()).Listing(leaf))).IsAccepted);
        Assert.True((await HardAsync(leaf, List.ListingOf(_root.Name, Leaf()).ListingOf(new X500DistinguishedName("CN=Other"), Leaf()).Listing(leaf))).IsAccepted);
        Assert.False((await HardAsync(leaf, List.ListingOf(new X500DistinguishedName("CN=Other"), leaf).ListingOf(_root.Name, leaf))).IsAccepted);
    }

    [Fact]
    public async Task A_delta_list_brings_it_up_to_date()
    {
        var leaf = Leaf();
        var delta = List with { Number = TestList.NumberOf(8), Extensions = [DeltaFrom(7), Scope(Address, flag: 4)] };
        Assert.True((await HardAsync(leaf, List, delta)).IsAccepted);
        Assert.Equal(CertificateRule.NotRevoked, (await HardAsync(leaf, List, delta.ListingOf(_root.Name, leaf))).Problem?.Rule);
    }

    [Fact]
    public async Task The_certificate_s_own_issuer_may_keep_an_indirect_list()
    {
        var leaf = _root.Leaf(TestAuthority.ListAt(Address));
        var list = new TestList(_root) { Extensions = [Scope(Address, flag: 4)] };
        Assert.True((await HardAsync(leaf, list.ListingOf(new X500DistinguishedName("CN=Other"), leaf))).IsAccepted);
        Assert.False((await HardAsync(leaf, list.Listing(leaf))).IsAccepted);
    }

    public static TheoryData<string> Scopes => [.. Scoped.Keys];

    /// <summary>What the certificate's point and the list's say (RFC 5280 §6.3.3 (b)), and whether the list speaks of the certificate.</summary>
    private static readonly Dictionary<string, (Func<X500DistinguishedName, X509Extension> Point, X509Extension[] List, bool Speaks)> Scoped = new()
    {
        ["one address"] = (issuer => TestAuthority.ListAt(Address, crlIssuer: issuer), [Scope(Address, flag: 4)], true),
        ["a list for all points"] = (issuer => TestAuthority.ListAt(Address, crlIssuer: issuer), [Scope(flag: 4)], true),
        ["another address"] = (issuer => TestAuthority.ListAt(Address + "2", crlIssuer: issuer), [Scope(Address, flag: 4)], false),
        ["a list that is not indirect"] = (issuer => TestAuthority.ListAt(Address, crlIssuer: issuer), [Scope(Address)], false),
        ["a list without a scope"] = (issuer => TestAuthority.ListAt(Address, crlIssuer: issuer), [], false),
        ["a point without the issuer"] = (_ => TestAuthority.ListAt(Address), [Scope(Address, flag: 4)], false),
        ["a point of another issuer"] = (_ => TestAuthority.ListAt(Address, crlIssuer: new X500DistinguishedName("CN=Somebody")), [Scope(Address, flag: 4)], false),
        ["a point of the issuer alone"] = (issuer => TestAuthority.ListAt(null, crlIssuer: issuer), [Scope("dir:CN=Lister", flag: 4)], true),
        ["a point of the issuer alone and an address"] = (issuer => TestAuthority.ListAt(null, crlIssuer: issuer), [Scope(Address, flag: 4)], false),
        ["relative names"] = (issuer => TestAuthority.ListAt("rel:CN=one", crlIssuer: issuer), [Scope("rel:CN=One", flag: 4)], true),
        ["different relative names"] = (issuer => TestAuthority.ListAt("rel:CN=one", crlIssuer: issuer), [Scope("rel:CN=two", flag: 4)], false),
        ["a relative name and a full one"] = (issuer => TestAuthority.ListAt("rel:OU=one", crlIssuer: issuer), [Scope("dir:OU=one, CN=Lister", flag: 4)], true),
        ["a full name and a relative one"] = (issuer => TestAuthority.ListAt("dir:OU=one, CN=Lister", crlIssuer: issuer), [Scope("rel:OU=one", flag: 4)], true),
        ["some reasons in the point"] = (issuer => TestAuthority.ListAt(Address, Reasons.KeyCompromise, issuer), [Scope(Address, flag: 4)], false),
    };

    [Theory]
    [MemberData(nameof(Scopes))]
    public async Task A_list_speaks_of_the_certificates_whose_points_name_it(string scope)
    {
        var (point, extensions, speaks) = Scoped[scope];
        var verdict = await HardAsync(_root.Leaf(point(_lister.Name)), List with { Extensions = extensions });
        Assert.True(speaks == verdict.IsAccepted, verdict.Explanation);
    }

    [Fact]
    public async Task The_signer_s_certificate_may_come_from_the_peer()
    {
        var leaf = Leaf();
        var options = new RevocationOptions { GivenLists = [List.ListingOf(_root.Name, leaf).Build()] };
        Assert.True((await _root.VerifyAsync(options, leaf)).IsAccepted);
        Assert.Equal(CertificateRule.NotRevoked, (await _root.VerifyAsync(options, leaf, _lister.Der)).Problem?.Rule);
    }

    [Fact]
    public async Task An_authority_of_the_path_may_sign_for_those_below_it()
    {
        var intermediate = new TestAuthority("Intermediate", issuer: _root);
        var leaf = intermediate.Leaf(TestAuthority.ListAt(Address, crlIssuer: _root.Name));
        var list = new TestList(_root) { Extensions = [Scope(Address, flag: 4)] };
        Assert.True((await _root.VerifyAsync(Hard(list) with { Scope = RevocationScope.Leaf }, leaf, intermediate.Der)).IsAccepted);
        Assert.False((await _root.VerifyAsync(Hard(list.ListingOf(intermediate.Name, leaf)) with { Scope = RevocationScope.Leaf }, leaf, intermediate.Der)).IsAccepted);
    }

    [Fact]
    public async Task A_signer_without_a_certificate_is_not_believed()
    {
        var verdict = await _root.VerifyAsync(Hard(List) with { ListIssuers = [] }, Leaf());
        Assert.Equal("whether CN=a.example was revoked is not known: the revocation list given is an indirect one of \"CN=Lister\", of whom there is no certificate that fits its signature and leads to the same trust anchor", verdict.Explanation);
    }

    [Fact]
    public async Task A_signer_under_another_trust_anchor_is_not_believed()
    {
        var other = new TestAuthority("Other Root");
        var lister = new TestAuthority("Lister", X509KeyUsageFlags.CrlSign, other);
        var verifier = new CertificateVerifier(new CertificateVerifierOptions
        {
            TrustStore = TrustStore.FromCertificates([_root.Der, other.Der]),
            Revocation = new RevocationOptions { GivenLists = [(List with { Issuer = lister }).Build()], Lists = RevocationMode.HardFail, ListIssuers = [lister.Der] },
        });
        var verdict = await verifier.VerifyAsync(new CertificateVerificationRequest { Chain = [Leaf().RawData], Time = TestAuthority.Now }, TestContext.Current.CancellationToken);
        Assert.Contains("leads to the same trust anchor", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signer_below_an_intermediate_is_believed()
    {
        var intermediate = new TestAuthority("Intermediate", issuer: _root);
        var lister = new TestAuthority("Lister", X509KeyUsageFlags.CrlSign, intermediate);
        var options = Hard(List with { Issuer = lister }) with { ListIssuers = [lister.Der, intermediate.Der] };
        Assert.True((await _root.VerifyAsync(options, Leaf())).IsAccepted);
        Assert.False((await _root.VerifyAsync(options with { ListIssuers = [lister.Der] }, Leaf())).IsAccepted);
    }

    [Fact]
    public async Task A_signer_that_may_not_sign_lists_is_not_believed()
    {
        var lister = new TestAuthority("Lister", X509KeyUsageFlags.DigitalSignature, _root);
        var verdict = await _root.VerifyAsync(Hard(List with { Issuer = lister }) with { ListIssuers = [lister.Der] }, Leaf());
        Assert.Contains("cannot be from CN=Lister, whose key usage does not allow signing lists", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signer_that_was_revoked_is_not_believed()
    {
        Assert.True((await HardAsync(Leaf(), List, new TestList(_root) { Extensions = [Scope(flag: 2)] })).IsAccepted);
        var verdict = await HardAsync(Leaf(), List, new TestList(_root) { Extensions = [Scope(flag: 2)] }.Listing(_lister.Certificate));
        Assert.Contains("leads to the same trust anchor", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_that_another_key_signed_is_not_believed() =>
        Assert.Contains("fits its signature", (await HardAsync(Leaf(), List with { Signer = new TestAuthority() })).Explanation, StringComparison.Ordinal);

    [Fact]
    public void A_signer_that_is_no_certificate_is_an_error() =>
        Assert.Throws<ArgumentException>(() => new CertificateVerifier(new CertificateVerifierOptions { Revocation = new RevocationOptions { ListIssuers = [new byte[] { 1 }] } }));

    [Fact]
    public async Task Each_certificate_is_looked_up_in_the_lists_of_its_own_points()
    {
        var leaf = Leaf();
        // The issuer's own complete list is for it, too, as for a certificate without points.
        Assert.Equal(CertificateRule.NotRevoked, (await HardAsync(leaf, new TestList(_root).Listing(leaf))).Problem?.Rule);
        Assert.Contains(Silence, (await HardAsync(leaf, new TestList(_root) { Extensions = [Scope(Address)] }.Listing(leaf))).Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_entry_is_found_under_its_issuer_and_no_other() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[-1, 3], Gen.Int[0, 3]).Array[0, 60].Sample(entries =>
        {
            X500DistinguishedName[] issuers = [_lister.Name, new("CN=One"), new("CN=Two"), new("O=Three, C=DE")];
            RevocationReason[] reasons = [RevocationReason.KeyCompromise, RevocationReason.Superseded, RevocationReason.CessationOfOperation, RevocationReason.PrivilegeWithdrawn];
            // An issuer of -1 is not written. Of several entries of one certificate the first counts.
            var expected = new Dictionary<(int Serial, int Issuer), RevocationReason>();
            var named = new Dictionary<int, X500DistinguishedName>();
            var current = 0;
            for (var i = 0; i < entries.Length; i++)
            {
                var (serial, issuer, reason) = entries[i];
                if (issuer >= 0)
                    named.Add(i, issuers[current = issuer]);
                expected.TryAdd((serial, current), reasons[reason]);
            }
            var list = (List with { Entries = [.. entries.Select(entry => (new[] { (byte)entry.Item1 }, (RevocationReason?)reasons[entry.Item3]))], Issuers = named }).Build();
            for (var serial = 1; serial <= 40; serial++)
            {
                for (var issuer = 0; issuer < issuers.Length; issuer++)
                    Assert.Equal(expected.TryGetValue((serial, issuer), out var reason) ? reason : null, list.Find([(byte)serial], new X501Name(issuers[issuer].RawData))?.Reason);
            }
        }, iter: 100, threads: 1);

    private RevocationOptions Hard(params TestList[] lists) =>
        new() { GivenLists = [.. lists.Select(list => list.Build())], Lists = RevocationMode.HardFail, ListIssuers = [_lister.Der] };

    private Task<CertificateVerdict> HardAsync(X509Certificate2 leaf, params TestList[] lists) => _root.VerifyAsync(Hard(lists), leaf);
}

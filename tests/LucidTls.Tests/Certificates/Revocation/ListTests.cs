using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.TestSupport;
using static LucidTls.TestSupport.X509Extensions;

namespace LucidTls.Tests.Certificates.Revocation;

/// <summary>Given revocation lists: one that is right, and each wrong one differs from it in one thing.</summary>
public sealed class ListTests
{
    private const string Address = "http://lists.example/1.crl";

    private readonly TestAuthority _root = new();

    [Fact]
    public async Task A_certificate_that_is_not_listed_is_good()
    {
        var verdict = await HardAsync(_root.Leaf(), new TestList(_root).Listing(_root.Leaf()));
        Assert.True(verdict.IsAccepted, verdict.Explanation);
        var status = Assert.Single(verdict.Paths[^1].Statuses);
        Assert.Equal((CertificateStatusKind.Good, CertificateStatusSource.GivenList, 0), (status.Kind, status.Source, status.Index));
        Assert.Equal(TestAuthority.Now.AddDays(6), status.NextUpdate);
    }

    [Theory]
    [InlineData(RevocationMode.SoftFail)]
    [InlineData(RevocationMode.HardFail)]
    public async Task A_certificate_that_is_listed_is_refused_with_date_and_reason(RevocationMode mode)
    {
        var leaf = _root.Leaf();
        var verdict = await VerifyAsync(mode, leaf, new TestList(_root).Listing(_root.Leaf()).Listing(leaf));
        Assert.Equal(CertificateRule.NotRevoked, verdict.Problem?.Rule);
        Assert.Equal("CN=a.example was revoked on 2026-05-30 12:00 UTC (its key was compromised), says the revocation list of \"CN=Root\" of 2026-05-31 12:00 UTC", verdict.Explanation);
        Assert.Equal(RevocationReason.KeyCompromise, Assert.Single(verdict.Paths[0].Statuses).Reason);
    }

    [Fact]
    public async Task Off_means_that_lists_are_not_looked_at()
    {
        var leaf = _root.Leaf();
        Assert.True((await VerifyAsync(RevocationMode.Off, leaf, new TestList(_root).Listing(leaf))).IsAccepted);
    }

    [Fact]
    public async Task An_authority_in_the_path_that_is_listed_spoils_the_path_unless_only_the_leaf_is_looked_at()
    {
        var intermediate = new TestAuthority("Intermediate", issuer: _root);
        var options = new RevocationOptions { GivenLists = [new TestList(_root).Listing(intermediate.Certificate).Build()] };
        var verdict = await _root.VerifyAsync(options, intermediate.Leaf(), intermediate.Der);
        Assert.Equal(CertificateRule.NotRevoked, verdict.Problem?.Rule);
        Assert.Contains("CN=Intermediate was revoked", verdict.Explanation, StringComparison.Ordinal);
        Assert.True((await _root.VerifyAsync(options with { Scope = RevocationScope.Leaf }, intermediate.Leaf(), intermediate.Der)).IsAccepted);
    }

    [Fact]
    public async Task Hard_fail_wants_a_list_for_every_certificate_below_the_root()
    {
        var intermediate = new TestAuthority("Intermediate", issuer: _root);
        var verdict = await _root.VerifyAsync(new RevocationOptions { GivenLists = [new TestList(intermediate).Build()], Lists = RevocationMode.HardFail }, intermediate.Leaf(), intermediate.Der);
        Assert.Equal(CertificateRule.RevocationStatus, verdict.Problem?.Rule);
        Assert.Equal("whether CN=Intermediate was revoked is not known: none of the revocation lists given speaks of it", verdict.Explanation);
        Assert.Equal(CertificateFailure.UnknownStatus, verdict.Failure);
    }

    [Fact]
    public async Task The_search_goes_on_to_a_path_that_was_not_revoked()
    {
        var other = new TestAuthority("Other Root");
        var first = new TestAuthority("Intermediate", issuer: _root);
        var second = new TestAuthority("Intermediate", issuer: other, key: first.Key);
        CertificateRevocationList[] lists = [new TestList(_root).Listing(first.Certificate).Build(), new TestList(other).Listing(second.Certificate).Build()];
        var request = new CertificateVerificationRequest { Chain = [first.Leaf().RawData, first.Der, second.Der], Time = TestAuthority.Now };
        foreach (var list in lists)
        {
            var verifier = new CertificateVerifier(new CertificateVerifierOptions
            {
                TrustStore = TrustStore.FromCertificates([_root.Der, other.Der]),
                Revocation = new RevocationOptions { GivenLists = [list] },
            });
            var verdict = await verifier.VerifyAsync(request, TestContext.Current.CancellationToken);
            Assert.True(verdict.IsAccepted, verdict.Explanation);
            Assert.NotEqual($"CN={list.Issuer[3..]}", verdict.Paths[^1].Steps[^1].Subject);
        }
    }

    public static TheoryData<string> Defects => [.. Wrong.Keys];

    private static readonly Dictionary<string, (Func<TestList, TestList> Change, string Words)> Wrong = new()
    {
        ["no next update"] = (list => list with { NextUpdate = null }, "does not say when the next one comes"),
        ["out of date"] = (list => list with { NextUpdate = TestAuthority.Now.AddMinutes(-6) }, "was to be replaced on 2026-06-01 11:54 UTC"),
        ["from the future"] = (list => list with { ThisUpdate = TestAuthority.Now.AddMinutes(6) }, "is from the future, 2026-06-01 12:06 UTC"),
        ["version 1"] = (list => list with { IsVersion2 = false, Number = null }, "is of version 1"),
        ["no number"] = (list => list with { Number = null }, "has no number"),
        ["critical number"] = (list => list with { Number = TestList.NumberOf(7, critical: true) }, "has a number that is marked critical"),
        ["negative number"] = (list => list with { Number = TestList.NumberOf(-1) }, "has a number that is negative or longer than 20 bytes"),
        ["long number"] = (list => list with { Number = TestList.NumberOf(System.Numerics.BigInteger.One << 160) }, "has a number that is negative or longer than 20 bytes"),
        ["delta"] = (list => list with { Extensions = [DeltaFrom(5)] }, "is a delta list, and the complete one that it changes, number 5 or later, is not there"),
        ["delta without its mark"] = (list => list with { Extensions = [DeltaFrom(5, critical: false)] }, "has a base number that is not marked critical"),
        ["delta from a negative number"] = (list => list with { Extensions = [DeltaFrom(-5)] }, "has a base number that is negative or longer than 20 bytes"),
        ["unknown critical extension"] = (list => list with { Extensions = [new X509Extension("1.2.3.4", [5, 0], true)] }, "has the critical extension 1.2.3.4, which is not understood"),
        ["unknown critical extension of an entry"] = (list => list with { EntryExtension = new X509Extension("1.2.3.4", [5, 0], true) }, "has an entry with the critical extension 1.2.3.4, which is not understood"),
        ["certificate issuer of an entry"] = (list => list with { EntryExtension = new X509Extension("2.5.29.29", [0x30, 4, 0xA4, 2, 0x30, 0], true) }, "lists certificates of other issuers, and is no indirect list"),
        ["entry of a delta list"] = (list => list with { Entries = [([1], RevocationReason.RemoveFromCrl)] }, "has an entry that is for delta lists"),
        ["signed by another"] = (list => list with { Signer = new TestAuthority() }, "is not signed by the key of CN=Root"),
        ["not all reasons"] = (list => list with { Extensions = [Scope(reasons: Reasons.KeyCompromise | Reasons.Superseded)] }, "do not speak for all reasons"),
        ["for authorities"] = (list => list with { Extensions = [Scope(flag: 2)] }, "none of the revocation lists given speaks of it"),
        ["for attribute certificates"] = (list => list with { Extensions = [Scope(flag: 5)] }, "none of the revocation lists given speaks of it"),
        ["for another distribution point"] = (list => list with { Extensions = [Scope("http://lists.example/2.crl")] }, "none of the revocation lists given speaks of it"),
        ["of another authority's key"] = (list => list with { Extensions = [KeyIdentifier([1, 2, 3])] }, "none of the revocation lists given speaks of it"),
    };

    [Theory]
    [MemberData(nameof(Defects))]
    public async Task A_list_that_is_wrong_in_one_thing_tells_nothing_and_says_why(string defect)
    {
        var (change, words) = Wrong[defect];
        var leaf = _root.Leaf(TestAuthority.ListAt(Address));
        var list = change(new TestList(_root).Listing(_root.Leaf()));
        var hard = await HardAsync(leaf, list);
        Assert.Equal(CertificateRule.RevocationStatus, hard.Problem?.Rule);
        Assert.Contains(words, hard.Explanation, StringComparison.Ordinal);
        var soft = await VerifyAsync(RevocationMode.SoftFail, leaf, list);
        Assert.True(soft.IsAccepted);
        Assert.Contains(words, Assert.Single(soft.Paths[0].Statuses).Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_of_an_authority_that_may_not_sign_lists_tells_nothing()
    {
        var root = new TestAuthority(usage: X509KeyUsageFlags.KeyCertSign);
        var verdict = await root.VerifyAsync(new RevocationOptions { GivenLists = [new TestList(root).Build()], Lists = RevocationMode.HardFail }, root.Leaf());
        Assert.Contains("cannot be from CN=Root, whose key usage does not allow signing lists", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_of_an_authority_without_key_usage_counts()
    {
        var root = new TestAuthority(usage: null);
        var leaf = root.Leaf();
        var verdict = await root.VerifyAsync(new RevocationOptions { GivenLists = [new TestList(root).Listing(leaf).Build()] }, leaf);
        Assert.Equal(CertificateRule.NotRevoked, verdict.Problem?.Rule);
    }

    [Fact]
    public async Task A_list_for_the_certificates_own_distribution_point_counts()
    {
        var leaf = _root.Leaf(TestAuthority.ListAt(Address));
        var list = new TestList(_root) { Extensions = [Scope(Address, flag: 1)] };
        Assert.True((await HardAsync(leaf, list)).IsAccepted);
        Assert.Equal(CertificateRule.NotRevoked, (await HardAsync(leaf, list.Listing(leaf))).Problem?.Rule);
    }

    [Fact]
    public async Task A_distribution_point_whose_list_somebody_else_signs_is_not_this_issuers()
    {
        var leaf = _root.Leaf(TestAuthority.ListAt(Address, crlIssuer: new X500DistinguishedName("CN=Somebody")));
        Assert.Equal(CertificateRule.RevocationStatus, (await HardAsync(leaf, new TestList(_root) { Extensions = [Scope(Address)] })).Problem?.Rule);
    }

    [Fact]
    public async Task Lists_for_some_reasons_each_count_together()
    {
        var leaf = _root.Leaf();
        CertificateRevocationList[] lists =
        [
            new TestList(_root) { Extensions = [Scope(reasons: Reasons.KeyCompromise)] }.Build(),
            new TestList(_root) { Extensions = [Scope(reasons: Reasons.AllOthers)] }.Build(),
        ];
        var options = new RevocationOptions { GivenLists = lists, Lists = RevocationMode.HardFail };
        Assert.True((await _root.VerifyAsync(options, leaf)).IsAccepted);
        Assert.False((await _root.VerifyAsync(options with { GivenLists = lists[1..] }, leaf)).IsAccepted);
    }

    [Fact]
    public async Task A_revocation_in_a_list_for_some_reasons_counts_by_itself()
    {
        var leaf = _root.Leaf();
        var verdict = await VerifyAsync(RevocationMode.SoftFail, leaf, new TestList(_root) { Extensions = [Scope(reasons: Reasons.KeyCompromise)] }.Listing(leaf));
        Assert.Equal(CertificateRule.NotRevoked, verdict.Problem?.Rule);
    }

    [Fact]
    public async Task An_old_list_still_convicts_but_not_of_a_hold()
    {
        var leaf = _root.Leaf();
        var old = new TestList(_root) { NextUpdate = TestAuthority.Now.AddHours(-1) };
        Assert.Equal(CertificateRule.NotRevoked, (await HardAsync(leaf, old.Listing(leaf))).Problem?.Rule);
        Assert.Equal(CertificateRule.RevocationStatus, (await HardAsync(leaf, old.Listing(leaf, RevocationReason.CertificateHold))).Problem?.Rule);
        Assert.Equal(CertificateRule.NotRevoked, (await HardAsync(leaf, new TestList(_root).Listing(leaf, RevocationReason.CertificateHold))).Problem?.Rule);
    }

    [Fact]
    public async Task A_list_of_another_issuer_with_the_same_serial_number_says_nothing()
    {
        var other = new TestAuthority("Other");
        var leaf = _root.Leaf();
        var options = new RevocationOptions { GivenLists = [new TestList(other).Listing(leaf).Build(), new TestList(_root).Build()], Lists = RevocationMode.HardFail };
        Assert.True((await _root.VerifyAsync(options, leaf)).IsAccepted);
    }

    [Fact]
    public void Every_entry_of_a_long_list_is_found_and_no_other()
    {
        (byte[] Serial, RevocationReason? Reason)[] entries = [.. Enumerable.Range(1, 3000).Select(number => (new byte[] { 1, (byte)(number >> 8), (byte)number }, (RevocationReason?)(number % 2 == 0 ? RevocationReason.Superseded : null)))];
        var list = new TestList(_root) { Entries = entries }.Build();
        Assert.Equal(3000, list.Count);
        foreach (var (serial, reason) in entries)
            Assert.Equal(reason ?? RevocationReason.Unspecified, list.Find(serial, list.IssuerName)?.Reason);
        for (var number = 3001; number < 6000; number++)
            Assert.Null(list.Find([1, (byte)(number >> 8), (byte)number], list.IssuerName));
    }

    [Fact]
    public void Of_a_certificate_that_is_listed_two_hundred_thousand_times_the_first_entry_counts()
    {
        // Were each put behind the others in the table, reading would not end in a test's lifetime.
        (byte[] Serial, RevocationReason? Reason)[] entries = [([1], RevocationReason.Superseded), .. Enumerable.Repeat((new byte[] { 1 }, (RevocationReason?)null), 200_000)];
        var list = new TestList(_root) { Entries = entries }.Build();
        Assert.Equal(RevocationReason.Superseded, list.Find([1], list.IssuerName)?.Reason);
    }

    [Fact]
    public void Every_proper_prefix_of_a_list_and_any_byte_after_it_is_refused()
    {
        var der = new TestList(_root) { Extensions = [Scope(Address)] }.Listing(_root.Leaf()).Encode();
        for (var length = 0; length < der.Length; length++)
            Assert.Throws<FormatException>(() => CertificateRevocationList.FromDer(der.AsSpan(0, length)));
        Assert.Throws<FormatException>(() => CertificateRevocationList.FromDer([.. der, 0]));
    }

    [Fact]
    public void An_extension_that_stands_twice_is_refused() =>
        Assert.Throws<FormatException>(() => new TestList(_root) { Extensions = [TestList.NumberOf(8)] }.Build());

    [Fact]
    public void Lists_are_read_from_pem_and_der_files()
    {
        var der = new TestList(_root).Encode();
        var path = Path.GetTempFileName();
        File.WriteAllBytes(path, der);
        Assert.Equal("CN=Root", Assert.Single(CertificateRevocationList.FromFile(path)).Issuer);
        var pem = PemEncoding.WriteString("X509 CRL", der);
        File.WriteAllText(path, $"{pem}\n{pem}\n");
        Assert.Equal(2, CertificateRevocationList.FromFile(path).Count);
        File.Delete(path);
        Assert.Throws<FormatException>(() => CertificateRevocationList.FromPem("nothing"));
    }

    private Task<CertificateVerdict> HardAsync(X509Certificate2 leaf, TestList list) => VerifyAsync(RevocationMode.HardFail, leaf, list);

    private Task<CertificateVerdict> VerifyAsync(RevocationMode mode, X509Certificate2 leaf, TestList list) =>
        _root.VerifyAsync(new RevocationOptions { GivenLists = [list.Build()], Lists = mode }, leaf);

    private static X509Extension KeyIdentifier(byte[] identifier) => new("2.5.29.35", [0x30, (byte)(identifier.Length + 2), 0x80, (byte)identifier.Length, .. identifier], false);
}

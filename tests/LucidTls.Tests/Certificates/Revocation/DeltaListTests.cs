using System.Security.Cryptography.X509Certificates;
using CsCheck;
using LucidTls.Certificates;
using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Revocation;
using LucidTls.TestSupport;
using static LucidTls.TestSupport.X509Extensions;

namespace LucidTls.Tests.Certificates.Revocation;

/// <summary>Delta lists and the complete ones that they bring up to date (RFC 5280 §5.2.4, §6.3.3).</summary>
public sealed class DeltaListTests
{
    private const string Address = "http://lists.example/1.crl";

    private readonly TestAuthority _root = new();

    /// <summary>Number 5, two days old.</summary>
    private TestList Complete => new(_root) { Number = TestList.NumberOf(5), ThisUpdate = TestAuthority.Now.AddDays(-2) };

    /// <summary>Number 7, made from 5, of yesterday.</summary>
    private TestList Delta => new(_root) { Extensions = [DeltaFrom(5)] };

    [Fact]
    public async Task A_certificate_on_neither_list_is_good_by_the_time_of_the_delta_list()
    {
        var verdict = await HardAsync(_root.Leaf(), Complete, Delta with { NextUpdate = TestAuthority.Now.AddDays(1) });
        Assert.True(verdict.IsAccepted, verdict.Explanation);
        var status = Assert.Single(verdict.Paths[0].Statuses);
        Assert.Equal("CN=a.example is not on the revocation list of \"CN=Root\" of 2026-05-30 12:00 UTC with its delta list of 2026-05-31 12:00 UTC", status.Explanation);
        Assert.Equal((TestAuthority.Now.AddDays(-1), TestAuthority.Now.AddDays(1)), (status.ThisUpdate, status.NextUpdate));
    }

    [Fact]
    public async Task A_certificate_that_the_delta_list_adds_is_refused_in_whichever_order_they_come()
    {
        var leaf = _root.Leaf();
        foreach (var lists in new[] { new[] { Complete, Delta.Listing(leaf) }, [Delta.Listing(leaf), Complete] })
            Assert.Equal("CN=a.example was revoked on 2026-05-30 12:00 UTC (its key was compromised), says the delta revocation list of \"CN=Root\" of 2026-05-31 12:00 UTC", Refused(await HardAsync(leaf, lists)));
    }

    [Fact]
    public async Task A_certificate_that_is_on_the_complete_list_alone_stays_revoked()
    {
        var leaf = _root.Leaf();
        Assert.EndsWith("says the revocation list of \"CN=Root\" of 2026-05-30 12:00 UTC", Refused(await HardAsync(leaf, Complete.Listing(leaf), Delta)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hold_that_the_delta_list_lifts_is_lifted()
    {
        var leaf = _root.Leaf();
        var held = Complete.Listing(leaf, RevocationReason.CertificateHold);
        Refused(await HardAsync(leaf, held, Delta));
        Assert.True((await HardAsync(leaf, held, Delta.Listing(leaf, RevocationReason.RemoveFromCrl))).IsAccepted);
    }

    [Fact]
    public async Task A_complete_list_that_is_out_of_date_counts_with_a_delta_list_that_is_not()
    {
        var old = Complete with { NextUpdate = TestAuthority.Now.AddHours(-1) };
        Assert.Equal(CertificateRule.RevocationStatus, (await HardAsync(_root.Leaf(), old)).Problem?.Rule);
        Assert.True((await HardAsync(_root.Leaf(), old, Delta)).IsAccepted);
    }

    [Fact]
    public async Task A_delta_list_that_is_out_of_date_still_convicts_but_lifts_no_hold()
    {
        var leaf = _root.Leaf();
        var old = Delta with { NextUpdate = TestAuthority.Now.AddHours(-1) };
        Assert.True((await HardAsync(leaf, Complete, old)).IsAccepted);
        Refused(await HardAsync(leaf, Complete, old.Listing(leaf)));
        Assert.True((await HardAsync(leaf, Complete, old.Listing(leaf, RevocationReason.CertificateHold))).IsAccepted);
        Refused(await HardAsync(leaf, Complete.Listing(leaf, RevocationReason.CertificateHold), old.Listing(leaf, RevocationReason.RemoveFromCrl)));
    }

    [Fact]
    public async Task Of_several_delta_lists_the_latest_counts()
    {
        var leaf = _root.Leaf();
        var first = Delta with { Number = TestList.NumberOf(6) };
        Assert.True((await HardAsync(leaf, Complete, first.Listing(leaf, RevocationReason.CertificateHold), Delta.Listing(leaf, RevocationReason.RemoveFromCrl))).IsAccepted);
        Refused(await HardAsync(leaf, Complete, Delta.Listing(leaf), first));
    }

    public static TheoryData<string> Misfits => [.. Misfitting.Keys];

    /// <summary>What keeps a delta list from changing the complete one, number 5 of CN=Root (RFC 5280 §5.2.4).</summary>
    private static readonly Dictionary<string, Func<TestList, TestList>> Misfitting = new()
    {
        ["another issuer"] = list => list with { Issuer = new TestAuthority("Other") },
        ["another key"] = list => list with { Signer = new TestAuthority() },
        ["a scope where the complete one has none"] = list => list with { Extensions = [.. list.Extensions, Scope(Address)] },
        ["another authority key identifier"] = list => list with { Extensions = [.. list.Extensions, new X509Extension("2.5.29.35", [0x30, 5, 0x80, 3, 1, 2, 3], false)] },
        ["a base that is later"] = list => list with { Extensions = [DeltaFrom(6)] },
        ["an earlier number"] = list => list with { Number = TestList.NumberOf(4) },
        ["the same number"] = list => list with { Number = TestList.NumberOf(5) },
        ["from the future"] = list => list with { ThisUpdate = TestAuthority.Now.AddDays(1) },
        ["an extension that is not understood"] = list => list with { Extensions = [.. list.Extensions, new X509Extension("1.2.3.4", [5, 0], true)] },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public async Task A_delta_list_that_does_not_fit_changes_nothing(string misfit)
    {
        var leaf = _root.Leaf(TestAuthority.ListAt(Address));
        var delta = Misfitting[misfit](Delta);
        Assert.True((await HardAsync(leaf, Complete, delta.Listing(leaf))).IsAccepted);
        Refused(await HardAsync(leaf, Complete.Listing(leaf, RevocationReason.CertificateHold), delta.Listing(leaf, RevocationReason.RemoveFromCrl)));
        Assert.Equal(CertificateRule.RevocationStatus, (await HardAsync(leaf, Complete with { NextUpdate = TestAuthority.Now.AddHours(-1) }, delta)).Problem?.Rule);
    }

    [Fact]
    public async Task Lists_of_the_same_scope_fit()
    {
        var leaf = _root.Leaf(TestAuthority.ListAt(Address));
        var complete = Complete with { Extensions = [Scope(Address, flag: 1)] };
        Refused(await HardAsync(leaf, complete, Delta.Listing(leaf) with { Extensions = [DeltaFrom(5), Scope(Address, flag: 1)] }));
        Assert.True((await HardAsync(leaf, complete, Delta.Listing(leaf) with { Extensions = [DeltaFrom(5), Scope(Address)] })).IsAccepted);
    }

    [Fact]
    public async Task A_delta_list_alone_tells_nothing_and_says_what_is_missing()
    {
        var leaf = _root.Leaf();
        var verdict = await HardAsync(leaf, Delta.Listing(leaf));
        Assert.Equal(CertificateRule.RevocationStatus, verdict.Problem?.Rule);
        Assert.Equal("whether CN=a.example was revoked is not known: the revocation list given is a delta list, and the complete one that it changes, number 5 or later, is not there", verdict.Explanation);
    }

    /// <summary>What may happen to a certificate from one list to the next.</summary>
    private static readonly Gen<RevocationReason?> Event = Gen.Int[0, 4].Select(which => new RevocationReason?[] { null, RevocationReason.KeyCompromise, RevocationReason.Superseded, RevocationReason.CertificateHold, RevocationReason.RemoveFromCrl }[which]);

    [Fact]
    public void A_complete_list_with_a_delta_list_says_what_the_next_complete_list_says() => Event.Array[4].Array[1, 6].Sample(history =>
    {
        X509Certificate2[] leaves = [.. Enumerable.Range(0, history[0].Length).Select(_ => _root.Leaf())];
        // The state after each step: who is revoked or held stays so, but for holds that are lifted.
        var states = new List<RevocationReason?[]> { new RevocationReason?[leaves.Length] };
        foreach (var step in history)
            states.Add([.. step.Zip(states[^1], (change, before) => Next(before, change))]);
        for (var first = 0; first < states.Count - 1; first++)
        {
            for (var held = first; held < states.Count - 1; held++)
            {
                // The delta list has who changed since the first, and is put to a later complete one.
                var complete = List(held, index => states[held][index]);
                var delta = List(states.Count - 1, index => Changed(index, first), DeltaFrom(first));
                var next = List(states.Count - 1, index => states[^1][index]);
                for (var index = 0; index < leaves.Length; index++)
                    Assert.Equal(KindOf(leaves[index], next), KindOf(leaves[index], complete, delta));
            }
        }

        // RFC 5280 §5.2.4: whose status is another than on the base or on any list after it.
        RevocationReason? Changed(int index, int first) =>
            states.Skip(first).All(state => state[index] == states[^1][index]) ? null : states[^1][index] ?? RevocationReason.RemoveFromCrl;

        CertificateRevocationList List(int number, Func<int, RevocationReason?> reasonOf, params X509Extension[] extensions)
        {
            var list = new TestList(_root) { Number = TestList.NumberOf(number), Extensions = extensions };
            for (var index = 0; index < leaves.Length; index++)
            {
                if (reasonOf(index) is { } reason)
                    list = list.Listing(leaves[index], reason);
            }
            return list.Build();
        }
    }, iter: 50, threads: 1);

    private static RevocationReason? Next(RevocationReason? before, RevocationReason? change) => (before, change) switch
    {
        (null, RevocationReason.RemoveFromCrl) => null,
        (RevocationReason.CertificateHold, RevocationReason.RemoveFromCrl) => null,
        (null or RevocationReason.CertificateHold, not null) => change,
        _ => before,
    };

    private (CertificateStatusKind Kind, RevocationReason? Reason) KindOf(X509Certificate2 leaf, params CertificateRevocationList[] lists)
    {
        var certificate = Certificate.TryParse(leaf.RawData)!;
        var status = new ListJudge(TestAuthority.Now, TimeSpan.Zero, _ => null).Judge(certificate, Certificate.TryParse(_root.Der)!, lists, CertificateStatusSource.GivenList);
        return (status.Kind, status.Reason);
    }

    private static string Refused(CertificateVerdict verdict)
    {
        Assert.Equal(CertificateRule.NotRevoked, verdict.Problem?.Rule);
        return verdict.Explanation;
    }

    private Task<CertificateVerdict> HardAsync(X509Certificate2 leaf, params TestList[] lists) =>
        _root.VerifyAsync(new RevocationOptions { GivenLists = [.. lists.Select(list => list.Build())], Lists = RevocationMode.HardFail }, leaf);
}

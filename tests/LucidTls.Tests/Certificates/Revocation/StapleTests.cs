using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Revocation;

/// <summary>OCSP responses beside the peer's certificates: one that is right, and each wrong one differs from it in one thing.</summary>
public sealed class StapleTests
{
    private static readonly RevocationOptions Hard = new() { Stapled = RevocationMode.HardFail };

    private readonly TestAuthority _root = new();

    public static TheoryData<string> Goods => [.. Right.Keys];

    private static readonly Dictionary<string, Func<TestResponse, TestResponse>> Right = new()
    {
        ["signed by the authority"] = response => response,
        ["named by key"] = response => response with { IsNamedByKey = true },
        ["SHA-256 id"] = response => response with { Hash = HashAlgorithmName.SHA256 },
        ["without next update, an hour old"] = response => response with { NextUpdate = null },
        ["a little from the future"] = response => response with { ThisUpdate = TestAuthority.Now.AddMinutes(4), ProducedAt = TestAuthority.Now.AddMinutes(4) },
        ["a little out of date"] = response => response with { NextUpdate = TestAuthority.Now.AddMinutes(-4) },
        ["delegated"] = response => Delegated(response, (authority, key) => authority.Responder(key)),
        ["delegated, named by key"] = response => Delegated(response, (authority, key) => authority.Responder(key)) with { IsNamedByKey = true },
        ["delegated without no-check"] = response => Delegated(response, (authority, key) => authority.Responder(key, hasNoCheck: false)),
        ["with a nonce nobody asked for"] = response => response with { Nonce = [1, 2, 3] },
        ["with an unknown extension"] = response => response with { Extension = new X509Extension("1.2.3.4", [5, 0], false) },
    };

    [Theory]
    [MemberData(nameof(Goods))]
    public async Task A_staple_that_is_right_satisfies_a_hard_demand(string name)
    {
        var leaf = _root.Leaf();
        var verdict = await VerifyAsync(Hard, leaf, Right[name](new TestResponse(_root, leaf)));
        Assert.True(verdict.IsAccepted, verdict.Explanation);
        var status = Assert.Single(verdict.Paths[0].Statuses);
        Assert.Equal((CertificateStatusKind.Good, CertificateStatusSource.Staple), (status.Kind, status.Source));
    }

    public static TheoryData<string> Bads => [.. Wrong.Keys];

    private static readonly Dictionary<string, (Func<TestResponse, TestResponse> Change, string Words)> Wrong = new()
    {
        ["try later"] = (response => response with { Status = 3 }, "says to try later"),
        ["unauthorized"] = (response => response with { Status = 6 }, "says that the responder does not answer for this certificate or to us"),
        ["about another certificate"] = (response => response with { About = response.Issuer.Leaf() }, "is about another certificate"),
        ["of another authority"] = (response => response with { Issuer = new TestAuthority() }, "is about another certificate"),
        ["unknown"] = (response => response with { Kind = CertificateStatusKind.Unknown }, "says that the responder does not know the certificate"),
        ["from the future"] = (response => response with { ThisUpdate = TestAuthority.Now.AddMinutes(6) }, "is from the future, 2026-06-01 12:06 UTC"),
        ["produced in the future"] = (response => response with { ProducedAt = TestAuthority.Now.AddMinutes(6) }, "is from the future, 2026-06-01 12:06 UTC"),
        ["out of date"] = (response => response with { NextUpdate = TestAuthority.Now.AddMinutes(-6) }, "was to be replaced on 2026-06-01 11:54 UTC"),
        ["without next update and old"] = (response => response with { NextUpdate = null, ThisUpdate = TestAuthority.Now.AddHours(-25) }, "was to be replaced on 2026-06-01 11:00 UTC"),
        ["ends before it begins"] = (response => response with { NextUpdate = response.ThisUpdate.AddSeconds(-1) }, "is not well-formed DER"),
        ["signed by another key"] = (response => response with { Signer = ECDsa.Create(ECCurve.NamedCurves.nistP256) }, "is not signed by CN=Root or a responder to which it gave that task"),
        ["unknown critical extension"] = (response => response with { Extension = new X509Extension("1.2.3.4", [5, 0], true) }, "has the critical extension 1.2.3.4, which is not understood"),
        ["unknown critical extension of one"] = (response => response with { SingleExtension = new X509Extension("1.2.3.5", [5, 0], true) }, "has the critical extension 1.2.3.5, which is not understood"),
        ["two nonces"] = (response => response with { Nonce = [1], Extension = new X509Extension("1.3.6.1.5.5.7.48.1.2", [4, 1, 2], false) }, "is not well-formed DER"),
        ["a list of no extensions"] = (response => response with { HasEmptyExtensions = true }, "is not well-formed DER"),
        ["delegate without the usage"] = (response => Delegated(response, (authority, key) => authority.Responder(key, hasUsage: false)), "is not signed by CN=Root or a responder"),
        ["delegate of another authority"] = (response => Delegated(response, (_, key) => new TestAuthority().Responder(key)), "is not signed by CN=Root or a responder"),
        ["delegate that expired"] = (response => Delegated(response, (authority, key) => authority.Responder(key, notAfter: TestAuthority.Now.AddDays(-1))), "is signed by CN=Responder, whose certificate is valid from"),
        ["delegate that did not sign"] = (response => Delegated(response, (authority, key) => authority.Responder(key)) with { Signer = ECDsa.Create(ECCurve.NamedCurves.nistP256) }, "is not signed by CN=Root or a responder"),
        ["signed by the certificate itself"] = (response => response with { Responder = response.About, Signer = ECDsa.Create() }, "is not signed by CN=Root or a responder"),
    };

    [Theory]
    [MemberData(nameof(Bads))]
    public async Task A_staple_that_is_wrong_in_one_thing_tells_nothing_and_says_why(string name)
    {
        var (change, words) = Wrong[name];
        var leaf = _root.Leaf();
        var response = change(new TestResponse(_root, leaf));
        var hard = await VerifyAsync(Hard, leaf, response);
        Assert.Equal(CertificateRule.RevocationStatus, hard.Problem?.Rule);
        Assert.Equal(CertificateFailure.UnknownStatus, hard.Failure);
        Assert.Contains(words, hard.Explanation, StringComparison.Ordinal);
        Assert.True((await VerifyAsync(new RevocationOptions(), leaf, response)).IsAccepted);
    }

    [Theory]
    [InlineData(RevocationMode.SoftFail)]
    [InlineData(RevocationMode.HardFail)]
    public async Task A_staple_that_says_revoked_is_a_refusal(RevocationMode mode)
    {
        var leaf = _root.Leaf();
        var response = new TestResponse(_root, leaf) { Kind = CertificateStatusKind.Revoked, Reason = RevocationReason.KeyCompromise };
        var verdict = await VerifyAsync(new RevocationOptions { Stapled = mode }, leaf, response);
        Assert.Equal(CertificateRule.NotRevoked, verdict.Problem?.Rule);
        Assert.Equal("CN=a.example was revoked on 2026-05-30 12:00 UTC (its key was compromised), says the stapled OCSP response of 2026-06-01 11:00 UTC", verdict.Explanation);
    }

    [Fact]
    public async Task An_old_staple_still_convicts_but_not_of_a_hold()
    {
        var leaf = _root.Leaf();
        var old = new TestResponse(_root, leaf) { Kind = CertificateStatusKind.Revoked, NextUpdate = TestAuthority.Now.AddMinutes(-10) };
        Assert.Equal(CertificateRule.NotRevoked, (await VerifyAsync(new(), leaf, old)).Problem?.Rule);
        Assert.True((await VerifyAsync(new(), leaf, old with { Reason = RevocationReason.CertificateHold })).IsAccepted);
    }

    [Fact]
    public async Task Off_means_that_staples_are_not_looked_at()
    {
        var leaf = _root.Leaf(TestAuthority.MustStaple);
        Assert.True((await VerifyAsync(RevocationOptions.Off, leaf, new TestResponse(_root, leaf) { Kind = CertificateStatusKind.Revoked })).IsAccepted);
    }

    [Fact]
    public async Task A_promised_staple_that_does_not_come_is_a_refusal_with_its_own_alert()
    {
        var leaf = _root.Leaf(TestAuthority.MustStaple);
        var verdict = await _root.VerifyAsync(new RevocationOptions(), new CertificateVerificationRequest { Chain = [leaf.RawData], Staples = [default] });
        Assert.Equal(CertificateRule.RevocationStatus, verdict.Problem?.Rule);
        Assert.Equal("CN=a.example promises a stapled OCSP response that calls it good, but the peer stapled no OCSP response", verdict.Explanation);
        Assert.Equal(TlsAlert.BadCertificateStatusResponse, TlsException.FromVerdict(verdict, [leaf.RawData]).Alert);
    }

    [Fact]
    public async Task A_promised_staple_must_call_the_certificate_good_even_if_a_list_does()
    {
        var leaf = _root.Leaf(TestAuthority.MustStaple);
        var options = new RevocationOptions { GivenLists = [new TestList(_root).Build()] };
        var old = new TestResponse(_root, leaf) { NextUpdate = TestAuthority.Now.AddMinutes(-10) };
        Assert.Equal(CertificateRule.RevocationStatus, (await VerifyAsync(options, leaf, old)).Problem?.Rule);
        Assert.True((await VerifyAsync(options, leaf, new TestResponse(_root, leaf))).IsAccepted);
    }

    [Fact]
    public async Task A_promised_staple_that_nobody_asked_for_is_not_missed()
    {
        var leaf = _root.Leaf(TestAuthority.MustStaple);
        Assert.True((await _root.VerifyAsync(new RevocationOptions(), leaf)).IsAccepted);
        Assert.Equal(CertificateRule.RevocationStatus, (await _root.VerifyAsync(Hard, leaf)).Problem?.Rule);
    }

    [Fact]
    public async Task A_staple_for_an_authority_in_the_path_counts_too()
    {
        var intermediate = new TestAuthority("Intermediate", issuer: _root);
        var leaf = intermediate.Leaf();
        var request = new CertificateVerificationRequest
        {
            Chain = [leaf.RawData, intermediate.Der],
            Staples = [new TestResponse(intermediate, leaf).Encode(), new TestResponse(_root, intermediate.Certificate) { Kind = CertificateStatusKind.Revoked }.Encode()],
        };
        var verdict = await _root.VerifyAsync(new RevocationOptions(), request);
        Assert.Equal(CertificateRule.NotRevoked, verdict.Problem?.Rule);
        Assert.Contains("CN=Intermediate was revoked", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_delegate_without_no_check_that_a_list_names_may_not_speak()
    {
        var leaf = _root.Leaf();
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var responder = _root.Responder(key, hasNoCheck: false);
        var options = Hard with { GivenLists = [new TestList(_root).Listing(responder).Build()] };
        var verdict = await VerifyAsync(options, leaf, new TestResponse(_root, leaf) { Signer = key, Responder = responder });
        Assert.Contains("is signed by CN=Responder, whose certificate was revoked", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_staple_is_judged_by_the_clock_each_time()
    {
        var leaf = _root.Leaf();
        var staple = new TestResponse(_root, leaf).Encode();
        var request = new CertificateVerificationRequest { Chain = [leaf.RawData], Staples = [staple] };
        Assert.True((await _root.VerifyAsync(Hard, request)).IsAccepted);
        Assert.False((await _root.VerifyAsync(Hard, request with { Time = TestAuthority.Now.AddDays(4) })).IsAccepted);
    }

    [Fact]
    public void Every_proper_prefix_of_a_response_and_any_byte_after_it_is_refused()
    {
        var leaf = _root.Leaf();
        var der = Delegated(new TestResponse(_root, leaf) { Nonce = [1] }, (authority, key) => authority.Responder(key)).Encode();
        Assert.NotNull(OcspResponse.TryParse(der));
        for (var length = 0; length < der.Length; length++)
            Assert.Null(OcspResponse.TryParse(der.AsSpan(0, length)));
        Assert.Null(OcspResponse.TryParse([.. der, 0]));
    }

    private static TestResponse Delegated(TestResponse response, Func<TestAuthority, ECDsa, X509Certificate2> issue)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return response with { Signer = key, Responder = issue(response.Issuer, key) };
    }

    private Task<CertificateVerdict> VerifyAsync(RevocationOptions options, X509Certificate2 leaf, TestResponse response) =>
        _root.VerifyAsync(options, new CertificateVerificationRequest { Chain = [leaf.RawData], Staples = [response.Encode()] });
}

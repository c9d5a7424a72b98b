using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LucidTls.Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.Tests.Certificates.Fetching;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Revocation;

/// <summary>OCSP by request and lists over HTTP: what comes back is judged as a staple or a given list is, and nothing that comes, or does not, hangs a verification.</summary>
public sealed class FetchTests : IAsyncDisposable
{
    private const string OcspType = "Content-Type: application/ocsp-response\r\n";

    private readonly WebServer _server = new();
    private readonly TestAuthority _root = new();
    private readonly ManualTime _time = new(TestAuthority.Now);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private RevocationOptions HardOcsp => new() { Ocsp = RevocationMode.HardFail, Fetcher = Fetcher() };
    private RevocationOptions HardLists => new() { Ocsp = RevocationMode.Off, Lists = RevocationMode.HardFail, Fetcher = Fetcher() };

    [Fact]
    public async Task A_responder_that_says_good_is_enough_and_is_asked_by_GET_once()
    {
        var leaf = Answering(leaf => new TestResponse(_root, leaf));
        var options = HardOcsp;
        for (var i = 0; i < 3; i++)
        {
            var verdict = await _root.VerifyAsync(options, leaf);
            Assert.True(verdict.IsAccepted, verdict.Explanation);
            Assert.Equal(CertificateStatusSource.Ocsp, Assert.Single(verdict.Paths[0].Statuses).Source);
        }
        Assert.StartsWith("/ocsp/MF", Assert.Single(_server.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_is_asked_for_again_when_its_life_is_over()
    {
        var leaf = Answering(leaf => new TestResponse(_root, leaf));
        var options = HardOcsp;
        await _root.VerifyAsync(options, leaf);
        _time.Advance(TimeSpan.FromDays(2));
        await _root.VerifyAsync(options, leaf);
        Assert.Single(_server.Requests);
        _time.Advance(TimeSpan.FromDays(1));
        await _root.VerifyAsync(options, leaf);
        Assert.Equal(2, _server.Requests.Count);
    }

    [Theory]
    [InlineData(RevocationMode.SoftFail)]
    [InlineData(RevocationMode.HardFail)]
    public async Task A_responder_that_says_revoked_is_a_refusal(RevocationMode mode)
    {
        var leaf = Answering(leaf => new TestResponse(_root, leaf) { Kind = CertificateStatusKind.Revoked });
        var verdict = await _root.VerifyAsync(new RevocationOptions { Ocsp = mode, Fetcher = Fetcher() }, leaf);
        Assert.Equal(CertificateRule.NotRevoked, verdict.Problem?.Rule);
    }

    [Fact]
    public async Task Requests_made_at_one_time_are_one()
    {
        var leaf = Answering(leaf => new TestResponse(_root, leaf));
        var options = HardOcsp;
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _root.VerifyAsync(options, leaf)));
        Assert.All(verdicts, verdict => Assert.True(verdict.IsAccepted, verdict.Explanation));
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task A_nonce_is_sent_by_POST_and_must_come_back_as_it_was()
    {
        var leaf = _root.Leaf(TestAuthority.ResponderAt(_server.Url("/ocsp")));
        var echo = true;
        _server.Serve("/ocsp", async (stream, stop) =>
        {
            var nonce = _server.Bodies.Last()[^32..];
            if (!echo)
                nonce[0] ^= 1;
            await stream.WriteAsync(Http(new TestResponse(_root, leaf) { Nonce = nonce }.Encode(), OcspType), stop);
        });
        Assert.True((await _root.VerifyAsync(HardOcsp with { Fetcher = Fetcher(nonce: true) }, leaf)).IsAccepted);
        echo = false;
        Assert.Contains("another nonce", (await _root.VerifyAsync(HardOcsp with { Fetcher = Fetcher(nonce: true) }, leaf)).Explanation, StringComparison.Ordinal);
        _server.Serve("/ocsp", new TestResponse(_root, leaf).Encode(), headers: OcspType);
        Assert.True((await _root.VerifyAsync(HardOcsp with { Fetcher = Fetcher(nonce: true) }, leaf)).IsAccepted);
    }

    public static TheoryData<string> Failures => [.. Answers.Keys];

    private static readonly Dictionary<string, (Func<byte[], byte[]> Change, string Words)> Answers = new()
    {
        ["wrong type"] = (body => Http(body, "Content-Type: text/html\r\n"), "the answer is of the type text/html, not application/ocsp-response"),
        ["no type"] = (body => Http(body, ""), "the answer is of the type none, not application/ocsp-response"),
        ["not found"] = (_ => Http([], OcspType, 404), "the server answered with the status 404"),
        ["redirect"] = (_ => Http([], "Location: http://127.0.0.1/\r\n", 301), "the server answered with the status 301"),
        ["oversize"] = (_ => Http(new byte[64 * 1024 + 1], OcspType), "the answer has 65537 bytes, of 65536 allowed"),
        ["rubbish"] = (_ => Http([1, 2, 3], OcspType), "the answer is not well-formed DER"),
        ["cut off"] = (body => Http(body, OcspType)[..^1], "could not be asked"),
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task An_answer_that_is_none_is_told_and_refuses_only_where_one_is_demanded(string name)
    {
        var (change, words) = Answers[name];
        var leaf = _root.Leaf(TestAuthority.ResponderAt(_server.Url("/ocsp")));
        _server.ServeRaw("/ocsp", change(new TestResponse(_root, leaf).Encode()));
        var verdict = await _root.VerifyAsync(HardOcsp, leaf);
        Assert.Equal(CertificateRule.RevocationStatus, verdict.Problem?.Rule);
        Assert.Contains(words, verdict.Explanation, StringComparison.Ordinal);
        Assert.True((await _root.VerifyAsync(new RevocationOptions { Fetcher = Fetcher() }, leaf)).IsAccepted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_responder_that_is_silent_or_drips_is_given_up_at_the_deadline(bool drips)
    {
        var leaf = _root.Leaf(TestAuthority.ResponderAt(_server.Url("/ocsp")));
        var asked = new TaskCompletionSource();
        _server.Serve("/ocsp", async (stream, stop) =>
        {
            if (drips)
                await DripAsync(stream, stop);
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, stop);
        });
        var verifying = _root.VerifyAsync(HardOcsp, leaf);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.False(verifying.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Contains("there was no answer within 5 s", (await verifying).Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_is_not_tried_again_within_a_minute()
    {
        var leaf = _root.Leaf(TestAuthority.ResponderAt(_server.Url("/ocsp")));
        _server.Serve("/ocsp", [], status: 503);
        var options = HardOcsp;
        await _root.VerifyAsync(options, leaf);
        await _root.VerifyAsync(options, leaf);
        Assert.Single(_server.Requests);
        _time.Advance(TimeSpan.FromMinutes(1));
        await _root.VerifyAsync(options, leaf);
        Assert.Equal(2, _server.Requests.Count);
    }

    [Fact]
    public async Task Private_addresses_are_asked_only_when_that_is_allowed()
    {
        var leaf = Answering(leaf => new TestResponse(_root, leaf));
        var verdict = await _root.VerifyAsync(HardOcsp with { Fetcher = new RevocationFetcher { TimeProvider = _time } }, leaf);
        Assert.Contains("the address is not a public one, which only the option AllowPrivateAddresses allows", verdict.Explanation, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task Nobody_is_asked_by_default()
    {
        var leaf = Answering(leaf => new TestResponse(_root, leaf) { Kind = CertificateStatusKind.Revoked });
        var verdict = await _root.VerifyAsync(new RevocationOptions(), leaf);
        Assert.True(verdict.IsAccepted);
        Assert.Empty(verdict.Paths[0].Statuses);
        Assert.Contains("no fetcher is configured", (await _root.VerifyAsync(new RevocationOptions { Ocsp = RevocationMode.HardFail }, leaf)).Explanation, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task Nobody_is_asked_about_a_path_that_is_bad_anyway()
    {
        var leaf = Answering(leaf => new TestResponse(_root, leaf));
        var other = new TestAuthority("Other");
        Assert.False((await other.VerifyAsync(HardOcsp, leaf)).IsAccepted);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task A_good_staple_saves_the_request()
    {
        var leaf = Answering(leaf => new TestResponse(_root, leaf));
        Assert.True((await _root.VerifyAsync(HardOcsp, new CertificateVerificationRequest { Chain = [leaf.RawData], Staples = [new TestResponse(_root, leaf).Encode()] })).IsAccepted);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task A_list_is_fetched_once_and_tells_good_from_revoked()
    {
        var address = _server.Url("/1.crl");
        var (good, revoked) = (_root.Leaf(TestAuthority.ListAt(address)), _root.Leaf(TestAuthority.ListAt(address)));
        _server.Serve("/1.crl", new TestList(_root) { Extensions = [X509Extensions.Scope(address)] }.Listing(revoked).Encode());
        var options = HardLists;
        Assert.True((await _root.VerifyAsync(options, good)).IsAccepted);
        Assert.Equal(CertificateRule.NotRevoked, (await _root.VerifyAsync(options, revoked)).Problem?.Rule);
        Assert.Equal(["/1.crl"], _server.Requests);
    }

    [Fact]
    public async Task A_list_that_does_not_come_or_is_another_authoritys_refuses_only_where_one_is_demanded()
    {
        var leaf = _root.Leaf(TestAuthority.ListAt(_server.Url("/1.crl")));
        _server.Serve("/1.crl", Encoding.ASCII.GetBytes("<html>"));
        Assert.Contains("could not be fetched: the answer is not well-formed DER", (await _root.VerifyAsync(HardLists, leaf)).Explanation, StringComparison.Ordinal);
        _server.Serve("/1.crl", new TestList(new TestAuthority("Other")).Encode());
        Assert.Contains("none of the revocation lists fetched speaks of it", (await _root.VerifyAsync(HardLists, leaf)).Explanation, StringComparison.Ordinal);
        _server.Serve("/1.crl", new TestList(_root).Encode());
        Assert.Contains("more than the 16 bytes allowed", (await _root.VerifyAsync(HardLists with { Fetcher = new RevocationFetcher { TimeProvider = _time, AllowPrivateAddresses = true, MaxListBytes = 16 } }, leaf)).Explanation.Replace("bytes, of 16 allowed", "more than the 16 bytes allowed", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.True((await _root.VerifyAsync(HardLists with { Lists = RevocationMode.SoftFail }, leaf)).IsAccepted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_delta_list_is_fetched_where_the_certificate_or_the_complete_list_says(bool isInCertificate)
    {
        var deltas = X509Extensions.DeltasAt(_server.Url("/delta.crl"));
        X509Certificate2 Leaf() => _root.Leaf([TestAuthority.ListAt(_server.Url("/1.crl")), .. isInCertificate ? new[] { deltas } : []]);
        var (good, revoked) = (Leaf(), Leaf());
        _server.Serve("/1.crl", new TestList(_root) { Extensions = isInCertificate ? [] : [deltas] }.Encode());
        _server.Serve("/delta.crl", new TestList(_root) { Number = TestList.NumberOf(8), Extensions = [X509Extensions.DeltaFrom(7)] }.Listing(revoked).Encode());
        var options = HardLists;
        Assert.True((await _root.VerifyAsync(options, good)).IsAccepted);
        Assert.Contains("says the delta revocation list", (await _root.VerifyAsync(options, revoked)).Explanation, StringComparison.Ordinal);
        Assert.Equal(["/1.crl", "/delta.crl"], _server.Requests);
    }

    [Fact]
    public async Task A_delta_list_that_does_not_come_is_told_and_the_complete_list_counts_alone()
    {
        var leaf = _root.Leaf(TestAuthority.ListAt(_server.Url("/1.crl")), X509Extensions.DeltasAt(_server.Url("/delta.crl")));
        _server.Serve("/1.crl", new TestList(_root).Encode());
        _server.Serve("/delta.crl", [], status: 404);
        var verdict = await _root.VerifyAsync(HardLists, leaf);
        Assert.True(verdict.IsAccepted, verdict.Explanation);
        Assert.Equal([CertificateStatusKind.Unknown, CertificateStatusKind.Good], verdict.Paths[0].Statuses.Select(status => status.Kind));
        Assert.Contains("/delta.crl could not be fetched: the server answered with the status 404", verdict.Paths[0].Statuses[0].Explanation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_delta_list_is_fetched_for_a_complete_one_that_is_given(bool isInCertificate)
    {
        var deltas = X509Extensions.DeltasAt(_server.Url("/delta.crl"));
        X509Certificate2 Leaf() => isInCertificate ? _root.Leaf(deltas) : _root.Leaf();
        var (good, revoked, held) = (Leaf(), Leaf(), Leaf());
        var complete = new TestList(_root) { Extensions = isInCertificate ? [] : [deltas] }.Listing(held, RevocationReason.CertificateHold);
        _server.Serve("/delta.crl", new TestList(_root) { Number = TestList.NumberOf(8), Extensions = [X509Extensions.DeltaFrom(7)] }.Listing(revoked).Listing(held, RevocationReason.RemoveFromCrl).Encode());
        foreach (var given in new[] { complete, complete with { NextUpdate = TestAuthority.Now.AddHours(-1) } })
        {
            var options = HardLists with { GivenLists = [given.Build()] };
            Assert.True((await _root.VerifyAsync(options, good)).IsAccepted);
            Assert.True((await _root.VerifyAsync(options, held)).IsAccepted);
            Assert.Contains("says the delta revocation list", (await _root.VerifyAsync(options, revoked)).Explanation, StringComparison.Ordinal);
        }
        Assert.Equal(["/delta.crl", "/delta.crl"], _server.Requests);
    }

    [Fact]
    public async Task A_delta_list_that_does_not_come_leaves_the_given_list_as_it_was()
    {
        var leaf = _root.Leaf();
        var complete = new TestList(_root) { Extensions = [X509Extensions.DeltasAt(_server.Url("/delta.crl"))] };
        _server.Serve("/delta.crl", [], status: 404);
        var verdict = await _root.VerifyAsync(HardLists with { GivenLists = [complete.Build()] }, leaf);
        Assert.True(verdict.IsAccepted, verdict.Explanation);
        Assert.Equal([(CertificateStatusKind.Unknown, CertificateStatusSource.FetchedList), (CertificateStatusKind.Good, CertificateStatusSource.GivenList)], verdict.Paths[0].Statuses.Select(status => (status.Kind, status.Source)));
        Assert.False((await _root.VerifyAsync(HardLists with { GivenLists = [complete.Listing(leaf).Build()] }, leaf)).IsAccepted);
    }

    [Fact]
    public async Task Nobody_is_asked_for_a_delta_list_that_would_tell_nothing_or_by_a_stranger()
    {
        var leaf = _root.Leaf();
        var list = new TestList(_root) { Extensions = [X509Extensions.DeltasAt(_server.Url("/delta.crl"))] };
        _server.Serve("/delta.crl", [], status: 404);
        await _root.VerifyAsync(HardLists with { GivenLists = [(list with { Signer = new TestAuthority() }).Build()] }, leaf);
        await _root.VerifyAsync(HardLists with { GivenLists = [(list with { Extensions = [.. list.Extensions, X509Extensions.Scope(flag: 2)] }).Build()] }, leaf);
        await _root.VerifyAsync(HardLists with { GivenLists = [list.Build()], Lists = RevocationMode.Off }, leaf);
        await _root.VerifyAsync(HardLists with { GivenLists = [list.Build()] }, new CertificateVerificationRequest { Chain = [leaf.RawData], Staples = [new TestResponse(_root, leaf).Encode()] });
        Assert.Empty(_server.Requests);
        await _root.VerifyAsync(HardLists with { GivenLists = [list.Build()] }, leaf);
        Assert.Equal(["/delta.crl"], _server.Requests);
    }

    [Fact]
    public async Task An_indirect_list_is_fetched_and_kept()
    {
        var address = _server.Url("/all.crl");
        var lister = new TestAuthority("Lister", X509KeyUsageFlags.CrlSign, _root);
        X509Certificate2 Leaf() => _root.Leaf(TestAuthority.ListAt(address, crlIssuer: lister.Name));
        var (good, revoked) = (Leaf(), Leaf());
        _server.Serve("/all.crl", new TestList(lister) { Extensions = [X509Extensions.Scope(address, flag: 4)] }.ListingOf(_root.Name, revoked).Encode());
        var options = HardLists with { ListIssuers = [lister.Der] };
        Assert.True((await _root.VerifyAsync(options, good)).IsAccepted);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(CertificateRule.NotRevoked, (await _root.VerifyAsync(options, revoked)).Problem?.Rule);
        Assert.Equal(["/all.crl"], _server.Requests);
    }

    [Fact]
    public async Task A_list_that_its_issuer_did_not_sign_leads_to_no_other_address()
    {
        var leaf = _root.Leaf(TestAuthority.ListAt(_server.Url("/1.crl")));
        _server.Serve("/1.crl", new TestList(_root) { Signer = new TestAuthority(), Extensions = [X509Extensions.DeltasAt(_server.Url("/delta.crl"))] }.Encode());
        Assert.False((await _root.VerifyAsync(HardLists, leaf)).IsAccepted);
        Assert.Equal(["/1.crl"], _server.Requests);
    }

    [Fact]
    public async Task Where_a_responder_is_silent_a_list_may_answer()
    {
        var leaf = _root.Leaf(TestAuthority.ResponderAt(_server.Url("/ocsp")), TestAuthority.ListAt(_server.Url("/1.crl")));
        _server.Serve("/ocsp", [], status: 500);
        _server.Serve("/1.crl", new TestList(_root).Encode());
        var options = new RevocationOptions { Lists = RevocationMode.HardFail, Fetcher = Fetcher() };
        var verdict = await _root.VerifyAsync(options, leaf);
        Assert.True(verdict.IsAccepted, verdict.Explanation);
        Assert.Equal([CertificateStatusKind.Unknown, CertificateStatusKind.Good], verdict.Paths[0].Statuses.Select(status => status.Kind));
        Assert.False((await _root.VerifyAsync(options with { Ocsp = RevocationMode.HardFail }, leaf)).IsAccepted);
    }

    private RevocationFetcher Fetcher(bool nonce = false) => new() { TimeProvider = _time, AllowPrivateAddresses = true, SendNonce = nonce };

    private X509Certificate2 Answering(Func<X509Certificate2, TestResponse> response)
    {
        var leaf = _root.Leaf(TestAuthority.ResponderAt(_server.Url("/ocsp")));
        _server.Serve("/ocsp", response(leaf).Encode(), headers: OcspType);
        return leaf;
    }

    private static byte[] Http(byte[] body, string headers, int status = 200) =>
        [.. Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Answer\r\nContent-Length: {body.Length}\r\nConnection: close\r\n{headers}\r\n"), .. body];

    private static async Task DripAsync(NetworkStream stream, CancellationToken stop)
    {
        foreach (var one in Http(new byte[1000], OcspType)[..200])
            await stream.WriteAsync(new[] { one }, stop);
    }
}

using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LucidTls.Certificates;
using LucidTls.Certificates.Fetching;

namespace LucidTls.Tests.Certificates.Fetching;

/// <summary>Missing intermediates are got where the certificate says, when asked for and within limits; no answer does harm.</summary>
public sealed class IssuerFetcherTests : IAsyncDisposable
{
    private readonly WebServer _server = new();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Without_a_fetcher_the_verdict_says_where_the_issuer_can_be_had()
    {
        var chain = Chain(1);
        var verdict = await VerifyAsync(chain, null);
        Assert.Contains($"the peer sent only its own certificate; the issuer of CN=Leaf, \"CN=Authority 1\", is not a trust anchor; the certificate says that its issuer can be had at {_server.Url("/0")}", verdict.Explanation, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task A_missing_intermediate_is_got()
    {
        var chain = Chain(1);
        var verdict = await VerifyAsync(chain, Fetcher());
        Assert.True(verdict.IsAccepted, verdict.Explanation);
        Assert.Equal([chain.Certificates[0], chain.Certificates[1], chain.Root], verdict.Path.Select(der => der.ToArray()));
        Assert.Equal(["/0"], _server.Requests);
    }

    [Fact]
    public async Task Three_missing_in_a_row_are_got_and_no_more()
    {
        Assert.True((await VerifyAsync(Chain(3), Fetcher())).IsAccepted);
        Assert.Equal(["/0", "/1", "/2"], _server.Requests);
        _server.Requests.Clear();
        Assert.False((await VerifyAsync(Chain(4), Fetcher())).IsAccepted);
        Assert.Equal(["/0", "/1", "/2"], _server.Requests);
    }

    [Fact]
    public async Task A_complete_chain_costs_no_request()
    {
        var chain = Chain(2);
        Assert.True((await VerifyAsync(chain, Fetcher(), sent: 3)).IsAccepted);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task A_path_that_is_bad_for_another_reason_costs_no_request()
    {
        var chain = Chain(1);
        var verdict = await VerifyAsync(chain, Fetcher(), sent: 2, name: "b.example");
        Assert.Equal(CertificateFailure.WrongName, verdict.Failure);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task A_second_path_that_ends_nowhere_costs_no_request_when_the_first_is_whole()
    {
        var chain = Chain(1);
        chain.Certificates.Add(chain.CrossSigned(1, _server.Serve("/elsewhere", [], status: 404)));
        var verdict = await VerifyAsync(chain, Fetcher(), sent: 3, name: "b.example");
        Assert.Equal((CertificateFailure.WrongName, 2), (verdict.Failure, verdict.Paths.Count));
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task An_answer_may_be_PKCS7_or_PEM()
    {
        var chain = Chain(1);
        _server.Serve("/0", Pkcs7(chain.Root, chain.Certificates[1]));
        Assert.True((await VerifyAsync(chain, Fetcher())).IsAccepted);
        _server.Serve("/0", Encoding.ASCII.GetBytes(System.Security.Cryptography.PemEncoding.WriteString("CERTIFICATE", chain.Certificates[1])));
        Assert.True((await VerifyAsync(chain, Fetcher())).IsAccepted);
    }

    [Fact]
    public async Task The_second_address_is_asked_when_the_first_has_nothing()
    {
        var chain = new ForgetfulChain([_server.Url("/gone"), "ldap://127.0.0.1/cn=x", _server.Url("/there")], []);
        _server.Serve("/gone", [], status: 404);
        _server.Serve("/there", chain.Certificates[1]);
        Assert.True((await VerifyAsync(chain, Fetcher())).IsAccepted);
        Assert.Equal(["/gone", "/there"], _server.Requests);
    }

    [Fact]
    public async Task No_more_addresses_are_asked_than_allowed()
    {
        var chain = new ForgetfulChain([.. Enumerable.Range(0, 20).Select(i => _server.Serve($"/{i}", [], status: 404))], []);
        Assert.False((await VerifyAsync(chain, Fetcher())).IsAccepted);
        Assert.Equal(4, _server.Requests.Count);
    }

    [Fact]
    public async Task What_was_got_is_kept_for_a_day_and_what_failed_for_five_minutes()
    {
        var time = new Clock();
        var fetcher = new IssuerFetcher { AllowPrivateAddresses = true, TimeProvider = time };
        var chain = Chain(1);
        await ExpectAsync(isAccepted: true, requests: 1);
        time.Now += TimeSpan.FromHours(23);
        await ExpectAsync(isAccepted: true, requests: 1);
        time.Now += TimeSpan.FromHours(2);
        _server.Serve("/0", [], status: 500);
        await ExpectAsync(isAccepted: false, requests: 2);
        _server.Serve("/0", chain.Certificates[1]);
        await ExpectAsync(isAccepted: false, requests: 2);
        time.Now += TimeSpan.FromMinutes(6);
        await ExpectAsync(isAccepted: true, requests: 3);

        async Task ExpectAsync(bool isAccepted, int requests)
        {
            Assert.Equal(isAccepted, (await VerifyAsync(chain, fetcher)).IsAccepted);
            Assert.Equal(requests, _server.Requests.Count);
        }
    }

    [Fact]
    public async Task Many_verifications_at_once_make_one_request()
    {
        var chain = Chain(1);
        var gate = new TaskCompletionSource();
        var body = chain.Certificates[1];
        _server.Serve("/0", async (stream, stop) =>
        {
            await gate.Task.WaitAsync(stop);
            await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n"), .. body], stop);
        });
        var fetcher = Fetcher();
        var verifications = Enumerable.Range(0, 20).Select(_ => VerifyAsync(chain, fetcher)).ToList();
        gate.SetResult();
        Assert.All(await Task.WhenAll(verifications), verdict => Assert.True(verdict.IsAccepted, verdict.Explanation));
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task Private_addresses_are_asked_for_nothing_unless_that_is_allowed()
    {
        var verdict = await VerifyAsync(Chain(1), new IssuerFetcher());
        Assert.Contains($"can be had at {_server.Url("/0")}, but the address is not a public one, which only the option AllowPrivateAddresses allows", verdict.Explanation, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("172.32.0.1", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.100.100.200", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    public void Public_addresses_are_told_from_others(string address, bool isPublic) =>
        Assert.Equal(isPublic, PublicAddresses.Contains(IPAddress.Parse(address)));

    public static TheoryData<string, string> HostileAnswers => new()
    {
        { "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "the server answered with the status 404" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "the answer is no certificate" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "the answer is no certificate" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\n", "the answer has 2000000000 bytes, of 131072 allowed" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", "prematurely" },
        { "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + new string('x', 140_000), "the answer has more than the 131072 bytes allowed" },
        { "HTTP/1.1 200 OK\r\nX: " + new string('x', 20_000) + "\r\n\r\n", "header" },
        { "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", "it is not an http: address" },
        { "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "it is not an http: address" },
        { "HTTP/1.1 302 Found\r\nLocation: /0\r\nContent-Length: 0\r\n\r\n", "the server redirects more than 2 times" },
        { "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "the server answered with the status 302" },
        { "220 mail.example ESMTP\r\n", "" },
        { "", "" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0\u0080\u0006\u0009*\u0086H\u0086\u00F7", "the answer is no certificate" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n0\r\u0006\u0009*\u0086H\u0086\u00F7\r\u0001\u0007\u0002\u0005\u0000", "the answer cannot be read: The PKCS#7 is malformed" },
    };

    [Theory]
    [MemberData(nameof(HostileAnswers))]
    public async Task A_hostile_answer_is_a_sentence(string answer, string sentence)
    {
        var chain = Chain(1);
        _server.ServeRaw("/0", Encoding.Latin1.GetBytes(answer));
        var verdict = await VerifyAsync(chain, Fetcher());
        Assert.Equal(CertificateFailure.UnknownIssuer, verdict.Failure);
        Assert.Contains($"can be had at {_server.Url("/0")}, but ", verdict.Explanation, StringComparison.Ordinal);
        Assert.Contains(sentence, verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_waited_for_until_the_deadline()
    {
        var chain = Chain(1);
        _server.Serve("/0", (_, stop) => Task.Delay(Timeout.Infinite, stop));
        var verdict = await VerifyAsync(chain, new IssuerFetcher { AllowPrivateAddresses = true, Deadline = TimeSpan.FromMilliseconds(50) });
        Assert.Contains("but there was no answer within 0.05 s", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_verification_that_is_cancelled_leaves_the_others_alone()
    {
        var chain = Chain(1);
        var asked = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        _server.Serve("/0", async (stream, stop) =>
        {
            asked.SetResult();
            await gate.Task.WaitAsync(stop);
            await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {chain.Certificates[1].Length}\r\n\r\n"), .. chain.Certificates[1]], stop);
        });
        var fetcher = Fetcher();
        using var cancel = new CancellationTokenSource();
        var cancelled = VerifyAsync(chain, fetcher, cancellationToken: cancel.Token);
        var other = VerifyAsync(chain, fetcher);
        await asked.Task;
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        gate.SetResult();
        Assert.True((await other).IsAccepted);
    }

    [Fact]
    public async Task Another_certificate_than_the_issuers_is_of_no_use()
    {
        var chain = Chain(1);
        _server.Serve("/0", chain.Root);
        var verdict = await VerifyAsync(chain, Fetcher());
        Assert.Contains("but what is there is the certificate of CN=Root", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authority_of_the_right_name_with_another_key_is_of_no_use()
    {
        var (chain, other) = (Chain(1), Chain(1));
        _server.Serve("/0", other.Certificates[1]);
        var verdict = await VerifyAsync(chain, Fetcher());
        Assert.False(verdict.IsAccepted);
        Assert.Contains("with another key", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificates_that_name_each_other_make_no_loop()
    {
        var chain = new ForgetfulChain([_server.Url("/0")], [_server.Url("/1")], [_server.Url("/0")]);
        _server.Serve("/0", chain.Certificates[1]);
        _server.Serve("/1", chain.Certificates[1]);
        Assert.False((await VerifyAsync(chain, Fetcher())).IsAccepted);
        Assert.Equal(["/0", "/1"], _server.Requests);
    }

    private static IssuerFetcher Fetcher() => new() { AllowPrivateAddresses = true };

    private static byte[] Pkcs7(params byte[][] certificates)
    {
        var collection = new X509Certificate2Collection();
        foreach (var certificate in certificates)
            collection.Add(X509CertificateLoader.LoadCertificate(certificate));
        return collection.Export(X509ContentType.Pkcs7)!;
    }

    /// <summary>A leaf below that many authorities below the root, each to be had at the number of the one below it.</summary>
    private ForgetfulChain Chain(int missing)
    {
        var chain = new ForgetfulChain([.. Enumerable.Range(0, missing + 1).Select(level => level == missing ? Array.Empty<string>() : [_server.Url($"/{level}")])]);
        for (var level = 0; level < missing; level++)
            _server.Serve($"/{level}", chain.Certificates[level + 1]);
        return chain;
    }

    private static async Task<CertificateVerdict> VerifyAsync(ForgetfulChain chain, IssuerFetcher? fetcher, int sent = 1, string name = "a.example", CancellationToken? cancellationToken = null)
    {
        var verifier = new CertificateVerifier(new CertificateVerifierOptions { TrustStore = TrustStore.FromCertificates([chain.Root]), IssuerFetcher = fetcher });
        return await verifier.VerifyAsync([.. chain.Certificates.Take(sent).Select(der => (ReadOnlyMemory<byte>)der)], name, CertificatePurpose.Server, cancellationToken ?? TestContext.Current.CancellationToken);
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}

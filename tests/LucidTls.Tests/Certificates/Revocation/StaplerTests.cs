using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates.Revocation;
using LucidTls.Tests.Certificates.Fetching;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates.Revocation;

/// <summary>The background refresher of an identity's staples.</summary>
public sealed class StaplerTests : IAsyncDisposable
{
    private const string OcspType = "Content-Type: application/ocsp-response\r\n";

    private readonly WebServer _server = new();
    private readonly TestAuthority _root = new();
    private readonly ManualTime _time = new(TestAuthority.Now);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _leaf;
    private readonly TlsIdentity _identity;

    public StaplerTests()
    {
        _leaf = _root.Leaf(_key, "a.example", TestAuthority.ResponderAt(_server.Url("/ocsp")));
        _identity = TlsIdentity.FromKey([_leaf.RawData], _key);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task The_first_response_is_stapled()
    {
        var response = Serve(new TestResponse(_root, _leaf));
        await using var stapler = Start();
        await stapler.Ready;
        Assert.True(stapler.HasWork);
        Assert.Null(stapler.Problem);
        Assert.Equal(response, Assert.Single(_identity.Staples).ToArray());
    }

    [Fact]
    public async Task It_asks_again_at_half_of_the_responses_life_give_or_take_a_tenth()
    {
        Serve(new TestResponse(_root, _leaf) { ThisUpdate = TestAuthority.Now, ProducedAt = TestAuthority.Now, NextUpdate = TestAuthority.Now.AddHours(10) });
        await using var stapler = Start();
        var wait = await _time.TimerAsync(due => due > TimeSpan.FromHours(1));
        Assert.InRange(wait, TimeSpan.FromHours(4.5), TimeSpan.FromHours(5.5));
        var renewed = Serve(new TestResponse(_root, _leaf) { ThisUpdate = TestAuthority.Now.AddHours(4), ProducedAt = TestAuthority.Now.AddHours(4), NextUpdate = TestAuthority.Now.AddHours(40) });
        _time.Advance(wait);
        await _time.TimerAsync(due => due > TimeSpan.FromHours(10));
        Assert.Equal(renewed, _identity.Staples[0].ToArray());
        Assert.Equal(2, _server.Requests.Count);
    }

    [Fact]
    public async Task The_last_good_one_stays_while_the_responder_is_down_until_it_expires()
    {
        var response = Serve(new TestResponse(_root, _leaf) { ThisUpdate = TestAuthority.Now, ProducedAt = TestAuthority.Now, NextUpdate = TestAuthority.Now.AddMinutes(4) });
        await using var stapler = Start();
        var half = await _time.TimerAsync(due => due > TimeSpan.FromMinutes(1.7));
        _server.Serve("/ocsp", [], status: 500);
        _time.Advance(half);
        // It tries again after about one minute, and then would after two, but the staple ends before.
        var first = await _time.TimerAsync(due => due > TimeSpan.FromSeconds(50) && due < TimeSpan.FromSeconds(67));
        Assert.Equal(response, _identity.Staples[0].ToArray());
        Assert.NotNull(stapler.Problem);
        _time.Advance(first);
        _time.Advance(await _time.TimerAsync(due => due > TimeSpan.FromSeconds(10)));
        await _time.TimerAsync(due => due > TimeSpan.FromSeconds(10));
        Assert.True(_identity.Staples[0].IsEmpty);
        Assert.Contains("the server answered with the status 500", stapler.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_a_response_for_the_certificate_is_not_stapled()
    {
        Serve(new TestResponse(_root, _root.Leaf()));
        await using var stapler = Start();
        await stapler.Ready;
        Assert.Empty(_identity.Staples);
        Assert.Equal("the OCSP response is about another certificate", stapler.Problem);
    }

    [Fact]
    public async Task Without_a_responder_or_an_issuer_there_is_nothing_to_do()
    {
        await using var withoutIssuer = new OcspStapler(_identity, new RevocationFetcher { TimeProvider = _time, AllowPrivateAddresses = true });
        Assert.False(withoutIssuer.HasWork);
        await using var withoutResponder = new OcspStapler(TlsIdentity.FromKey([_root.Leaf(_key, "a.example").RawData], _key), null, [_root.Der]);
        Assert.False(withoutResponder.HasWork);
        Assert.Empty(_server.Requests);
    }

    private OcspStapler Start() => new(_identity, new RevocationFetcher { TimeProvider = _time, AllowPrivateAddresses = true }, [_root.Der]);

    private byte[] Serve(TestResponse response)
    {
        var der = response.Encode();
        _server.Serve("/ocsp", der, headers: OcspType);
        return der;
    }
}

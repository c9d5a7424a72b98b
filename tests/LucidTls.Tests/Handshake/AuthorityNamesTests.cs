using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.Tests.Connections;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Handshake;

/// <summary>Which authorities a server names to its clients (RFC 8446 §4.2.4, RFC 5246 §7.4.4), and what our clients make of it.</summary>
public sealed class AuthorityNamesTests
{
    private static readonly TestPki Pki = new();
    private static readonly TestPki Other = new(name: "Other");

    /// <summary>When a server asks.</summary>
    public enum Asking
    {
        InTls13,
        InTls12,
        AfterTheHandshake,
    }

    public static TheoryData<Asking> Ways => [.. Enum.GetValues<Asking>()];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Clients_are_told_the_roots_that_they_are_judged_by(Asking asking) =>
        Assert.Equal(["CN=LucidTls Test Root", "CN=Other Root"], await ToldAsync(asking, CertificateVerifier.FromRoots([Pki.Root, Other.Root])));

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_list_that_is_given_wins(Asking asking) =>
        Assert.Equal(["CN=A", "CN=B"], await ToldAsync(asking, CertificateVerifier.FromRoots([Pki.Root]), [Name("CN=A"), Name("CN=B")]));

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task An_empty_list_that_is_given_names_none(Asking asking) =>
        Assert.Empty(await ToldAsync(asking, CertificateVerifier.FromRoots([Pki.Root]), []));

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task The_system_s_roots_are_not_named(Asking asking) => Assert.Empty(await ToldAsync(asking, CertificateVerifier.System));

    [Fact]
    public async Task Anchors_for_servers_alone_are_not_named()
    {
        var store = TrustStore.FromAnchors([new TrustAnchor(Pki.Root) { Purposes = [CertificatePurpose.Server] }, new TrustAnchor(Other.Root) { Purposes = [CertificatePurpose.Client] }]);
        Assert.Equal(["CN=Other Root"], await ToldAsync(Asking.InTls13, Verifier(store)));
    }

    [Fact]
    public void An_intermediate_is_named_itself_and_a_leaf_by_its_issuer()
    {
        var store = TrustStore.FromCertificates([Pki.Intermediate, Other.Client().Chain[0]]);
        Assert.Equal(["CN=LucidTls Test Intermediate", "CN=Other Intermediate"], Texts(store.ClientAuthorities.Names));
    }

    [Fact]
    public void One_name_of_several_keys_is_told_once()
    {
        using var renewed = new TestPki();
        Assert.Equal(["CN=LucidTls Test Root"], Texts(TrustStore.FromCertificates([Pki.Root, renewed.Root]).ClientAuthorities.Names));
    }

    [Fact]
    public void More_than_8_KiB_of_names_are_not_told_at_all()
    {
        // An organization's name of that length makes a distinguished name of 1022 bytes, which with its own length takes an eighth.
        ReadOnlyMemory<byte>[] roots = [.. Enumerable.Range(0, 8).Select(i => new ReadOnlyMemory<byte>(Root($"O={i}{new string('n', 1000)}")))];
        Assert.Equal(8192, roots.Sum(root => 2 + new TrustAnchor(root).AuthorityName.Length));
        Assert.Equal(8, TrustStore.FromCertificates(roots).ClientAuthorities.Names.Count);
        Assert.Empty(TrustStore.FromCertificates([.. roots, Pki.Root]).ClientAuthorities.Names);
    }

    [Fact]
    public void Names_are_put_together_once_for_as_long_as_the_roots_stay()
    {
        using var folder = new TempFolder();
        var file = folder.File("roots.pem");
        File.WriteAllText(file, Pki.RootPem);
        var clock = new Clock();
        var options = new TlsServerOptions { ClientCertificateVerifier = Verifier(TrustStore.FromPemFile(file, reload: true, clock)) };
        var before = options.AuthoritiesBy(options.ClientCertificateVerifier);
        Assert.Same(before, options.AuthoritiesBy(options.ClientCertificateVerifier));

        File.WriteAllText(file, Other.RootPem + Pki.RootPem);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["CN=Other Root", "CN=LucidTls Test Root"], Texts(options.AuthoritiesBy(options.ClientCertificateVerifier).Names));
    }

    [Fact]
    public void Names_that_no_message_can_carry_are_an_error()
    {
        var options = new TlsServerOptions();
        Assert.Throws<ArgumentException>(() => options.CertificateAuthorities = [ReadOnlyMemory<byte>.Empty]);
        Assert.Throws<ArgumentException>(() => options.CertificateAuthorities = [new byte[40_000], new byte[25_532]]);
        options.CertificateAuthorities = [new byte[40_000], new byte[25_531]];
        Assert.Equal(65_537, options.AuthoritiesBy(null).Encoded.Length);
        options.CertificateAuthorities = null;
        Assert.Null(options.CertificateAuthorities);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_without_a_selector_shows_its_identity_whatever_names_it_is_told(bool isTls12)
    {
        var client = Fixture.ClientOptions();
        client.MaximumVersion = isTls12 ? TlsVersion.Tls12 : TlsVersion.Tls13;
        client.Identity = Pki.Client().Identity();
        var server = Fixture.ServerOptions();
        server.ClientCertificateMode = ClientCertificateMode.Required;
        server.ClientCertificateVerifier = CertificateVerifier.FromRoots([Pki.Root]);
        server.CertificateAuthorities = [Name("CN=Somebody else")];
        var (clientSide, serverSide) = await Fixture.ConnectAsync(client, server);
        await using (clientSide)
        await using (serverSide)
            Assert.True(serverSide.Session.PeerVerdict!.IsAccepted);
    }

    /// <summary>What a client's selector is told by a server with that verifier, and with that list unless it is null.</summary>
    private static async Task<IEnumerable<string>> ToldAsync(Asking asking, CertificateVerifier verifier, ReadOnlyMemory<byte>[]? given = null)
    {
        TlsCertificateRequest? seen = null;
        var client = Fixture.ClientOptions();
        client.MaximumVersion = asking == Asking.InTls12 ? TlsVersion.Tls12 : TlsVersion.Tls13;
        client.PostHandshakeAuthentication = asking == Asking.AfterTheHandshake;
        client.IdentitySelector = (request, _) =>
        {
            seen = request;
            return new ValueTask<TlsIdentity?>((TlsIdentity?)null);
        };
        var server = Fixture.ServerOptions();
        server.ClientCertificateMode = asking == Asking.AfterTheHandshake ? ClientCertificateMode.None : ClientCertificateMode.Optional;
        server.PostHandshakeAuthentication = asking == Asking.AfterTheHandshake;
        server.ClientCertificateVerifier = verifier;
        if (given != null)
            server.CertificateAuthorities = given;
        var (clientSide, serverSide) = await Fixture.ConnectAsync(client, server);
        await using (clientSide)
        await using (serverSide)
        {
            if (asking == Asking.AfterTheHandshake)
            {
                var reading = clientSide.ReadAsync(new byte[1], TestContext.Current.CancellationToken);
                Assert.False(await serverSide.RequestClientCertificateAsync(TestContext.Current.CancellationToken).WaitAsync(Fixture.Patience, TestContext.Current.CancellationToken));
                await serverSide.WriteAsync(new byte[1], TestContext.Current.CancellationToken);
                await reading;
            }
        }
        Assert.Equal(asking == Asking.AfterTheHandshake, seen!.IsAfterHandshake);
        return Texts(seen.CertificateAuthorities);
    }

    private static CertificateVerifier Verifier(TrustStore store) => new(new CertificateVerifierOptions { TrustStore = store });

    private static IEnumerable<string> Texts(IEnumerable<ReadOnlyMemory<byte>> names) => names.Select(name => new X500DistinguishedName(name.Span).Name);

    private static ReadOnlyMemory<byte> Name(string name) => new X500DistinguishedName(name).RawData;

    private static byte[] Root(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return certificate.RawData;
    }

    private sealed class Clock : TimeProvider
    {
        private long _now = 1_000_000;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }
}

using LucidTls.Protocol;
using LucidTls.Tests.Connections;
using LucidTls.Tests.Handshake.Scripting;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Handshake;

/// <summary>HelloRetryRequest and the hello after it (RFC 8446 §4.1.2, §4.1.4), at both ends.</summary>
public sealed class HelloRetryRequestRuleTests
{
    [Fact]
    public void A_retry_for_a_group_that_the_client_knows_is_followed_by_both_ends()
    {
        Assert.True(ClientAccepts(new Script(), server: PrefersP256()).Session!.HelloRetried);
        Assert.True(ServerAccepts(new Script(), PrefersP256()).Session!.HelloRetried);
    }

    [Fact]
    public void A_retry_for_a_group_whose_share_was_sent_is_refused() => ClientRefuses(
        TlsError.UselessHelloRetryRequest, TlsAlert.IllegalParameter, ChangingRetry(hello => hello.With(extensions: block => block.With(ExtensionType.KeyShare, 0, 0x1D))), server: PrefersP256());

    [Fact]
    public void A_retry_that_asks_for_nothing_is_refused() => ClientRefuses(
        TlsError.UselessHelloRetryRequest, TlsAlert.IllegalParameter, ChangingRetry(hello => hello.With(extensions: block => block.Without(ExtensionType.KeyShare))), server: PrefersP256());

    [Theory]
    [InlineData(0x0100)]
    [InlineData(0x0A0A)]
    [InlineData(0x0019)]
    public void A_retry_for_a_group_that_was_not_offered_is_refused(ushort group)
    {
        var client = Fixture.ClientOptions();
        client.Groups = [NamedGroup.X25519, NamedGroup.Secp256r1];
        ClientRefuses(TlsError.SelectedUnofferedGroup, TlsAlert.IllegalParameter, ChangingRetry(hello => hello.With(extensions: block => block.With(ExtensionType.KeyShare, (byte)(group >> 8), (byte)group))), client, PrefersP256());
    }

    [Fact]
    public void A_retry_that_does_not_echo_the_session_id_is_refused() => ClientRefuses(
        TlsError.SessionIdMismatch, TlsAlert.IllegalParameter, ChangingRetry(hello => hello.With(sessionId: [])), server: PrefersP256());

    [Fact]
    public void A_retry_with_a_suite_that_was_not_offered_is_refused() => ClientRefuses(
        TlsError.SelectedUnofferedSuite, TlsAlert.IllegalParameter, ChangingRetry(hello => hello.With(suite: new CipherSuite(0x1304))), server: PrefersP256());

    [Fact]
    public void A_retry_with_compression_is_refused() => ClientRefuses(
        TlsError.Compression, TlsAlert.IllegalParameter, ChangingRetry(hello => hello.With(compression: 1)), server: PrefersP256());

    [Fact]
    public void A_retry_with_another_version_is_refused() => ClientRefuses(
        TlsError.SelectedUnofferedVersion, TlsAlert.IllegalParameter, ChangingRetry(hello => hello.With(extensions: block => block.With(ExtensionType.SupportedVersions, 3, 3))), server: PrefersP256());

    [Fact]
    public void A_retry_with_an_extension_that_belongs_elsewhere_is_refused() => ClientRefuses(
        TlsError.MisplacedExtension, TlsAlert.IllegalParameter, ChangingRetry(hello => hello.With(extensions: block => block.Plus(ExtensionType.SupportedGroups, 0, 2, 0, 0x17))), server: PrefersP256());

    [Fact]
    public void A_retry_with_an_unknown_extension_is_refused() => ClientRefuses(
        TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, ChangingRetry(hello => hello.With(extensions: block => block.Plus(new ExtensionType(0x1234)))), server: PrefersP256());

    [Fact]
    public void A_retry_with_an_empty_cookie_is_a_decode_error() => ClientRefuses(
        TlsError.Malformed, TlsAlert.DecodeError, ChangingRetry(hello => hello.With(extensions: block => block.Plus(ExtensionType.Cookie, 0, 0))), server: PrefersP256());

    [Fact]
    public void A_second_retry_is_refused() => ClientRefuses(TlsError.SecondHelloRetryRequest, TlsAlert.UnexpectedMessage, Script.Changing<ServerHello>(hello => hello.With(
        random: ServerHello.HelloRetryRandom.ToArray(),
        extensions: block => block.With(ExtensionType.KeyShare, 0, 0x18)), nth: 1), server: PrefersP256());

    [Fact]
    public void Another_suite_after_the_retry_is_refused() => ClientRefuses(
        TlsError.SuiteChangedAfterRetry, TlsAlert.IllegalParameter, Script.Changing<ServerHello>(hello => hello.With(suite: CipherSuite.ChaCha20Poly1305Sha256), nth: 1), server: PrefersP256());

    [Fact]
    public void Another_group_after_the_retry_is_refused() => ClientRefuses(TlsError.SelectedUnofferedGroup, TlsAlert.IllegalParameter, Script.Changing<ServerHello>(hello => hello.With(
        extensions: block => block.With(ExtensionType.KeyShare, Extensions.BuildServerShare(new KeyShareEntry(NamedGroup.X25519, new byte[32])))), nth: 1), server: PrefersP256());

    [Fact]
    public void A_cookie_comes_back_as_it_was_sent()
    {
        byte[] cookie = [0, 3, 1, 2, 3];
        // The scripted server does not know that it sent a cookie, and refuses the one that comes back.
        var outcome = Duel.OfClient(ChangingRetry(hello => hello.With(extensions: block => block.Plus(ExtensionType.Cookie, cookie))), server: PrefersP256(), scriptedChecksItsPeer: false);
        var second = ClientHello.Parse(outcome.Received[1].AsMemory(4));
        Assert.Equal([1, 2, 3], second.Cookie!.Value.ToArray());
    }

    [Fact]
    public void A_cookie_alone_brings_the_same_shares_again()
    {
        var outcome = Duel.OfClient(
            ChangingRetry(hello => hello.With(extensions: block => block.Without(ExtensionType.KeyShare).Plus(ExtensionType.Cookie, 0, 1, 9))), server: PrefersP256(), scriptedChecksItsPeer: false);
        var first = ClientHello.Parse(outcome.Received[0].AsMemory(4));
        var second = ClientHello.Parse(outcome.Received[1].AsMemory(4));
        Assert.Equal([9], second.Cookie!.Value.ToArray());
        Assert.Equal(Share(first), Share(second));
    }

    [Fact]
    public void The_second_hello_is_the_first_but_for_the_share()
    {
        var outcome = ClientAccepts(new Script(), server: PrefersP256());
        var first = ClientHello.Parse(outcome.Received[0].AsMemory(4));
        var second = ClientHello.Parse(outcome.Received[1].AsMemory(4));
        Assert.Equal(NamedGroup.Secp256r1, second.KeyShares!.Single().Group);
        var same = first.With(extensions: block => block.With(ExtensionType.KeyShare, Share(second)));
        Assert.Equal(Wire.Body(same), Wire.Body(second));
    }

    [Fact]
    public void Another_random_in_the_second_hello_is_refused() => SecondHelloIsRefused(hello => hello.With(random: new byte[32]));

    [Fact]
    public void Another_session_id_in_the_second_hello_is_refused() => SecondHelloIsRefused(hello => hello.With(sessionId: []));

    [Fact]
    public void Other_suites_in_the_second_hello_are_refused() => SecondHelloIsRefused(hello => hello.With(suites: [CipherSuite.Aes128GcmSha256]));

    [Fact]
    public void A_changed_extension_in_the_second_hello_is_refused() => SecondHelloIsRefused(hello => hello.With(extensions: block => block.With(ExtensionType.ServerName, Extensions.BuildServerName("other.example"))));

    [Fact]
    public void A_dropped_extension_in_the_second_hello_is_refused() => SecondHelloIsRefused(hello => hello.With(extensions: block => block.Without(ExtensionType.ServerName)));

    [Fact]
    public void A_new_extension_in_the_second_hello_is_refused() => SecondHelloIsRefused(hello => hello.With(extensions: block => block.Plus(ExtensionType.PostHandshakeAuth)));

    [Fact]
    public void A_second_hello_with_the_old_share_is_refused() => SecondHelloIsRefused(
        hello => hello.With(extensions: block => block.With(ExtensionType.KeyShare, Extensions.BuildClientShares([new KeyShareEntry(NamedGroup.X25519, new byte[32])]))), TlsError.InconsistentKeyShares);

    [Fact]
    public void A_second_hello_with_a_share_too_many_is_refused() => SecondHelloIsRefused(hello => hello.With(extensions: block => block.With(
        ExtensionType.KeyShare, Extensions.BuildClientShares([.. hello.KeyShares ?? ClientHello.Parse(Wire.Body(hello)).KeyShares!, new KeyShareEntry(NamedGroup.X25519, new byte[32])]))), TlsError.InconsistentKeyShares);

    [Fact]
    public void A_second_hello_without_a_share_is_refused() => SecondHelloIsRefused(hello => hello.With(extensions: block => block.With(ExtensionType.KeyShare, 0, 0)), TlsError.InconsistentKeyShares);

    [Fact]
    public void A_cookie_that_nobody_gave_is_refused() => ServerRefuses(
        TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, ChangingSecondHello(hello => hello.With(extensions: block => block.Plus(ExtensionType.Cookie, 0, 1, 7))), PrefersP256());

    [Fact]
    public void Padding_may_differ_in_the_second_hello() =>
        Assert.True(ServerAccepts(ChangingSecondHello(hello => hello.With(extensions: block => block.Plus(ExtensionType.Padding, 0, 0, 0))), PrefersP256()).Session!.HelloRetried);

    private static TlsServerOptions PrefersP256()
    {
        var options = Fixture.ServerOptions();
        options.Groups = [NamedGroup.Secp256r1];
        return options;
    }

    private static byte[] Psk() => new OfferedPsks { Identities = [new PskIdentity(new byte[] { 1 }, 0)], Binders = [new byte[32]] }.Build();

    private static byte[] Share(ClientHello hello) => hello.Extensions.TryGet(ExtensionType.KeyShare, out var share) ? share.ToArray() : [];

    private static Script ChangingRetry(Func<ServerHello, ServerHello> change) => Script.Changing<ServerHello>(change, nth: 0);

    private static Script ChangingSecondHello(Func<ClientHello, ClientHello> change) => Script.Changing<ClientHello>(change, nth: 1);

    private static void SecondHelloIsRefused(Func<ClientHello, ClientHello> change, TlsError error = TlsError.ClientHelloChanged) =>
        ServerRefuses(error, TlsAlert.IllegalParameter, ChangingSecondHello(change), PrefersP256());
}

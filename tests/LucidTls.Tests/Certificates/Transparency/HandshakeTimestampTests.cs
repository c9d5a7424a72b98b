using System.Security.Cryptography;
using LucidTls.Certificates;
using LucidTls.Certificates.Transparency;
using LucidTls.Protocol;
using LucidTls.Tests.Handshake.Scripting;
using LucidTls.TestSupport;
using static LucidTls.Tests.Handshake.Scripting.Demand;

namespace LucidTls.Tests.Certificates.Transparency;

/// <summary>Timestamps that come in the handshake (RFC 6962 §3.3.1, RFC 8446 §4.4.2.1).</summary>
public sealed class HandshakeTimestampTests
{
    private static readonly LoggingAuthority Authority = new();
    private static readonly TestLog One = new("Alpha 2026", "One");
    private static readonly TestLog Two = new("Gamma 2026", "Two", isRsa: true);

    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly byte[] Leaf = Authority.Leaf(null, key: Key);
    private static readonly TlsIdentity Bare = TlsIdentity.FromKey([Leaf], Key);
    private static readonly TlsIdentity Logged = Bare.WithTimestamps([Sign(One), Sign(Two)]);

    [Fact]
    public void A_client_with_a_log_list_asks_for_timestamps_and_accepts_them()
    {
        var outcome = ClientAccepts(new Script(), Asking(), Serving(Logged));
        var timestamps = outcome.Session!.PeerVerdict!.Paths[0].Timestamps;
        Assert.Equal([(CertificateTimestampSource.Handshake, "Alpha 2026"), (CertificateTimestampSource.Handshake, "Gamma 2026")], timestamps.Select(one => (one.Source, one.Log!.Description)));
    }

    [Fact]
    public void A_server_without_timestamps_is_refused()
    {
        var exception = ClientRefuses(TlsError.CertificateUnacceptable, TlsAlert.CertificateUnknown, new Script(), Asking(), Serving(Bare));
        Assert.Equal(CertificateRule.Transparency, exception.Verdict!.Problem!.Rule);
    }

    [Fact]
    public void A_server_sends_no_timestamps_to_who_does_not_ask() =>
        ClientAccepts(new Script(), Asking(withLogs: false), Serving(Logged));

    [Fact]
    public void Timestamps_that_nobody_asked_for_are_refused() =>
        ClientRefuses(TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension, Sending(0, 2, 0, 0), Asking(withLogs: false), Serving(Bare));

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0, 0 })]
    [InlineData(new byte[] { 0, 2, 0, 0 })]
    [InlineData(new byte[] { 0, 3, 0, 1 })]
    [InlineData(new byte[] { 0, 3, 0, 1, 0, 0 })]
    public void A_list_that_is_malformed_is_a_decode_error(byte[] list) =>
        ClientRefuses(TlsError.Malformed, TlsAlert.DecodeError, Sending(list), Asking(), Serving(Bare));

    [Fact]
    public void An_identity_takes_only_timestamps() =>
        Assert.Throws<ArgumentException>(() => Bare.WithTimestamps([new byte[] { 0, 1, 2 }]));

    private static ReadOnlyMemory<byte> Sign(TestLog log) => log.SignCertificate(Leaf, LoggingAuthority.Now.AddDays(-1));

    private static Script Sending(params byte[] list) => Script.Changing<CertificateMessage>(message =>
    {
        var extensions = new ExtensionBlock();
        extensions.Add(ExtensionType.SignedCertificateTimestamp, list);
        return new CertificateMessage { Entries = [new CertificateEntry(message.Entries[0].Certificate, extensions)] };
    });

    private static TlsClientOptions Asking(bool withLogs = true) => new()
    {
        TargetHost = "a.example",
        SessionCache = null,
        KeyShareGroups = [NamedGroup.X25519],
        CertificateVerifier = new CertificateVerifier(new CertificateVerifierOptions
        {
            TrustStore = TrustStore.FromCertificates([Authority.Root]),
            TimeProvider = new Frozen(),
            TransparencyLogs = withLogs ? CtLogList.FromJson(TestLog.Json([One, Two])) : null,
        }),
    };

    private static TlsServerOptions Serving(TlsIdentity identity) => new() { Identities = [identity], TicketStore = null };

    private sealed class Frozen : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => LoggingAuthority.Now;
    }
}

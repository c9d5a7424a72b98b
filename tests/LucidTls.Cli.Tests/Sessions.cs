using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.Cli.Tests;

/// <summary>Sessions as a handshake would leave them.</summary>
internal static class Sessions
{
    public static ReadOnlyMemory<byte> Certificate(string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(90));
        return certificate.RawData;
    }

    public static TlsSessionInfo Server(string? serverName = "localhost", string detail = "offers TLS 1.3; AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305; key shares for X25519MLKEM768 and x25519; localhost; h2, http/1.1", bool resumed = false) => new()
    {
        Version = TlsVersion.Tls13,
        CipherSuite = CipherSuite.Aes128GcmSha256,
        Group = NamedGroup.X25519MLKEM768,
        ServerSignatureScheme = resumed ? null : SignatureScheme.EcdsaSecp256r1Sha256,
        ClientSignatureScheme = null,
        ServerName = serverName,
        ApplicationProtocol = SslApplicationProtocol.Http2,
        PeerCertificates = [],
        LocalCertificates = resumed ? [] : [Certificate("CN=localhost")],
        PeerVerdict = null,
        Resumed = resumed,
        ExtendedMasterSecret = true,
        HelloRetried = false,
        Steps =
        [
            Step(false, "ClientHello", 1772, TlsProtection.Plaintext, 0.31, detail),
            Step(true, "ServerHello", 1210, TlsProtection.Plaintext, 0.62, "TLS_AES_128_GCM_SHA256 with X25519MLKEM768"),
            Step(true, "EncryptedExtensions", 15, TlsProtection.Handshake, 0.65, "h2"),
            Step(true, "Certificate", 618, TlsProtection.Handshake, 0.67, "CN=localhost"),
            Step(true, "CertificateVerify", 79, TlsProtection.Handshake, 0.83, "ecdsa_secp256r1_sha256"),
            Step(true, "Finished", 36, TlsProtection.Handshake, 0.85, ""),
            Step(false, "Finished", 36, TlsProtection.Handshake, 3.11, ""),
        ],
        HandshakeDuration = TimeSpan.FromMilliseconds(3.16),
    };

    private static TlsHandshakeStep Step(bool sent, string message, int length, TlsProtection protection, double milliseconds, string detail) =>
        new(sent, message, length, protection, TimeSpan.FromMilliseconds(milliseconds), detail);
}

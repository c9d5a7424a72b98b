using System.Security.Cryptography;
using LucidTls.AspNetCore.Configuration;
using LucidTls.Tests.Certificates.Fetching;
using LucidTls.TestSupport;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace LucidTls.Tests.Certificates.Revocation;

/// <summary>Staples for the certificates of a Kestrel endpoint's configuration.</summary>
public sealed class ConfiguredStapleTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_certificates_of_the_configuration_are_stapled_for()
    {
        await using var server = new WebServer();
        var authority = new TestAuthority("Intermediate", issuer: new TestAuthority());
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = authority.Leaf(key, "a.example", TestAuthority.ResponderAt(server.Url("/ocsp")));
        var now = DateTimeOffset.UtcNow;
        var response = new TestResponse(authority, leaf) { ProducedAt = now.AddHours(-1), ThisUpdate = now.AddHours(-1), NextUpdate = now.AddDays(3) }.Encode();
        server.Serve("/ocsp", response, headers: "Content-Type: application/ocsp-response\r\n");
        var section = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Tls:Certificate:Pem"] = leaf.ExportCertificatePem() + "\n" + authority.Certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem(),
            ["Tls:OcspPrivateResponders"] = "true",
        }).Build().GetSection("Tls");

        await using var configured = new ConfiguredTls(section, "/", NullLogger.Instance);
        var identity = Assert.Single(configured.Current.Identities);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (identity.Staples.Count == 0)
            await Task.Delay(10, limit.Token);

        Assert.Equal(response, identity.Staples[0].ToArray());
    }
}

using System.IO.Compression;
using System.Text.Json;
using LucidTls.Certificates;

namespace LucidTls.Tests.Certificates;

/// <summary>The certificate chains of x509-limbo, each through the public verifier.</summary>
public sealed class LimboTests
{
    private static readonly Dictionary<string, JsonElement> Cases = Load();

    private const string Revocation = "certificate revocation lists are not consulted";
    private const string PublicSuffix = "public suffixes are not known";
    private const string Form = "a rule of form of RFC 5280 or the CA/Browser Forum, which private authorities break without harm";

    /// <summary>Cases that this verifier does not judge as expected, each with the reason.</summary>
    private static readonly Dictionary<string, string> Exceptions = new()
    {
        ["crl::revoked-certificate-with-crl"] = Revocation,
        ["crl::crlnumber-missing"] = Revocation,
        ["crl::crlnumber-critical"] = Revocation,
        ["crl::issuer-missing-crlsign"] = Revocation,
        ["pathlen::max-chain-depth-1-exhausted"] = "the longest path cannot be set by the caller",
        ["webpki::san::public-suffix-multi-label-wildcard-san"] = PublicSuffix,
        ["webpki::san::public-suffix-private-namespace-wildcard-san"] = PublicSuffix,
        ["rfc5280::aki::critical-aki"] = Form,
        ["rfc5280::aki::leaf-missing-aki"] = Form,
        ["rfc5280::aki::cross-signed-root-missing-aki"] = Form,
        ["rfc5280::nc::permitted-dns-match-noncritical"] = Form,
        ["rfc5280::nc::invalid-dnsname-leading-period"] = Form,
        ["rfc5280::nc::not-allowed-in-ee-noncritical"] = Form,
        ["rfc5280::nc::not-allowed-in-ee-critical"] = Form,
        ["rfc5280::nc::nc-permits-invalid-dns-san"] = Form,
        ["rfc5280::pc::ica-noncritical-pc"] = Form,
        ["rfc5280::san::noncritical-with-empty-subject"] = Form,
        ["rfc5280::san::underscore-dns"] = Form,
        ["rfc5280::serial::zero"] = Form,
        ["rfc5280::ski::critical-ski"] = Form,
        ["rfc5280::ski::root-missing-ski"] = Form,
        ["rfc5280::ski::intermediate-missing-ski"] = Form,
        ["rfc5280::ca-empty-subject"] = Form,
        ["rfc5280::unknown-critical-extension-root"] = Form,
        ["rfc5280::leaf-ku-keycertsign"] = Form,
        ["webpki::aki::root-with-aki-missing-keyidentifier"] = Form,
        ["webpki::aki::root-with-aki-authoritycertissuer"] = Form,
        ["webpki::cn::ipv4-hex-mismatch"] = Form,
        ["webpki::cn::ipv4-leading-zeros-mismatch"] = Form,
        ["webpki::cn::ipv6-uppercase-mismatch"] = Form,
        ["webpki::cn::ipv6-uncompressed-mismatch"] = Form,
        ["webpki::cn::punycode-not-in-san"] = Form,
        ["webpki::cn::utf8-vs-punycode-mismatch"] = Form,
        ["webpki::cn::case-mismatch"] = Form,
        ["webpki::eku::ee-anyeku"] = Form,
        ["webpki::eku::ee-critical-eku"] = Form,
        ["webpki::eku::root-has-eku"] = Form,
        ["webpki::san::san-critical-with-nonempty-subject"] = Form,
        ["webpki::forbidden-weak-rsa-key-in-root"] = Form,
    };

    public static TheoryData<string> Ids => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task Each_chain_gets_the_verdict_expected(string id)
    {
        var (accepted, explanation) = await JudgeAsync(Cases[id]);
        var expected = Cases[id].GetProperty("expected_result").GetString() == "SUCCESS";
        if (Exceptions.TryGetValue(id, out var reason))
            Assert.False(accepted == expected, $"This is judged as expected now; take it off the list ({reason}).");
        else
            Assert.True(accepted == expected, $"expected {(expected ? "acceptance" : "refusal")}: {explanation}");
    }

    private static async Task<(bool Accepted, string Explanation)> JudgeAsync(JsonElement test)
    {
        var time = test.GetProperty("validation_time") is { ValueKind: JsonValueKind.String } given ? given.GetDateTimeOffset() : DateTimeOffset.UtcNow;
        var roots = test.GetProperty("trusted_certs").EnumerateArray().Select(Der).ToArray();
        ReadOnlyMemory<byte>[] chain = [Der(test.GetProperty("peer_certificate")), .. test.GetProperty("untrusted_intermediates").EnumerateArray().Select(Der)];
        var name = test.GetProperty("expected_peer_name") is { ValueKind: JsonValueKind.Object } peer ? peer.GetProperty("value").GetString() : null;
        var purpose = test.GetProperty("validation_kind").GetString() == "SERVER" ? CertificatePurpose.Server : CertificatePurpose.Client;
        CertificateVerifier verifier;
        try
        {
            verifier = CertificateVerifier.FromRoots(roots, new FixedTime(time));
        }
        catch (FormatException exception)
        {
            return (false, exception.Message);
        }
        var verdict = await verifier.VerifyAsync(chain, name, purpose, TestContext.Current.CancellationToken);
        return (verdict.IsAccepted, verdict.Explanation);
    }

    private static ReadOnlyMemory<byte> Der(JsonElement pem) => PemReader.Certificates(pem.GetString()!)[0];

    private static Dictionary<string, JsonElement> Load()
    {
        using var file = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "vectors", "x509-limbo", "limbo.json.gz")), CompressionMode.Decompress);
        return JsonDocument.Parse(file).RootElement.GetProperty("testcases").EnumerateArray().ToDictionary(test => test.GetProperty("id").GetString()!);
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}

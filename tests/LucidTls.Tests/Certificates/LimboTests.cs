using System.IO.Compression;
using System.Text.Json;
using LucidTls.Certificates;

namespace LucidTls.Tests.Certificates;

public sealed class LimboTests
{
    [Fact]
    public async Task Dump()
    {
        using var file = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "vectors", "x509-limbo", "limbo.json.gz")), CompressionMode.Decompress);
        var cases = JsonDocument.Parse(file).RootElement.GetProperty("testcases");
        using var output = new StreamWriter("/tmp/certs/limbo-out.txt");
        foreach (var test in cases.EnumerateArray())
        {
            var time = test.GetProperty("validation_time") is { ValueKind: JsonValueKind.String } given ? given.GetDateTimeOffset() : DateTimeOffset.UtcNow;
            var roots = test.GetProperty("trusted_certs").EnumerateArray().Select(Der).ToArray();
            ReadOnlyMemory<byte>[] chain = [Der(test.GetProperty("peer_certificate")), .. test.GetProperty("untrusted_intermediates").EnumerateArray().Select(Der)];
            var purpose = test.GetProperty("validation_kind").GetString() == "SERVER" ? CertificatePurpose.Server : CertificatePurpose.Client;
            var names = new List<PeerName>();
            if (test.GetProperty("expected_peer_name") is { ValueKind: JsonValueKind.Object } peer)
                names.Add(Name(peer));
            foreach (var one in test.GetProperty("expected_peer_names").EnumerateArray())
                names.Add(Name(one));
            var verifier = new CertificateVerifier(new CertificateVerifierOptions
            {
                TrustStore = TrustStore.FromCertificates(roots),
                Profile = CertificateProfile.WebPki,
                MaxDepth = test.GetProperty("max_chain_depth") is { ValueKind: JsonValueKind.Number } depth ? depth.GetInt32() : null,
            });
            var verdict = await verifier.VerifyAsync(new CertificateVerificationRequest { Chain = chain, Names = names, Purpose = purpose, Time = time }, TestContext.Current.CancellationToken);
            var expected = test.GetProperty("expected_result").GetString() == "SUCCESS";
            output.WriteLine($"{(expected == verdict.IsAccepted ? "right" : "WRONG")} {test.GetProperty("id").GetString()} {(verdict.IsAccepted ? "accepted" : "refused")} {verdict.Problem?.Rule}: {verdict.Explanation}  [{string.Join(",", verdict.Paths.SelectMany(p => p.Steps).SelectMany(p => p.Problems).Select(p => p.Rule).Distinct())}]");
        }
    }

    private static PeerName Name(JsonElement name) => name.GetProperty("kind").GetString() == "RFC822" ? PeerName.Email(name.GetProperty("value").GetString()!) : PeerName.Parse(name.GetProperty("value").GetString()!);

    private static ReadOnlyMemory<byte> Der(JsonElement pem) => LucidTls.Certificates.Parsing.PemReader.Certificates(pem.GetString()!)[0];
}

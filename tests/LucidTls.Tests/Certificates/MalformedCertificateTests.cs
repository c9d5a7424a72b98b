using LucidTls.Certificates;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Certificates;

/// <summary>A bad certificate is a refusal, never an exception.</summary>
public sealed class MalformedCertificateTests
{
    [Theory]
    [InlineData(0, 0x04)]   // no OBJECT IDENTIFIER at all
    [InlineData(9, 0x82)]   // one whose last number does not end
    public async Task A_signature_algorithm_that_cannot_be_read_is_a_refusal(int offset, byte value)
    {
        using var pki = new TestPki();
        var chain = pki.Server().Chain.Select(der => der.ToArray()).ToArray();
        // It stands in the certificate twice, and the two must be the same to come this far.
        byte[] ecdsaWithSha256 = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
        var found = 0;
        for (var at = chain[0].AsSpan().IndexOf(ecdsaWithSha256); at >= 0; at = chain[0].AsSpan().IndexOf(ecdsaWithSha256), found++)
            chain[0][at + offset] = value;
        Assert.Equal(2, found);
        var verifier = CertificateVerifier.FromRoots([pki.Root]);
        var verdict = await verifier.VerifyAsync([chain[0], chain[1]], "localhost", CertificatePurpose.Server, TestContext.Current.CancellationToken);
        Assert.Equal(CertificateFailure.Malformed, verdict.Failure);
    }
}

using System.Diagnostics;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary>Key files and bundles as OpenSSL writes them.</summary>
public sealed class OpenSslKeyFileTests(PkiFixture pki) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(KeyKind.EcdsaP256)]
    [InlineData(KeyKind.EcdsaP384)]
    [InlineData(KeyKind.EcdsaP521)]
    [InlineData(KeyKind.Rsa2048)]
    [InlineData(KeyKind.RsaPss2048)]
    [InlineData(KeyKind.Ed25519)]
    public async Task Keys_in_PKCS8_are_read_plain_and_encrypted(KeyKind kind)
    {
        var (chain, key) = pki.ServerFiles(kind);
        string[][] ways = [["-nocrypt"], ["-v2", "aes-256-cbc"], ["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"], ["-v2", "des3"], ["-scrypt"], ["-v1", "PBE-SHA1-3DES"]];
        foreach (var way in ways)
        {
            foreach (var form in new[] { "PEM", "DER" })
            {
                string[] password = way[0] == "-nocrypt" ? [] : ["-passout", "pass:s3cret"];
                await RunAsync(["pkcs8", "-topk8", "-in", key, "-out", _folder.File("key"), "-outform", form, .. way, .. password]);
                var identity = TlsIdentity.FromPemFile(chain, _folder.File("key"), password.Length == 0 ? null : "s3cret");
                Assert.Equal(2, identity.Chain.Count);
                if (password.Length > 0)
                    Assert.Contains("the password of the private key is wrong", Assert.Throws<FormatException>(() => TlsIdentity.FromPemFile(chain, _folder.File("key"), "secret")).Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData(KeyKind.EcdsaP256, "ec")]
    [InlineData(KeyKind.Rsa2048, "rsa")]
    public async Task Keys_in_their_own_forms_are_read(KeyKind kind, string command)
    {
        var (chain, key) = pki.ServerFiles(kind);
        string[] traditional = command == "rsa" ? ["-traditional"] : [];
        foreach (var form in new[] { "PEM", "DER" })
        {
            await RunAsync([command, "-in", key, "-out", _folder.File("key"), "-outform", form, .. traditional]);
            Assert.Equal(2, TlsIdentity.FromPemFile(chain, _folder.File("key")).Chain.Count);
        }
        await RunAsync([command, "-in", key, "-out", _folder.File("key"), "-aes128", "-passout", "pass:s3cret", .. traditional]);
        Assert.Contains("is encrypted in OpenSSL's old way", Assert.Throws<FormatException>(() => TlsIdentity.FromPemFile(chain, _folder.File("key"), "s3cret")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KeyKind.EcdsaP256)]
    [InlineData(KeyKind.Rsa2048)]
    [InlineData(KeyKind.RsaPss2048)]
    [InlineData(KeyKind.Ed25519)]
    public async Task PKCS12_is_read_in_the_modern_form_and_the_older_ones(KeyKind kind)
    {
        var (chain, key) = pki.ServerFiles(kind);
        string[][] ways =
        [
            [], ["-legacy"], ["-legacy", "-descert"], ["-keypbe", "AES-128-CBC", "-certpbe", "AES-192-CBC", "-macalg", "SHA512"],
            ["-keypbe", "NONE", "-certpbe", "NONE"], ["-nomac"], ["-macalg", "SHA1", "-noiter"],
        ];
        foreach (var way in ways)
        {
            await RunAsync(["pkcs12", "-export", "-in", chain, "-inkey", key, "-certfile", pki.RootFile, "-name", "server", "-out", _folder.File("a.p12"), "-passout", "pass:pässword", .. way]);
            var identity = TlsIdentity.FromPkcs12(File.ReadAllBytes(_folder.File("a.p12")), "pässword");
            Assert.Equal(pki.Server(kind).Chain, identity.Chain.Select(der => der.ToArray()));
            Assert.Equal(pki.Server(kind).Identity().SignatureSchemes, identity.SignatureSchemes);
            Assert.Contains("password", Record.Exception(() => TlsIdentity.FromPkcs12(File.ReadAllBytes(_folder.File("a.p12")), "wrong"))?.Message ?? "no password is needed", StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Bundles_in_PKCS7_are_read()
    {
        var (chain, key) = pki.ServerFiles();
        foreach (var form in new[] { "PEM", "DER" })
        {
            await RunAsync(["crl2pkcs7", "-nocrl", "-certfile", chain, "-certfile", pki.RootFile, "-outform", form, "-out", _folder.File("a.p7b")]);
            Assert.Equal(pki.Server().Chain, TlsIdentity.FromPemFile(_folder.File("a.p7b"), key).Chain.Select(der => der.ToArray()));
        }
    }

    private static async Task RunAsync(string[] arguments)
    {
        var start = new ProcessStartInfo(OpenSsl.Find(), arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"openssl {string.Join(' ', arguments)}: {errors}");
    }
}

using System.Security.Cryptography;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests;

/// <summary>OpenSSL checks the timestamps of the logs that our tests are made with, and those that our server sends.</summary>
public sealed class TransparencyTests
{
    private static readonly LoggingAuthority Authority = new();
    private static readonly TestLog One = new("Alpha", "One");
    private static readonly TestLog Two = new("Gamma", "Two", isRsa: true);

    [Fact]
    public async Task OpenSSL_finds_timestamps_inside_the_certificate_good()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = Authority.Leaf(tbs => TestLog.List(One.SignPrecertificate(tbs, Authority.Key, LoggingAuthority.Now), Two.SignPrecertificate(tbs, Authority.Key, LoggingAuthority.Now)), key: key);
        await FindsAsync(TlsIdentity.FromKey([leaf], key));
    }

    [Fact]
    public async Task OpenSSL_finds_timestamps_that_our_server_sends_good()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = Authority.Leaf(null, key: key);
        await FindsAsync(TlsIdentity.FromKey([leaf], key).WithTimestamps([One.SignCertificate(leaf, LoggingAuthority.Now), Two.SignCertificate(leaf, LoggingAuthority.Now)]));
    }

    private static async Task FindsAsync(TlsIdentity identity)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("root.pem"), Authority.RootPem);
        File.WriteAllText(folder.File("logs.cnf"), $"enabled_logs=one,two\n[one]\ndescription=Alpha\nkey={Convert.ToBase64String(One.Key)}\n[two]\ndescription=Gamma\nkey={Convert.ToBase64String(Two.Key)}\n");
        await using var server = new EchoServer(new TlsServerOptions { Identities = [identity], TicketStore = null });
        using var client = PeerProcess.Start(OpenSsl.Find(), ["s_client", "-connect", $"127.0.0.1:{server.Port}", "-CAfile", folder.File("root.pem"), "-attime", $"{LoggingAuthority.Now.ToUnixTimeSeconds()}", "-ct", "-ctlogfile", folder.File("logs.cnf")]);
        await client.WaitForAsync("Verify return code: 0 (ok)");
        await client.WaitForAsync("SCTs present (2)");
        await client.WaitForMatchAsync("(?s)(SCT validation status: .*){2}");
        Assert.Equal(2, client.Text.Split("SCT validation status: valid").Length - 1);
    }
}

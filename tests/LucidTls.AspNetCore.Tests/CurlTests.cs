using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace LucidTls.AspNetCore.Tests;

public sealed class CurlTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("--http1.1", "1.1")]
    [InlineData("--http2", "2")]
    public async Task Curl_speaks_with_Kestrel(string option, string version)
    {
        await using var server = await TestServer.StartAsync(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            await context.Response.WriteAsync($"{context.Request.Protocol}, {body.Length} bytes, ");
        });
        var folder = Directory.CreateTempSubdirectory("lucidtls-curl-");
        try
        {
            var authority = Path.Combine(folder.FullName, "ca.pem");
            var upload = Path.Combine(folder.FullName, "upload");
            await File.WriteAllTextAsync(authority, TestPki.AuthorityPem, Cancel);
            await File.WriteAllBytesAsync(upload, new byte[3_000_000], Cancel);

            var start = new ProcessStartInfo("curl", ["-sS", option, "--cacert", authority, "--data-binary", "@" + upload, "-w", "curl says %{http_version}", server.Url().AbsoluteUri]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using var curl = Process.Start(start)!;
            var errors = curl.StandardError.ReadToEndAsync(Cancel);
            var answer = await curl.StandardOutput.ReadToEndAsync(Cancel);
            await curl.WaitForExitAsync(Cancel);

            Assert.Equal("", await errors);
            Assert.Equal($"HTTP/{version}, 3000000 bytes, curl says {version}", answer);
            Assert.Empty(server.Log.Problems);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LucidTls.Certificates;
using LucidTls.TestSupport.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LucidTls.AspNetCore.Tests;

/// <summary>Clients that are asked for a certificate by the requests that need one.</summary>
public sealed class DelayedCertificateTests
{
    private readonly TaskCompletionSource _mayAnswer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _isAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _asked;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_parts_of_a_request_that_need_it_at_the_same_time_ask_once_and_both_get_it()
    {
        await using var server = await StartAsync(async context =>
        {
            var both = await Task.WhenAll(context.Connection.GetClientCertificateAsync(Cancel), context.Connection.GetClientCertificateAsync(Cancel));
            await context.Response.WriteAsync($"{both[0]?.Subject}, {ReferenceEquals(both[0], both[1])}");
        });
        _mayAnswer.SetResult();

        Assert.Contains("CN=Alice, True", await AskAsync(server), StringComparison.Ordinal);
        Assert.Equal(1, _asked);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_gives_up_leaves_the_other_its_answer(bool firstGivesUp)
    {
        await using var server = await StartAsync(async context =>
        {
            using var impatience = new CancellationTokenSource();
            var first = context.Connection.GetClientCertificateAsync(firstGivesUp ? impatience.Token : Cancel);
            var second = context.Connection.GetClientCertificateAsync(firstGivesUp ? Cancel : impatience.Token);
            await _isAsked.Task.WaitAsync(Cancel);
            await impatience.CancelAsync();
            await GivesUpAsync(firstGivesUp ? first : second);
            _mayAnswer.SetResult();
            await context.Response.WriteAsync($"{(await (firstGivesUp ? second : first))?.Subject}");
        });

        Assert.Contains("CN=Alice", await AskAsync(server), StringComparison.Ordinal);
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task When_all_have_given_up_the_next_one_asks_again()
    {
        await using var server = await StartAsync(async context =>
        {
            using var impatience = new CancellationTokenSource();
            var all = (Task<X509Certificate2?>[])[context.Connection.GetClientCertificateAsync(impatience.Token), context.Connection.GetClientCertificateAsync(impatience.Token)];
            await _isAsked.Task.WaitAsync(Cancel);
            await impatience.CancelAsync();
            foreach (var one in all)
                await GivesUpAsync(one);
            _mayAnswer.SetResult();
            await context.Response.WriteAsync($"{(await context.Connection.GetClientCertificateAsync(Cancel))?.Subject}");
        });

        Assert.Contains("CN=Alice", await AskAsync(server), StringComparison.Ordinal);
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task Both_learn_that_the_certificate_is_refused()
    {
        await using var server = await StartAsync(async context =>
        {
            foreach (var one in (Task<X509Certificate2?>[])[context.Connection.GetClientCertificateAsync(Cancel), context.Connection.GetClientCertificateAsync(Cancel)])
                await FailsAsync(one);
            _isAsked.TrySetResult();
        }, CertificateVerifier.FromRoots([]));
        _mayAnswer.SetResult();

        await Assert.ThrowsAsync<IOException>(() => AskAsync(server));
        await _isAsked.Task.WaitAsync(Cancel);
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task Over_HTTP_2_the_log_says_once_for_each_connection_why_there_is_none_and_what_to_do()
    {
        await using var server = await StartAsync(async context => await context.Response.WriteAsync($"{await context.Connection.GetClientCertificateAsync(Cancel) is null}"));
        for (var connection = 1; connection <= 2; connection++)
        {
            using var client = TestServer.Client(new Version(2, 0));
            for (var request = 0; request < 3; request++)
                Assert.Equal("True", await client.GetStringAsync(server.Url(), Cancel));
            Assert.Equal(connection, server.Log.Ours.Count(line => line.Name == "NoQuestionOverHttp2"));
        }
        var line = await server.Log.WaitAsync("NoQuestionOverHttp2");

        Assert.Equal(LogLevel.Warning, line.Level);
        Assert.Contains("ClientCertificateMode", line.Text, StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1", line.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_HTTP_2_nothing_is_logged_where_the_server_does_not_mean_to_ask()
    {
        await using var server = await TestServer.StartAsync(async context => await context.Response.WriteAsync($"{await context.Connection.GetClientCertificateAsync(Cancel) is null}"));
        using var client = TestServer.Client(new Version(2, 0));

        Assert.Equal("True", await client.GetStringAsync(server.Url(), Cancel));
        Assert.Empty(server.Log.Problems);
    }

    private static Task GivesUpAsync(Task question) => Assert.ThrowsAnyAsync<OperationCanceledException>(() => question);

    private static Task FailsAsync(Task question) => Assert.ThrowsAsync<AuthenticationException>(() => question);

    private static Task<LoopbackServer> StartAsync(RequestDelegate handle, CertificateVerifier? verifier = null)
    {
        var options = TestServer.Options();
        options.PostHandshakeAuthentication = true;
        options.ClientCertificateVerifier = verifier ?? TestPki.Verifier;
        return TestServer.StartAsync(handle, options);
    }

    private async Task<string> AskAsync(LoopbackServer server)
    {
        await using var connection = new TlsStream((await server.DialAsync()).GetStream());
        await connection.AuthenticateAsClientAsync(new TlsClientOptions
        {
            TargetHost = "localhost",
            CertificateVerifier = TestPki.Verifier,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            PostHandshakeAuthentication = true,
            IdentitySelector = async (_, cancellationToken) =>
            {
                Interlocked.Increment(ref _asked);
                _isAsked.TrySetResult();
                await _mayAnswer.Task.WaitAsync(cancellationToken);
                return TestPki.Issue("CN=Alice");
            },
        }, Cancel);
        await connection.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
        return await new StreamReader(connection).ReadToEndAsync(Cancel);
    }
}

using System.Net;
using LucidTls.Certificates;
using LucidTls.TestSupport;
using Microsoft.AspNetCore.Http;

namespace LucidTls.Http.Tests;

public sealed class FailureTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_certificate_that_is_refused_is_explained(string version)
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync("well"));
        var tls = Clients.Tls();
        tls.CertificateVerifier = CertificateVerifier.System;
        using var client = Clients.Create(Clients.Options(tls), Version.Parse(version));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(server.Url(), Cancel));

        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
        var cause = Cause(failure);
        Assert.Equal(TlsError.CertificateUnknownIssuer, cause.Error);
        Assert.NotNull(cause.Verdict);
        Assert.Contains(cause.Message, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_explained()
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync("well"));
        var tls = Clients.Tls();
        tls.TargetHost = "shop.example";
        using var client = Clients.Create(tls);

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(server.Url(), Cancel));

        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
        Assert.Equal(TlsError.CertificateWrongName, Cause(failure).Error);
        Assert.Contains("shop.example", failure.Message, StringComparison.Ordinal);
        Assert.Contains("localhost", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_server_that_refuses_the_client_is_quoted(string version)
    {
        var options = WebServer.Options();
        options.ClientCertificateMode = ClientCertificateMode.Required;
        options.ClientCertificateVerifier = Pki.Verifier;
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync("well"), WebServer.Lucid(options));
        using var client = Clients.Create(Clients.Options(), Version.Parse(version));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(server.Url(), Cancel));

        Assert.True(failure.HttpRequestError == HttpRequestError.SecureConnectionError, failure.ToString());
        Assert.Equal(TlsAlert.CertificateRequired, Cause(failure).Alert);
        Assert.Contains(Cause(failure).Message, failure.Message, StringComparison.Ordinal);
    }

    // The engine reads while it writes what HTTP/2 begins with, and hands the connection to the request after that. A refusal that comes in between leaves it with nothing to hand over, and it does not say why.
    [Fact]
    public async Task What_a_connection_ended_in_is_told_where_the_engine_has_lost_it()
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync("well"));
        var tls = Clients.Tls();
        tls.TargetHost = "shop.example";
        using var client = Clients.Create(tls);
        var ended = Cause(await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(server.Url(), Cancel)));
        var lost = new HttpRequestException("An HTTP/2 connection could not be established because the server did not complete the HTTP/2 handshake.");

        var explained = HttpFailures.TryExplain(lost, ended);

        Assert.Equal((HttpRequestError.SecureConnectionError, ended.Message), (explained?.HttpRequestError, explained?.Message));
        Assert.Same(ended, explained!.InnerException);
        Assert.Null(HttpFailures.TryExplain(lost, ended: null));
        Assert.Null(HttpFailures.TryExplain(new HttpRequestException("Too many redirections.", null, HttpStatusCode.Redirect), ended));
    }

    [Fact]
    public async Task A_server_that_speaks_no_TLS_is_a_failure_of_TLS()
    {
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync("plain"), _ => { });
        using var client = Clients.Create();

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(server.Url(), Cancel));

        Assert.Equal(HttpRequestError.SecureConnectionError, failure.HttpRequestError);
        _ = Cause(failure);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_no_failure_of_TLS()
    {
        using var closed = new ClosedPort();
        using var client = Clients.Create();
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"https://127.0.0.1:{closed.Number}/", Cancel));

        Assert.Equal(HttpRequestError.ConnectionError, failure.HttpRequestError);
    }

    private static TlsException Cause(Exception? failure)
    {
        while (failure is not (null or TlsException))
            failure = failure.InnerException;
        return Assert.IsType<TlsException>(failure);
    }
}

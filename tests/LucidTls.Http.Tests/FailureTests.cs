using System.Net;
using System.Net.Sockets;
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

    /// <summary>Then the engine has lost the connection before it has put the request on it, and says no more than that.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_whose_refusal_comes_ahead_of_the_request_is_quoted(bool isRedirected)
    {
        var refusing = WebServer.Options();
        refusing.ClientCertificateMode = ClientCertificateMode.Required;
        refusing.ClientCertificateVerifier = Pki.Verifier;
        await using var server = await WebServer.StartAsync(context => context.Response.WriteAsync("well"), WebServer.Lucid(refusing));
        await using var redirecting = await WebServer.StartAsync(
            context =>
            {
                context.Response.Redirect(server.Url().ToString());
                return Task.CompletedTask;
            },
            WebServer.Lucid(WebServer.Options()));
        var options = Clients.Options();
        options.ConfigureEngine = engine =>
        {
            engine.UseProxy = false;
            engine.ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return context.DnsEndPoint.Port == server.Port ? new LateStream(socket) : new NetworkStream(socket, ownsSocket: true);
            };
        };
        using var client = Clients.Create(options, HttpVersion.Version20);

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(isRedirected ? redirecting.Url() : server.Url(), Cancel));

        Assert.True(failure.HttpRequestError == HttpRequestError.SecureConnectionError, failure.ToString());
        Assert.Equal(TlsAlert.CertificateRequired, Cause(failure).Alert);
        Assert.Contains(Cause(failure).Message, failure.Message, StringComparison.Ordinal);
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

    /// <summary>What it sends after the client's two flights of the handshake is sent, as its caller sees it, only when the connection is closed.</summary>
    private sealed class LateStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
    {
        private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _writes;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await base.WriteAsync(buffer, cancellationToken);
            if (++_writes > 2)
                await _closed.Task.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            _closed.TrySetResult();
        }
    }
}

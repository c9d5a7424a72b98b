using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using LucidTls.Cli.Reporting;
using LucidTls.Cli.Serving;
using LucidTls.StartTls;
using Microsoft.AspNetCore.Builder;

namespace LucidTls.Cli;

/// <summary><c>lucidtls tunnel</c>: a plain local side to a verified TLS link.</summary>
internal static class TunnelCommand
{
    private const string UnixPrefix = "unix:";
    private const int DefaultConnections = 1000;

    public static Command Create()
    {
        var listen = new Option<EndPoint>("--listen")
        {
            Description = "Where plain clients connect: a port alone means 127.0.0.1, unix:PATH a socket that you alone may use",
            HelpName = "ADDR:PORT",
            Required = true,
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (text.StartsWith(UnixPrefix, StringComparison.Ordinal) && text.Length > UnixPrefix.Length)
                    return new UnixDomainSocketEndPoint(Path.GetFullPath(text[UnixPrefix.Length..]));
                if (ServeCommand.TryParseListen(text, out var endpoint))
                    return endpoint;
                result.AddError($"'{Printable.Line(text)}' is no address to listen on. Write ADDR:PORT with an IP address, or unix:PATH.");
                return null;
            },
        };
        var to = new Option<string>("--to") { Description = "The server; its port may be left out where --starttls says which it is", HelpName = "HOST:PORT", Required = true };
        var startTls = CommonOptions.StartTls("Ask the server for TLS as this protocol does", StartTlsProtocol.All);
        var verifyName = new Option<string>("--verify-name") { Description = "The name to demand of the server's certificate, if not HOST", HelpName = "NAME" };
        var roots = new Option<string>("--roots") { Description = "Trust the authorities in this PEM file, not the system's", HelpName = "FILE" };
        var cert = new Option<string>("--cert") { Description = "Show the server this certificate chain (PEM, leaf first, or a PKCS#12 file with the key)", HelpName = "FILE" };
        var key = new Option<string>("--key") { Description = "Its private key (PEM), unless the file of --cert holds it", HelpName = "FILE" };
        var keyPassword = KeyPassword.Option();
        var connections = new Option<int>("--connections") { Description = "How many connections may be open at once", HelpName = "N", DefaultValueFactory = _ => DefaultConnections };
        var drain = CommonOptions.Drain();
        var proxyProtocol = new Option<bool>("--proxy-protocol") { Description = "Each client's connection comes from a proxy that says first whose it is (PROXY protocol, version 1 or 2)" };
        var sendProxyProtocol = new Option<ProxyVersion?>("--send-proxy-protocol") { Description = "Tell the server, before TLS, whose connection it gets: v1 or v2 of the PROXY protocol", HelpName = "v1|v2" };
        var (idle, halfClosed) = CommonOptions.Limits();
        var metrics = CommonOptions.Metrics();
        var verbose = new Option<bool>("--verbose") { Description = "Show each connection, not only those that fail" };

        connections.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--connections takes a number from 1 on.");
        });

        var command = new Command("tunnel", "Give plain clients on this machine a verified TLS link to a server.") { listen, to, startTls, verifyName, roots, cert, key, keyPassword, connections, idle, halfClosed, drain, proxyProtocol, sendProxyProtocol, metrics, verbose };
        command.Validators.Add(result =>
        {
            if (result.GetResult(key) is not null && result.GetResult(cert) is null)
                result.AddError("--key needs --cert: a private key alone says nothing about who this client is.");
            if (result.GetResult(keyPassword) is not null && result.GetResult(cert) is null)
                result.AddError($"{KeyPassword.Name} needs --cert: it opens the key of that.");
        });
        command.SetAction((parsed, _) =>
        {
            var protocol = parsed.GetValue(startTls);
            if (!HostPort.TryParse(parsed.GetValue(to)!, protocol?.DefaultPort, out var server) || server.Port == 0)
                throw new CliException(ExitCode.Usage, $"'{Printable.Line(parsed.GetValue(to)!)}' is no HOST:PORT.");
            var password = KeyPassword.Of(parsed.GetValue(cert), parsed.GetValue(key), parsed.GetValue(keyPassword));
            var tls = new ClientTls(
                new ClientFiles { Roots = parsed.GetValue(roots), Certificate = parsed.GetValue(cert), Key = parsed.GetValue(key), PasswordFile = password.File, Password = password.Text },
                new TlsClientOptions { TargetHost = parsed.GetValue(verifyName) ?? server.Host });
            var tunnel = new Tunnel(server, protocol, tls, CommonOptions.LimitsOf(parsed, idle, halfClosed, RelayLimits.Default), parsed.GetValue(sendProxyProtocol), TimeSpan.FromSeconds(parsed.GetValue(drain)), parsed.GetValue(verbose));
            return RunAsync(parsed.GetValue(listen)!, server, tunnel, tls, parsed.GetValue(proxyProtocol), parsed.GetValue(metrics), parsed.GetValue(connections), TimeSpan.FromSeconds(parsed.GetValue(drain)), parsed.GetValue(verbose));
        });
        return command;
    }

    private static async Task<int> RunAsync(EndPoint listen, HostPort server, Tunnel tunnel, ClientTls tls, bool expectsProxyHeader, IPEndPoint? metricsAt, int connections, TimeSpan drain, bool verbose)
    {
        await using var files = tls;
        Terminal.NeverWait();
        using var termination = new Termination();
        using var hangup = Hangup.Call(tls.Reload);
        using var metrics = metricsAt is null ? null : new PrometheusMetrics();
        if (listen is UnixDomainSocketEndPoint)
            await RemoveLeftoverAsync(listen.ToString()!);
        await using var app = TunnelHost.Build(listen, metricsAt, metrics, connections, drain, tunnel.RunAsync, expectsProxyHeader, verbose);
        await ServeCommand.StartAsync(app, listen, metricsAt);
        if (listen is UnixDomainSocketEndPoint && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(listen.ToString()!, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Announce(app, listen, server, metricsAt);
        await termination.WaitAsync();
        Terminal.MarkupLine($"[grey]Closing; open connections have {drain.TotalSeconds:0} seconds. A second Ctrl-C ends at once.[/]");
        await app.StopAsync(CancellationToken.None);
        return ExitCode.Ok;
    }

    private static void Announce(WebApplication app, EndPoint listen, HostPort server, IPEndPoint? metricsAt)
    {
        Terminal.MarkupLine($"{Terminal.Escape($"A tunnel to {server}")}, until Ctrl-C:");
        Terminal.Announce(listen is IPEndPoint ip ? ServeCommand.BoundEndPoint(app, ip, at: 0).ToString() : UnixPrefix + listen);
        if (metricsAt is not null)
            Terminal.Line($"Metrics at http://{ServeCommand.BoundEndPoint(app, metricsAt, at: 1)}/metrics");
    }

    // A socket that nobody listens on any more is in the way of a new one.
    private static async Task RemoveLeftoverAsync(string path)
    {
        if (!File.Exists(path))
            return;
        if (CanBeOpened(path))
            throw new CliException(ExitCode.Usage, $"{path} is there already and is no socket.");
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await probe.ConnectAsync(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }
        throw new CliException(ExitCode.Network, $"{path} is in use by another program.");
    }

    // Connecting to a file is refused as it is to a socket that nobody listens on; but a socket cannot be opened.
    private static bool CanBeOpened(string path)
    {
        try
        {
            File.OpenHandle(path).Dispose();
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}

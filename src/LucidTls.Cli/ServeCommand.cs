using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using LucidTls.Certificates.Revocation;
using LucidTls.Cli.Configuring;
using LucidTls.Cli.Reporting;
using LucidTls.Cli.Serving;
using LucidTls.Cli.Trust;
using LucidTls.StartTls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LucidTls.Cli;

/// <summary><c>lucidtls serve</c>: TLS in front of a service.</summary>
internal static class ServeCommand
{
    private const string DefaultListen = "127.0.0.1:8443";

    public static Command Create()
    {
        var listen = new Option<IPEndPoint>("--listen")
        {
            Description = $"Where to listen. A port alone means 127.0.0.1, * means every address, port 0 any free port. [default: {DefaultListen}]",
            HelpName = "ADDR:PORT",
            CustomParser = result =>
            {
                if (TryParseListen(result.Tokens[0].Value, out var endpoint))
                    return endpoint;
                result.AddError($"'{Printable.Line(result.Tokens[0].Value)}' is no address to listen on. Write ADDR:PORT with an IP address, {DefaultListen} for example.");
                return null;
            },
        };
        var to = new Option<string>("--to") { Description = "The service to put TLS in front of: http://HOST:PORT or tcp://HOST:PORT", HelpName = "URL" };
        var root = new Option<string>("--root") { Description = "A folder of files to serve", HelpName = "DIR" };
        var cert = new Option<string>("--cert") { Description = "The certificate chain (PEM, leaf first). Without it, a private authority of your own issues one for this machine", HelpName = "FILE" };
        var key = new Option<string>("--key") { Description = "The certificate's private key (PEM), unless the file of --cert holds it", HelpName = "FILE" };
        var startTls = CommonOptions.StartTls("Begin in plain text and turn to TLS as this protocol does, in front of a service without TLS", StartTlsProtocol.All.Where(protocol => protocol.HasServerSide));
        var proxyProtocol = new Option<bool>("--proxy-protocol") { Description = "Each connection comes from a proxy that says first whose it is (PROXY protocol, version 1 or 2). Let nobody but the proxy reach the port" };
        var sendProxyProtocol = new Option<ProxyVersion?>("--send-proxy-protocol") { Description = "Tell the service of --to tcp://HOST:PORT whose connection it gets: v1 or v2 of the PROXY protocol", HelpName = "v1|v2" };
        var metrics = CommonOptions.Metrics();
        var config = new Option<string>("--config") { Description = "Serve what this file (YAML) says: several addresses, names, certificates and services", HelpName = "FILE" };
        var check = new Option<bool>("--check") { Description = "Only say whether the file of --config can be used" };
        var verbose = new Option<bool>("--verbose") { Description = "Show each connection, not only the handshakes that fail" };

        var command = new Command("serve", "Speak TLS 1.3 and 1.2 in front of a service. Without --to or --root, visitors get a page that shows them their own connection.") { listen, to, root, startTls, proxyProtocol, sendProxyProtocol, cert, key, metrics, config, check, verbose };
        command.Validators.Add(result =>
        {
            if (result.GetResult(config) is not null && new Option[] { listen, to, root, startTls, proxyProtocol, sendProxyProtocol, cert, key, metrics }.Any(option => result.GetResult(option) is not null))
                result.AddError("--config says all there is to say but --verbose and --check.");
            if (result.GetResult(check) is not null && result.GetResult(config) is null)
                result.AddError("--check needs --config: the file to check.");
            if (result.GetResult(to) is not null && result.GetResult(root) is not null)
                result.AddError("--to and --root exclude each other: there is one thing behind the TLS.");
            if (result.GetResult(startTls) is not null && result.GetValue(to)?.StartsWith("tcp://", StringComparison.OrdinalIgnoreCase) != true)
                result.AddError("--starttls needs --to tcp://HOST:PORT: the service that speaks the protocol without TLS.");
            if (result.GetResult(sendProxyProtocol) is not null && result.GetValue(to)?.StartsWith("tcp://", StringComparison.OrdinalIgnoreCase) != true)
                result.AddError("--send-proxy-protocol needs --to tcp://HOST:PORT. HTTP services are told by X-Forwarded-For.");
            if (result.GetResult(key) is not null && result.GetResult(cert) is null)
                result.AddError("--key needs --cert: a private key alone says nothing about who this server is.");
        });
        command.SetAction((parsed, _) => parsed.GetValue(config) is { } file ? parsed.GetValue(check) ? ServeConfigured.CheckAsync(file) : ServeConfigured.RunAsync(file, parsed.GetValue(verbose)) : RunAsync(
            parsed.GetValue(listen) ?? new IPEndPoint(IPAddress.Loopback, 8443),
            BackendOf(parsed.GetValue(to), parsed.GetValue(root)) with { StartTls = parsed.GetValue(startTls), ExpectsProxyHeader = parsed.GetValue(proxyProtocol), SendProxyHeader = parsed.GetValue(sendProxyProtocol) },
            parsed.GetValue(cert),
            parsed.GetValue(key),
            parsed.GetValue(metrics),
            parsed.GetValue(verbose)));
        return command;
    }

    private static async Task<int> RunAsync(IPEndPoint listen, Backend backend, string? certificateFile, string? keyFile, IPEndPoint? metricsAt, bool verbose)
    {
        using var termination = new Termination();
        using var metrics = metricsAt is null ? null : new PrometheusMetrics();
        var options = new TlsServerOptions();
        PrivateIdentity? own = null;
        if (certificateFile is not null)
        {
            options.Identities = [Files.Identity(certificateFile, keyFile)];
        }
        else
        {
            own = PrivateIdentity.Open(DataFolder.OpenDefault(), MachineNames.Host, TimeProvider.System);
            options.Identities = [own.Identity];
            options.IdentitySelector = (_, _) => ValueTask.FromResult<TlsIdentity?>(own.Select());
        }

        // The certificate is the operator's own, so its responder may be inside.
        await using var stapler = new OcspStapler(options.Identities[0], new RevocationFetcher { AllowPrivateAddresses = true });
        await using var app = FrontEnd.Build(listen, options, backend, metricsAt, metrics, verbose);
        await StartAsync(app, listen);
        var bound = BoundEndPoint(app, listen, at: 0);
        Announce(bound, backend, own);
        if (metricsAt is not null)
            Terminal.Line($"Metrics at http://{BoundEndPoint(app, metricsAt, at: 1)}/metrics");
        await termination.WaitAsync();
        Terminal.MarkupLine("[grey]Closing. A second Ctrl-C ends at once.[/]");
        await app.StopAsync(CancellationToken.None);
        return ExitCode.Ok;
    }

    private static Backend BackendOf(string? to, string? root)
    {
        if (root is not null)
            return Directory.Exists(root) ? new Backend(null, null, Path.GetFullPath(root)) : throw new CliException(ExitCode.Usage, $"The folder {root} of --root is not there.");
        if (to is null)
            return new Backend(null, null, null);
        return Backend.TryParse(to) ?? throw new CliException(ExitCode.Usage, $"'{Printable.Line(to)}' is nothing that --to can pass on to. Write http://HOST:PORT or tcp://HOST:PORT.");
    }

    internal static bool TryParseListen(string text, out IPEndPoint endpoint)
    {
        endpoint = new IPEndPoint(IPAddress.Loopback, 0);
        if (ushort.TryParse(text, out var port))
        {
            endpoint.Port = port;
            return true;
        }
        // Kestrel's IPv6 "any" takes IPv4 connections too.
        if (text.StartsWith("*:", StringComparison.Ordinal) && ushort.TryParse(text.AsSpan(2), out port))
        {
            endpoint = new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port);
            return true;
        }
        if (!HostPort.TryParse(text, defaultPort: null, out var hostPort))
            return false;
        if (hostPort.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            endpoint.Port = hostPort.Port;
            return true;
        }
        if (!IPAddress.TryParse(hostPort.Host, out var address))
            return false;
        endpoint = new IPEndPoint(address, hostPort.Port);
        return true;
    }

    internal static async Task StartAsync(WebApplication app, EndPoint listen)
    {
        try
        {
            await app.StartAsync();
        }
        catch (IOException failure) when (failure.InnerException is AddressInUseException)
        {
            throw new CliException(ExitCode.Network, $"{listen} is in use by another program. Choose another{(listen is IPEndPoint ip ? $" port, with --listen {new HostPort(ip.Address.ToString(), 0)} any free one" : "")}.", failure);
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.AccessDenied)
        {
            throw new CliException(ExitCode.Network, $"This user may not listen on {listen}: ports below 1024 need privileges. Choose a higher port with --listen.", failure);
        }
        catch (SocketException failure)
        {
            throw new CliException(ExitCode.Network, $"Listening on {listen} failed: {failure.Message}", failure);
        }
    }

    /// <param name="app">What listens.</param>
    /// <param name="listen">What it was told.</param>
    /// <param name="at">Which of its endpoints that is.</param>
    internal static IPEndPoint BoundEndPoint(WebApplication app, IPEndPoint listen, int at)
    {
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ElementAt(at);
        return new IPEndPoint(listen.Address, BindingAddress.Parse(address).Port);
    }

    private static void Announce(IPEndPoint bound, Backend backend, PrivateIdentity? own)
    {
        var isLocal = bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any) || bound.Address.Equals(IPAddress.Loopback);
        var authority = isLocal ? $"localhost:{bound.Port}" : bound.ToString();
        var url = backend.Tcp is null ? $"https://{authority}/" : authority;
        if (own is not null)
            AnnounceAuthority(own, $"https://{authority}/", bound);
        var what = backend switch
        {
            { Http: { } http } => $"TLS in front of {http}",
            { Tcp: { } tcp } => $"TLS in front of tcp://{tcp}",
            { Root: { } root } => $"The files of {root}",
            _ => "A page that shows each visitor the connection it came over",
        };
        Terminal.MarkupLine($"{Terminal.Escape(what)}, until Ctrl-C:");
        Terminal.Announce(url);
    }

    private static void AnnounceAuthority(PrivateIdentity own, string url, IPEndPoint bound)
    {
        Terminal.MarkupLine(own.IsAuthorityNew
            ? "[bold]A private certificate authority was made for you.[/] Its key stays on this machine and can vouch for this machine alone."
            : "The certificate is from your private authority.");
        Terminal.MarkupLine($"  [grey]{"certificate for",-17}[/] {Terminal.Escape(string.Join(", ", own.Names))}");
        Terminal.MarkupLine($"  [grey]{"authority",-17}[/] {Terminal.Escape(own.AuthorityPath)}");
        Terminal.Line("To trust it:");
        foreach (var (where, how) in TrustInstructions.For(own.AuthorityPath, url))
            Terminal.MarkupLine($"  [grey]{where,-17}[/] {Terminal.Escape(how)}");
        if (!bound.Address.Equals(IPAddress.Any) && !bound.Address.Equals(IPAddress.IPv6Any) && !own.Names.Contains(bound.Address.ToString()))
            Terminal.MarkupLine($"[yellow]warning:[/] the certificate is not for {Terminal.Escape(bound.Address.ToString())}; clients have to use one of its names, or give a certificate with --cert and --key.");
        Terminal.Line();
    }
}

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using System.Net.Sockets;
using LucidTls.AspNetCore.Configuration;
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
        var to = new Option<string[]>("--to") { Description = "The service to put TLS in front of: http://HOST:PORT, https://HOST:PORT, h2c://HOST:PORT (HTTP/2 without TLS, as gRPC has it), tcp://HOST:PORT or, over TLS, tls://HOST:PORT (with --starttls, HOST:PORT will do); several times for several that do the same", HelpName = "URL" };
        var roots = new Option<string>("--roots") { Description = "With --to https://HOST:PORT or tls://HOST:PORT, trust the authorities in this PEM file, not the system's", HelpName = "FILE" };
        var root = new Option<string>("--root") { Description = "A folder of files to serve", HelpName = "DIR" };
        var cert = new Option<string>("--cert") { Description = "The certificate chain (PEM, leaf first), or a PKCS#12 file with it and the key. Without it, a private authority of your own issues one for this machine", HelpName = "FILE" };
        var key = new Option<string>("--key") { Description = "The certificate's private key (PEM), unless the file of --cert holds it", HelpName = "FILE" };
        var keyPassword = KeyPassword.Option();
        var startTls = CommonOptions.StartTls("Begin in plain text and turn to TLS as this protocol does, in front of a service without TLS", StartTlsProtocol.All.Where(protocol => protocol.HasServerSide));
        var toStartTls = CommonOptions.StartTls("Ask the service of --to tls://HOST:PORT for TLS as this protocol does", StartTlsProtocol.All, "--to-starttls");
        var proxyProtocol = new Option<bool>("--proxy-protocol") { Description = "Each connection comes from a proxy that says first whose it is (PROXY protocol, version 1 or 2). Let nobody but the proxy reach the port" };
        var sendProxyProtocol = new Option<ProxyVersion?>("--send-proxy-protocol") { Description = "Tell the service of --to tcp://HOST:PORT or tls://HOST:PORT whose connection it gets: v1 or v2 of the PROXY protocol", HelpName = "v1|v2" };
        var redirect = CommonOptions.Address("--redirect", "Where to answer plain HTTP with a redirection to https", "to answer plain HTTP at");
        var (idle, halfClosed) = CommonOptions.Limits(http: true);
        var drain = CommonOptions.Drain();
        var metrics = CommonOptions.Metrics();
        var config = new Option<string>("--config") { Description = "Serve what this file (YAML) says: several addresses, names, certificates and services", HelpName = "FILE" };
        var check = new Option<bool>("--check") { Description = "Only say whether the file of --config can be used" };
        var verbose = new Option<bool>("--verbose") { Description = "Show each connection, not only the handshakes that fail" };

        var command = new Command("serve", "Speak TLS 1.3 and 1.2 in front of a service. Without --to or --root, visitors get a page that shows them their own connection.") { listen, to, roots, root, redirect, startTls, toStartTls, proxyProtocol, sendProxyProtocol, cert, key, keyPassword, idle, halfClosed, drain, metrics, config, check, verbose };
        command.Validators.Add(result =>
        {
            if (result.GetResult(config) is not null && new Option[] { listen, to, roots, root, redirect, startTls, toStartTls, proxyProtocol, sendProxyProtocol, cert, key, keyPassword, drain, metrics }.Any(option => result.GetResult(option) is { } given && given is not OptionResult { Implicit: true }))
                result.AddError("--config says all there is to say but --verbose and --check.");
            if (result.GetResult(check) is not null && result.GetResult(config) is null)
                result.AddError("--check needs --config: the file to check.");
            if (result.GetResult(to) is not null && result.GetResult(root) is not null)
                result.AddError("--to and --root exclude each other: there is one thing behind the TLS.");
            if (result.GetResult(startTls) is not null && !AreAll("tcp://", "tls://"))
                result.AddError("--starttls needs --to tcp://HOST:PORT or tls://HOST:PORT: the service that speaks the protocol without STARTTLS.");
            if (result.GetResult(toStartTls) is not null && !AreAll("tls://"))
                result.AddError("--to-starttls needs --to tls://HOST:PORT: the service that is asked for TLS.");
            if (result.GetResult(sendProxyProtocol) is not null && !AreAll("tcp://", "tls://"))
                result.AddError("--send-proxy-protocol needs --to tcp://HOST:PORT or tls://HOST:PORT. HTTP services are told by X-Forwarded-For.");
            if (result.GetResult(key) is not null && result.GetResult(cert) is null)
                result.AddError("--key needs --cert: a private key alone says nothing about who this server is.");
            if (result.GetResult(keyPassword) is not null && result.GetResult(cert) is null)
                result.AddError($"{KeyPassword.Name} needs --cert: it opens the key of that.");
            if (result.GetResult(roots) is not null && !AreAll("https://", "tls://"))
                result.AddError("--roots needs --to https://HOST:PORT or tls://HOST:PORT: whom to trust matters where there is TLS to the service.");
            if (result.GetResult(idle) is not null && result.GetResult(to) is null)
                result.AddError("--idle needs --to: the service that may be silent for so long.");
            if (result.GetResult(halfClosed) is not null && !AreAll("tcp://", "tls://"))
                result.AddError("--half-closed needs --to tcp://HOST:PORT or tls://HOST:PORT: with HTTP no side ends before the other.");
            if (result.GetResult(redirect) is not null && AreAll("tcp://", "tls://"))
                result.AddError("--redirect is for HTTP, and --to tcp://HOST:PORT need not be, nor tls://HOST:PORT.");

            bool AreAll(params string[] schemes) => result.GetValue(to) is { Length: > 0 } urls && urls.Select(url => UrlOf(url, SchemeOf(result.GetResult(startTls), result.GetResult(toStartTls)))).All(url => schemes.Any(scheme => url.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)));
        });
        command.SetAction((parsed, _) =>
        {
            if (parsed.GetValue(config) is { } file)
                return parsed.GetValue(check) ? Task.FromResult(ServeConfigured.Check(file)) : ServeConfigured.RunAsync(file, parsed.GetValue(verbose));
            if (parsed.GetValue(startTls) is { } front && parsed.GetValue(toStartTls) is { } behind && Backend.StartTlsProblem(front, behind) is { } problem)
                throw new CliException(ExitCode.Usage, $"--to-starttls: {problem}");
            var backend = BackendOf([.. (parsed.GetValue(to) ?? []).Select(url => UrlOf(url, SchemeOf(parsed.GetResult(startTls), parsed.GetResult(toStartTls))))], parsed.GetValue(root), parsed.GetValue(roots)) with { StartTls = parsed.GetValue(toStartTls), SendProxyHeader = parsed.GetValue(sendProxyProtocol) };
            var password = KeyPassword.Of(parsed.GetValue(cert), parsed.GetValue(key), parsed.GetValue(keyPassword));
            var site = new SiteConfiguration
            {
                Certificate = FullPath(parsed.GetValue(cert)),
                Key = FullPath(parsed.GetValue(key)),
                PasswordFile = FullPath(password.File),
                Password = password.Text,
                Backend = backend,
                Places = new Dictionary<string, string>
                {
                    [SiteSettings.CertificateKey] = "--cert",
                    [$"{SiteSettings.CertificateKey}:{CertificateSettings.KeyPathKey}"] = "--key",
                    [$"{SiteSettings.CertificateKey}:{CertificateSettings.PasswordKey}"] = KeyPassword.Name,
                    [$"{SiteSettings.CertificateKey}:{CertificateSettings.PasswordFileKey}"] = KeyPassword.Name,
                },
            };
            var service = new ServiceConfiguration
            {
                Listen = parsed.GetValue(listen) ?? new IPEndPoint(IPAddress.Loopback, 8443),
                Redirect = parsed.GetValue(redirect),
                StartTls = parsed.GetValue(startTls),
                ExpectsProxyHeader = parsed.GetValue(proxyProtocol),
                Limits = CommonOptions.LimitsOf(parsed, idle, halfClosed, backend.IsTcp ? RelayLimits.Default : RelayLimits.DefaultHttp),
                Sites = [site],
                Place = "--cert",
            };
            return RunAsync(new ServeConfiguration(Environment.CurrentDirectory, parsed.GetValue(metrics), TimeSpan.FromSeconds(parsed.GetValue(drain)), [service]), parsed.GetValue(verbose));
        });
        return command;
    }

    private static async Task<int> RunAsync(ServeConfiguration configuration, bool verbose)
    {
        Terminal.NeverWait();
        using var termination = new Termination();
        using var metrics = configuration.Metrics is null ? null : new PrometheusMetrics();
        var service = configuration.Services[0];
        var own = service.Sites[0].Certificate is null ? PrivateIdentity.Open(DataFolder.OpenDefault(), MachineNames.Host, TimeProvider.System) : null;
        var problems = new Problems("");
        FilesCheck.Look(problems, service, configuration.Folder);
        problems.Settle();
        await using var front = new ConfiguredFront(configuration, own, metrics, verbose);
        // Before anybody is told that it runs: a SIGHUP that nobody takes ends a process.
        using var hangup = Hangup.Call(front.Reload);
        await StartAsync(front.App, [service.Listen, service.Redirect, configuration.Metrics]);
        Announce(BoundEndPoint(front.App, service.Listen, at: 0), service.Sites[0].Backend, own);
        AnnounceOthers(front.App, configuration);
        await RunToEndAsync(front.App, termination);
        return ExitCode.Ok;
    }

    internal static async Task RunToEndAsync(WebApplication app, Termination termination)
    {
        await termination.WaitAsync();
        Terminal.MarkupLine("[grey]Closing. A second Ctrl-C ends at once.[/]");
        await app.StopAsync(CancellationToken.None);
    }

    // What begins in plain text is behind the TLS as it is before it: nothing but TCP.
    private static string UrlOf(string to, string? scheme) => scheme is null || to.Contains("://", StringComparison.Ordinal) ? to : $"{scheme}://{to}";

    private static string? SchemeOf(OptionResult? startTls, OptionResult? toStartTls) => toStartTls is not null ? "tls" : startTls is not null ? "tcp" : null;

    private static string? FullPath(string? path) => path is null ? null : Path.GetFullPath(path);

    private static Backend BackendOf(string[] to, string? root, string? roots)
    {
        if (root is not null)
            return Directory.Exists(root) ? new Backend { Root = Path.GetFullPath(root) } : throw new CliException(ExitCode.Usage, $"The folder {root} of --root is not there.");
        var services = to.Select(text => Backend.TryParse(text) ?? throw new CliException(ExitCode.Usage, $"'{Printable.Line(text)}' is nothing that --to can pass on to. {Backend.Right}")).ToArray();
        if (services.Length > 0 && Backend.Problem(services, verifyName: null) is { } problem)
            throw new CliException(ExitCode.Usage, $"--to: {problem}");
        return new Backend { Services = services, Tls = new ClientFiles { Roots = FullPath(roots) } };
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

    /// <param name="app">What shall listen.</param>
    /// <param name="listens">Where; null for nowhere.</param>
    /// <exception cref="CliException">It cannot listen there.</exception>
    internal static async Task StartAsync(WebApplication app, params IReadOnlyList<EndPoint?> listens)
    {
        try
        {
            await app.StartAsync();
        }
        catch (IOException failure) when (failure.InnerException is AddressInUseException)
        {
            // Kestrel's message is where it says which one.
            var listen = listens.FirstOrDefault(one => one is not null && failure.Message.Contains(one.ToString()!, StringComparison.Ordinal)) ?? listens[0];
            throw new CliException(ExitCode.Network, $"{listen} is in use by another program. Choose another{(listen is IPEndPoint ? " port; 0 is any free one" : "")}.", failure);
        }
        catch (SettingException failure)
        {
            // A file that was good a moment ago.
            throw new CliException(ExitCode.Usage, failure.Sentence, failure);
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.AccessDenied)
        {
            throw new CliException(ExitCode.Network, $"This user may not listen on {Shown(listens)}: ports below 1024 need privileges. Choose a higher port with --listen.", failure);
        }
        catch (SocketException failure)
        {
            throw new CliException(ExitCode.Network, $"Listening on {Shown(listens)} failed: {failure.Message}", failure);
        }
    }

    private static string Shown(IReadOnlyList<EndPoint?> listens) => string.Join(" or ", listens.OfType<EndPoint>());

    /// <summary>Where else it listens.</summary>
    internal static void AnnounceOthers(WebApplication app, ServeConfiguration configuration)
    {
        var at = configuration.Services.Count;
        foreach (var redirect in configuration.Services.Select(service => service.Redirect).OfType<IPEndPoint>())
            Terminal.Line($"Redirections at http://{BoundEndPoint(app, redirect, at++)}/");
        if (configuration.Metrics is { } metrics)
            Terminal.Line($"Metrics at http://{BoundEndPoint(app, metrics, at)}/metrics");
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
        var url = !backend.IsTcp ? $"https://{authority}/" : authority;
        if (own is not null)
            AnnounceAuthority(own, $"https://{authority}/", bound);
        var what = backend switch
        {
            { Services.Count: > 0 } => $"TLS in front of {backend}",
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

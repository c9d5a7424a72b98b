using System.CommandLine;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using LucidTls.AspNetCore.Configuration;
using LucidTls.Certificates;
using LucidTls.Cli.Connecting;
using LucidTls.Cli.Reporting;
using LucidTls.Cli.Serving;
using LucidTls.StartTls;

namespace LucidTls.Cli;

/// <summary><c>lucidtls connect</c>: looks at a server, and talks to it.</summary>
internal static class ConnectCommand
{
    private const int DefaultPort = 443;
    private const int Unsaid = -1;

    public static Command Create()
    {
        var target = new Argument<HostPort>("HOST:PORT")
        {
            Description = $"The server; without a port, {DefaultPort}, or the port of the protocol of --starttls",
            CustomParser = result =>
            {
                if (!HostPort.TryParse(result.Tokens[0].Value, Unsaid, out var value) || value.Port == 0)
                    result.AddError($"'{Printable.Line(result.Tokens[0].Value)}' is no HOST:PORT.");
                return value;
            },
        };
        var startTls = CommonOptions.StartTls("Ask the server for TLS as this protocol does", StartTlsProtocol.All);
        var serverName = new Option<string>("--servername") { Description = "The name to ask for (SNI) and to demand of the certificate, if not HOST", HelpName = "NAME" };
        var roots = new Option<string>("--roots") { Description = "Trust the certificates in this PEM file or folder, not the system's", HelpName = "FILE|DIR" };
        var logs = CommonOptions.CtLogs();
        var cert = new Option<string>("--cert") { Description = "Show the server, if it asks, this certificate chain (PEM, leaf first, or a PKCS#12 file with the key)", HelpName = "FILE" };
        var key = new Option<string>("--key") { Description = "Its private key (PEM), unless the file of --cert holds it", HelpName = "FILE" };
        var keyPassword = KeyPassword.Option();
        var alpn = List<IReadOnlyList<SslApplicationProtocol>>("--alpn", "The application protocols to offer, h2,http/1.1 for example", Names.ParseProtocols);
        var groups = List<IReadOnlyList<NamedGroup>>("--groups", $"The key-exchange groups to offer: {string.Join(", ", Names.Groups)}", Names.ParseGroups);
        var suites = List<IReadOnlyList<CipherSuite>>("--suites", $"The cipher suites to offer: {string.Join(", ", Names.Suites)}", Names.ParseSuites);
        var version = new Option<string>("--tls") { Description = "Speak this version alone", HelpName = "VERSION" };
        version.AcceptOnlyFromAmong("1.2", "1.3");
        var request = new Option<string>("--request") { Description = "Make one HTTP/1.1 GET and end; the body goes to standard output", HelpName = "/PATH" };
        var json = new Option<bool>("--json") { Description = "Report in JSON on standard output and end" };
        var dangerous = new Option<bool>("--dangerous-accept-any-certificate") { Description = "Go on whatever the certificate says: anybody may then sit in the middle" };

        var command = new Command("connect", "Connect to a TLS server, show the handshake as it happens, then pass standard input and output through. The report goes to standard error.")
        {
            target, startTls, serverName, roots, logs, cert, key, keyPassword, alpn, version, groups, suites, request, json, dangerous,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(logs) is not null && result.GetValue(dangerous))
                result.AddError("--ct-logs demands what --dangerous-accept-any-certificate does without: leave one of them out.");
            if (result.GetResult(key) is not null && result.GetResult(cert) is null)
                result.AddError("--key needs --cert: a private key alone says nothing about who this client is.");
            if (result.GetResult(keyPassword) is not null && result.GetResult(cert) is null)
                result.AddError($"{KeyPassword.Name} needs --cert: it opens the key of that.");
            if (result.GetValue(request) is not { } path)
                return;
            if (result.GetResult(startTls) is not null)
                result.AddError("--request speaks HTTP, which does not turn to TLS: leave --starttls out.");
            if (!path.StartsWith('/') || path.AsSpan().ContainsAnyExceptInRange('!', '~'))
                result.AddError("--request takes a path that begins with / and holds visible ASCII characters only; others are written as %XX.");
            if (result.GetResult(alpn) is not null && result.GetValue(alpn) is { } offered && offered.Any(protocol => protocol != SslApplicationProtocol.Http11))
                result.AddError("--request speaks HTTP/1.1, so --alpn can only offer http/1.1 beside it.");
        });
        command.SetAction((parsed, _) =>
        {
            var protocol = parsed.GetValue(startTls);
            var host = parsed.GetValue(target);
            if (host.Port == Unsaid)
                host = host with { Port = protocol?.DefaultPort ?? DefaultPort };
            var settings = new ConnectSettings(host, parsed.GetValue(serverName) ?? host.Host, protocol, parsed.GetValue(request), parsed.GetValue(json));
            var options = new TlsClientOptions
            {
                TargetHost = settings.ServerName,
                CertificateVerifier = new CertificateVerifier(new CertificateVerifierOptions { TrustStore = Files.Roots(parsed.GetValue(roots)), TransparencyLogs = Files.Logs(parsed.GetValue(logs)) }),
                DangerousAcceptAnyCertificate = parsed.GetValue(dangerous),
            };
            if (parsed.GetValue(version) is { } spoken)
                options.MinimumVersion = options.MaximumVersion = spoken == "1.2" ? TlsVersion.Tls12 : TlsVersion.Tls13;
            if (parsed.GetValue(suites) is { } suiteList)
                options.CipherSuites = suiteList;
            if (parsed.GetValue(groups) is { } groupList)
                SetGroups(options, groupList);
            if (parsed.GetValue(alpn) is { } protocols)
                options.ApplicationProtocols = protocols;
            else if (settings.RequestPath is not null)
                options.ApplicationProtocols = [SslApplicationProtocol.Http11];
            return RunAsync(settings, WithIdentity(options, parsed.GetValue(cert), parsed.GetValue(key), parsed.GetValue(keyPassword)));
        });
        return command;
    }

    private static TlsClientOptions WithIdentity(TlsClientOptions options, string? cert, string? key, string? passwordFile)
    {
        var password = KeyPassword.Of(cert, key, passwordFile);
        try
        {
            return new ClientFiles { Certificate = cert, Key = key, PasswordFile = password.File, Password = password.Text }.Read(options);
        }
        catch (SettingException wrong)
        {
            throw new CliException(ExitCode.Usage, wrong.Message, wrong);
        }
    }

    private static Option<T> List<T>(string name, string description, Func<string, T> parse) where T : class => new(name)
    {
        Description = description,
        HelpName = "LIST",
        CustomParser = result =>
        {
            try
            {
                return parse(result.Tokens[0].Value);
            }
            catch (FormatException failure)
            {
                result.AddError(failure.Message);
                return null;
            }
        },
    };

    private static void SetGroups(TlsClientOptions options, IReadOnlyList<NamedGroup> groups)
    {
        var shares = options.KeyShareGroups.Where(groups.Contains).ToArray();
        options.Groups = groups;
        options.KeyShareGroups = shares.Length > 0 ? shares : [groups[0]];
    }

    private static async Task<int> RunAsync(ConnectSettings settings, TlsClientOptions options)
    {
        using var termination = new Termination();
        using var json = settings.Json ? new JsonReport(settings) : null;
        IConnectionReport report = json is null ? new TextReport(settings) : json;
        options.OnHandshakeStep = report.Step;
        var (exitCode, problem, failure) = await TryRunAsync(settings, options, report, termination.Requested);
        report.Finish(exitCode, problem, failure);
        return exitCode;
    }

    private static async Task<(int ExitCode, string? Problem, TlsException? Failure)> TryRunAsync(ConnectSettings settings, TlsClientOptions options, IConnectionReport report, CancellationToken interrupted)
    {
        try
        {
            await TalkAsync(settings, options, report, interrupted);
            return (ExitCode.Ok, null, null);
        }
        catch (Exception failure) when (failure.InnerException is TlsException tls && failure is AuthenticationException or IOException)
        {
            if (tls.PeerCertificates.Count > 0)
                report.Certificates(tls.PeerCertificates, tls.Verdict);
            return (ExitCode.Of(tls), FailureText.Of(tls), tls);
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            return (ExitCode.Network, $"The connection to {settings.Target} broke: {failure.Message}", null);
        }
        catch (CliException failure)
        {
            return (failure.ExitCode, failure.Message, null);
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            return (ExitCode.Interrupted, "Interrupted.", null);
        }
    }

    private static async Task TalkAsync(ConnectSettings settings, TlsClientOptions options, IConnectionReport report, CancellationToken interrupted)
    {
        var connection = await Dialer.ConnectAsync(settings.Target, interrupted);
        await using var plain = new NetworkStream(connection.Socket, ownsSocket: true);
        report.Connected(connection);
        await using var tls = await Dialer.SecureAsync(plain, settings.StartTls, options, interrupted);

        var session = tls.Session;
        var verdict = session.PeerVerdict ?? await options.CertificateVerifier.VerifyAsync(session.PeerCertificates, settings.ServerName, CertificatePurpose.Server, interrupted);
        report.Certificates(session.PeerCertificates, verdict);
        report.Session(session);
        if (settings.RequestPath is not null)
            await RequestAsync(settings, tls, report, interrupted);
        else if (!settings.Json)
            await PassThrough.RunAsync(tls, interrupted);
        // However it ends, disposing the stream says close_notify if it still can.
    }

    private static async Task RequestAsync(ConnectSettings settings, TlsStream tls, IConnectionReport report, CancellationToken interrupted)
    {
        var host = new HostPort(settings.ServerName, settings.Target.Port).ToString();
        if (settings.Target.Port == DefaultPort)
            host = host[..host.LastIndexOf(':')];
        await using var output = settings.Json ? Stream.Null : Console.OpenStandardOutput();
        var (head, bodyBytes) = await new HttpGet(tls, output).RunAsync(settings.RequestPath!, host, interrupted);
        report.Response(head, bodyBytes);
    }
}

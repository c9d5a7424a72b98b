using System.CommandLine;
using System.Globalization;
using LucidTls.Certificates;
using LucidTls.Certificates.Fetching;
using LucidTls.Certificates.Revocation;
using LucidTls.Cli.Inspecting;

namespace LucidTls.Cli;

/// <summary><c>lucidtls cert verify</c>: whether a chain is good, and why.</summary>
internal static class CertVerifyCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("SOURCE") { Description = "The chain, leaf first: a file (PEM, DER, PKCS#12, PKCS#7), HOST:PORT, or - for standard input" };
        var names = new Option<string[]>("--name") { Description = "The name that the certificate must be for, a DNS name or an IP address; can be given several times. A server's own by default", HelpName = "NAME" };
        var roots = new Option<string>("--roots") { Description = "Trust the certificates in this PEM file or folder, not the system's", HelpName = "FILE|DIR" };
        var at = new Option<DateTimeOffset?>("--at")
        {
            Description = "Verify as of this time, 2027-01-31 or 2027-01-31T12:00:00Z, not now",
            HelpName = "TIME",
            CustomParser = result =>
            {
                if (DateTimeOffset.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
                    return time;
                result.AddError($"'{Reporting.Printable.Line(result.Tokens[0].Value)}' is no time. Write 2027-01-31 or 2027-01-31T12:00:00Z.");
                return null;
            },
        };
        var purpose = new Option<string>("--purpose") { Description = "What the certificate must be good for", DefaultValueFactory = _ => "server" };
        purpose.AcceptOnlyFromAmong("server", "client");
        var profile = new Option<string>("--profile") { Description = "The rules: those of the web's authorities, or of RFC 5280 alone", DefaultValueFactory = _ => "web" };
        profile.AcceptOnlyFromAmong("web", "rfc5280");
        var without = new Option<string[]>("--without") { Description = "Leave out a rule by its name; can be given several times", HelpName = "RULE" };
        var crls = new Option<string[]>("--crl") { Description = "A certificate revocation list (PEM or DER); can be given several times", HelpName = "FILE" };
        var logs = CommonOptions.CtLogs();
        var depth = new Option<int?>("--max-depth") { Description = "How many authorities may stand between the leaf and the trust anchor", HelpName = "N" };
        var revocation = new Option<string>("--revocation") { Description = "What is made of what is known about revocation: off, soft (what cannot be found out is let pass), hard", DefaultValueFactory = _ => "soft" };
        revocation.AcceptOnlyFromAmong("off", "soft", "hard");
        var online = new Option<bool>("--online") { Description = "Ask OCSP responders, fetch revocation lists and missing intermediates from where the certificates say" };
        var password = CertCommand.PasswordFile();
        var json = new Option<bool>("--json") { Description = "Print the verdict in JSON" };

        var command = new Command("verify", "Verify a certificate chain, and show each path that was tried with what is wrong with it.")
        {
            source, names, roots, at, purpose, profile, without, crls, logs, depth, revocation, online, password, json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(depth) is < 0)
                result.AddError("--max-depth cannot be negative.");
            if (result.GetResult(logs) is not null && result.GetValue(purpose) == "client")
                result.AddError("--ct-logs is for servers' certificates; clients' are not logged.");
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            var verifier = new CertificateVerifier(new CertificateVerifierOptions
            {
                TrustStore = Files.Roots(parsed.GetValue(roots)),
                Profile = ProfileOf(parsed.GetValue(profile)!, parsed.GetValue(without) ?? []),
                MaxDepth = parsed.GetValue(depth),
                Revocation = RevocationOf(parsed.GetValue(revocation)!, parsed.GetValue(crls) ?? [], parsed.GetValue(online)),
                TransparencyLogs = Files.Logs(parsed.GetValue(logs)),
                IssuerFetcher = parsed.GetValue(online) ? new IssuerFetcher() : null,
            });
            var loaded = await CertificateSource.LoadAsync(parsed.GetValue(source)!, parsed.GetValue(password), verifier, cancellation);
            if (loaded.Count > 1)
                throw new CliException(ExitCode.Usage, "One chain is verified at a time; name one file of the folder.");
            var isServer = parsed.GetValue(purpose) == "server";
            var asked = parsed.GetValue(names) is { Length: > 0 } given ? given : loaded[0].Host is { } host && isServer ? [host] : [];
            var time = parsed.GetValue(at);
            var verdict = await verifier.VerifyAsync(
                new CertificateVerificationRequest
                {
                    Chain = loaded[0].Certificates,
                    Names = [.. asked.Select(NameOf)],
                    Purpose = isServer ? CertificatePurpose.Server : CertificatePurpose.Client,
                    // A staple is of today, and says nothing of another time.
                    Staples = loaded[0].Staple is { } staple && time == null ? [staple] : null,
                    Timestamps = loaded[0].Timestamps,
                    Time = time,
                },
                cancellation);
            if (parsed.GetValue(json))
                Output.Text(verdict.ToJson() + "\n");
            else
                Output.Text(verdict.ToTree());
            return verdict.IsAccepted ? ExitCode.Ok : ExitCode.Certificate;
        });
        return command;
    }

    private static PeerName NameOf(string name)
    {
        try
        {
            return PeerName.Parse(name);
        }
        catch (ArgumentException failure)
        {
            throw new CliException(ExitCode.Usage, $"--name: {Reporting.Printable.Line(name)} is neither a DNS name nor an IP address.", failure);
        }
    }

    private static CertificateProfile ProfileOf(string name, string[] without)
    {
        var profile = name == "web" ? CertificateProfile.WebPki : CertificateProfile.Rfc5280;
        if (without.Length == 0)
            return profile;
        try
        {
            return profile.Without([.. without.Select(RuleOf)]);
        }
        catch (ArgumentException failure)
        {
            throw new CliException(ExitCode.Usage, $"--without: {failure.Message}", failure);
        }
    }

    // Enum.TryParse takes numbers, which are no names.
    private static CertificateRule RuleOf(string name)
    {
        var known = Enum.GetNames<CertificateRule>();
        return known.FirstOrDefault(rule => rule.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } rule
            ? Enum.Parse<CertificateRule>(rule)
            : throw new CliException(ExitCode.Usage, $"--without: there is no rule {Reporting.Printable.Line(name)}. The rules are {string.Join(", ", known)}.");
    }

    private static RevocationOptions RevocationOf(string mode, string[] files, bool isOnline)
    {
        if (mode == "off")
            return RevocationOptions.Off;
        var demand = mode == "hard" ? RevocationMode.HardFail : RevocationMode.SoftFail;
        return new RevocationOptions
        {
            // A certificate must be called good by one of the sources, of which the lists are the last.
            Lists = demand,
            Fetcher = isOnline ? new RevocationFetcher() : null,
            GivenLists = [.. files.SelectMany(Files.RevocationLists)],
        };
    }
}

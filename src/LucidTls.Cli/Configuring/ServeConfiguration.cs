using System.Net;
using LucidTls.Cli.Serving;
using LucidTls.StartTls;

namespace LucidTls.Cli.Configuring;

/// <summary>One name, or several that are served alike.</summary>
internal sealed record SiteConfiguration
{
    /// <summary>DNS names, "*.example.com" for one label more; none for whoever asks for no name of another site.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>A file, or a folder of them; null for the private authority's.</summary>
    public string? Certificate { get; init; }

    /// <summary>The private key's file, if the certificate's does not hold it.</summary>
    public string? Key { get; init; }

    /// <summary>The file whose first line is the key's password, and <see cref="Password"/> itself where there is no such file.</summary>
    public string? PasswordFile { get; init; }

    public string? Password { get; init; }

    public Backend Backend { get; init; } = new();

    public ClientRules Clients { get; init; } = new();

    public TlsRules Tls { get; init; } = new();

    /// <summary>The Strict-Transport-Security header of each answer (RFC 6797); null for none of ours.</summary>
    public string? Hsts { get; init; }

    /// <summary>How the places of settings are called in messages, by the adapter's name for them; "" is the site's own.</summary>
    public IReadOnlyDictionary<string, string> Places { get; init; } = new Dictionary<string, string>();

    /// <summary>Without what is secret.</summary>
    public override string ToString() => string.Join(", ", Names);
}

/// <summary>An address and what is served there.</summary>
internal sealed record ServiceConfiguration
{
    public required IPEndPoint Listen { get; init; }

    /// <summary>Where plain HTTP is answered with a redirection to here; null for nowhere.</summary>
    public IPEndPoint? Redirect { get; init; }

    /// <summary>The protocol that begins in plain text; null for TLS from the first byte.</summary>
    public StartTlsProtocol? StartTls { get; init; }

    /// <summary>Whether each connection comes from a proxy that says first whose it is.</summary>
    public bool ExpectsProxyHeader { get; init; }

    /// <summary>How long services and their clients may be silent.</summary>
    public RelayLimits Limits { get; init; } = RelayLimits.Default;

    /// <summary>Whether OCSP responses are fetched and stapled for certificates that name a responder.</summary>
    public bool OcspStapling { get; init; } = true;

    /// <summary>How long a handshake may take; null for as long as by default.</summary>
    public TimeSpan? HandshakeTimeout { get; init; }

    /// <summary>How many handshakes may be under way at once; null for any number.</summary>
    public int? MaxConcurrentHandshakes { get; init; }

    /// <summary>By name; all of them HTTP, or all of them TCP.</summary>
    public required IReadOnlyList<SiteConfiguration> Sites { get; init; }

    /// <summary>How its place is called in messages.</summary>
    public string Place { get; init; } = "";

    public bool IsTcp => Sites[0].Backend.IsTcp;

    /// <summary>Whether a site serves whoever comes, so that no request can be another's.</summary>
    public bool IsOneForAll => Sites is [{ Names.Count: 0 }];

    /// <summary>What cannot change while it runs.</summary>
    public (IPEndPoint, IPEndPoint?, string?, bool, bool) Fixed => (Listen, Redirect, StartTls?.Name, IsTcp, ExpectsProxyHeader);

    public SiteConfiguration? SiteOf(string? name) =>
        Sites.FirstOrDefault(site => name is not null && site.Names.Contains(name, StringComparer.OrdinalIgnoreCase))
        ?? Sites.FirstOrDefault(site => name?.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && site.Names.Contains(string.Concat("*", name.AsSpan(dot)), StringComparer.OrdinalIgnoreCase))
        ?? Sites.FirstOrDefault(site => site.Names.Count == 0);
}

/// <summary>What <c>serve</c> serves, by its command line or by the file of <c>--config</c>.</summary>
/// <param name="Folder">Where relative paths begin: the file's own.</param>
/// <param name="Metrics">Where metrics are shown; null for nowhere.</param>
/// <param name="Drain">How long open connections are given once the tool is asked to stop.</param>
/// <param name="Services">At least one.</param>
internal sealed record ServeConfiguration(string Folder, IPEndPoint? Metrics, TimeSpan Drain, IReadOnlyList<ServiceConfiguration> Services)
{
    /// <summary>What keeps this from taking that one's place while it runs; null for nothing.</summary>
    public string? NeedsRestartAfter(ServeConfiguration before)
    {
        const string Rule = "Addresses and kinds of services, metrics and drain change with a restart only";
        if (!Equals(Metrics, before.Metrics) || Drain != before.Drain)
            return $"{Rule}, and {(Drain != before.Drain ? "drain" : "the address of metrics")} is another.";
        for (var i = 0; i < Services.Count; i++)
        {
            if (i >= before.Services.Count)
                return $"{Services[i].Place}: {Rule}, and the service at {Services[i].Listen} is new.";
            if (!Services[i].Fixed.Equals(before.Services[i].Fixed))
                return $"{Services[i].Place}: {Rule}, and this is not what is served at {before.Services[i].Listen}.";
        }
        return Services.Count < before.Services.Count ? $"{Rule}, and the service at {before.Services[Services.Count].Listen} is gone." : null;
    }
}

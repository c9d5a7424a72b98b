using LucidTls.StartTls;

namespace LucidTls.Cli.Serving;

/// <summary>How long relayed connections, and requests that are passed on, may be silent.</summary>
/// <param name="Idle">Without a byte in either direction; <see cref="Timeout.InfiniteTimeSpan"/> for any time.</param>
/// <param name="HalfClosed">The same once one side has ended.</param>
internal sealed record RelayLimits(TimeSpan Idle, TimeSpan HalfClosed)
{
    /// <summary>Half a day, since who keeps a connection for later need not be gone (TCP's own keep-alive finds those that are); five minutes for the rest of an answer.</summary>
    public static readonly RelayLimits Default = new(TimeSpan.FromHours(12), TimeSpan.FromMinutes(5));

    /// <summary>For HTTP, where a request costs its sender little: an hour, so that streams and long polls may have their gaps.</summary>
    public static readonly RelayLimits DefaultHttp = Default with { Idle = TimeSpan.FromHours(1) };

    public const int MostSeconds = 30 * 24 * 3600;

    /// <summary>Seconds as they are written, where 0 is any time.</summary>
    public static TimeSpan Of(int seconds) => seconds == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(seconds);
}

/// <summary>What lies behind the TLS of a site: services that do all the same, or a folder, or, with neither, the page that shows a connection.</summary>
internal sealed record Backend
{
    public const string Right = "Write http://HOST:PORT, https://HOST:PORT, h2c://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT.";

    private const string ClearHttp2 = "h2c";

    /// <summary>One or several URLs of one scheme.</summary>
    public IReadOnlyList<Uri> Services { get; init; } = [];

    /// <summary>A folder of files.</summary>
    public string? Root { get; init; }

    /// <summary>How services of tls:// are asked for TLS; null where it begins with the first byte.</summary>
    public StartTlsProtocol? StartTls { get; init; }

    /// <summary>What is demanded of and shown to services over TLS.</summary>
    public ClientFiles Tls { get; init; } = new();

    /// <summary>The name in the services' certificates, if not that of their URLs.</summary>
    public string? VerifyName { get; init; }

    /// <summary>Whether sessions with the services are resumed.</summary>
    public bool AllowTlsResume { get; init; } = true;

    /// <summary>How it is found out whether the services work; null for not at all.</summary>
    public HealthCheck? HealthCheck { get; init; }

    /// <summary>What a TCP service speaks, by ALPN.</summary>
    public IReadOnlyList<string> Protocols { get; init; } = [];

    /// <summary>How a TCP service is told whose connection it gets; null for not at all.</summary>
    public ProxyVersion? SendProxyHeader { get; init; }

    /// <summary>Whether an HTTP service is told the client's certificate.</summary>
    public bool SendClientCertificate { get; init; }

    public bool IsTcp => Services is [{ Scheme: "tcp" or "tls" }, ..];

    /// <summary>Whether the services speak HTTP/2 without TLS, from the first byte (RFC 9113 §3.3).</summary>
    public bool IsClearHttp2 => Services is [{ Scheme: ClearHttp2 }, ..];

    /// <summary>Whether there is TLS to the services.</summary>
    public bool HasTls => Services is [{ Scheme: "https" or "tls" }, ..];

    /// <summary>What requests begin with: the URLs, where HTTP/2 without TLS has the scheme that HTTP has for it.</summary>
    public IReadOnlyList<string> Addresses => [.. Services.Select(uri => uri.Scheme == ClearHttp2 ? OfScheme(uri, Uri.UriSchemeHttp).AbsoluteUri : uri.AbsoluteUri)];

    public IReadOnlyList<HostPort> Targets => [.. Services.Select(uri => new HostPort(uri.IdnHost.Trim('[', ']'), uri.Port))];

    /// <summary>What tells it from others: what makes requests take another way.</summary>
    public string Id => string.Join(' ', [.. Services.Select(uri => uri.AbsoluteUri), Root, StartTls?.Name, Tls.Roots, Tls.Certificate, Tls.Key, Tls.PasswordFile, VerifyName, AllowTlsResume ? "" : "anew", HealthCheck?.ToString(), .. Protocols, SendProxyHeader?.ToString(), SendClientCertificate ? "certificate" : ""]);

    /// <summary>A service by its URL; null for anything else.</summary>
    public static Uri? TryParse(string text)
    {
        // Read as the URL of HTTP that it is but for its scheme, so that ports and paths mean the same.
        if (text.StartsWith($"{ClearHttp2}://", StringComparison.OrdinalIgnoreCase))
            return TryParse(Uri.UriSchemeHttp + text[ClearHttp2.Length..]) is { } http ? OfScheme(http, ClearHttp2) : null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
            return null;
        return uri.Scheme switch
        {
            "http" or "https" => uri,
            "tcp" or "tls" when uri.Port > 0 && uri.AbsolutePath is "/" or "" => uri,
            _ => null,
        };
    }

    private static Uri OfScheme(Uri uri, string scheme) => new UriBuilder(uri) { Scheme = scheme }.Uri;

    /// <summary>Why these cannot be services of one backend; null when they can.</summary>
    public static string? Problem(IReadOnlyList<Uri> services, string? verifyName)
    {
        if (services.Any(service => service.Scheme != services[0].Scheme || service.AbsolutePath != services[0].AbsolutePath))
            return "Several services do all the same: write the same scheme and the same path for all.";
        if (services.Select(service => service.Authority).Distinct(StringComparer.OrdinalIgnoreCase).Count() != services.Count)
            return "The same service is named twice.";
        if (verifyName is null && services[0].Scheme is "https" or "tls" && services.Any(service => !service.IdnHost.Equals(services[0].IdnHost, StringComparison.OrdinalIgnoreCase)))
            return "Services of https or tls on several hosts need one name that is in all their certificates: upstream: {name: NAME}.";
        return null;
    }

    /// <summary>Why what clients begin with and what services are asked for TLS with do not go together; null when they do.</summary>
    public static string? StartTlsProblem(StartTlsProtocol front, StartTlsProtocol behind) => behind == front || (front, behind) == (StartTlsProtocol.Postgres, StartTlsProtocol.PostgresDirect)
        ? null
        : $"Its clients speak {front.Name}, and its service {behind.Name}: what is passed on is the same on both sides.";

    public override string ToString() => Services.Count > 0 ? string.Join(", ", Services.Select(uri => uri.Scheme is "tcp" or "tls" ? $"{uri.Scheme}://{uri.Authority}" : uri.AbsoluteUri)) + (StartTls is { } protocol ? $" by {protocol.Name} with STARTTLS" : "") : Root ?? "its own page";
}

using System.Net;
using LucidTls.Certificates.Names;

namespace LucidTls.Certificates;

/// <summary>What kind of name is asked for.</summary>
public enum PeerNameKind
{
    /// <summary>A DNS name (DNS-ID).</summary>
    Dns,
    /// <summary>An IP address (IP-ID).</summary>
    IPAddress,
    /// <summary>A mailbox (rfc822Name), as clients' certificates have them.</summary>
    Email,
    /// <summary>A service at a domain (SRV-ID, RFC 4985).</summary>
    Service,
    /// <summary>A scheme and a host (URI-ID).</summary>
    Uri,
}

/// <summary>A name that a certificate must be for: a reference identifier of RFC 9525 §6.1. Only the subject alternative name counts.</summary>
public sealed class PeerName
{
    private PeerName(PeerNameKind kind, string text, string host, IPAddress? address = null)
    {
        Kind = kind;
        Text = text;
        Host = host;
        Address = address;
    }

    /// <summary>What kind of name it is.</summary>
    public PeerNameKind Kind { get; }

    /// <summary>The name as it was given.</summary>
    public string Text { get; }

    /// <summary>The DNS name in it, normalised; or what a mailbox or an address is compared as.</summary>
    internal string Host { get; }

    internal IPAddress? Address { get; }

    /// <summary>A DNS name or an IP address. Internationalised names are taken as U-labels or A-labels; one final dot is passed over.</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static PeerName Parse(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (ServerNames.TryAddress(host) is { } address)
            return new PeerName(PeerNameKind.IPAddress, host, address.ToString(), address);
        return new PeerName(PeerNameKind.Dns, host, Normalize(host, host));
    }

    /// <summary>A mailbox, "user@example.com": the local part compared to the byte, the host without regard to case (RFC 5280 §7.5).</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static PeerName Email(string mailbox)
    {
        ArgumentNullException.ThrowIfNull(mailbox);
        var at = mailbox.LastIndexOf('@');
        if (at <= 0 || !System.Text.Ascii.IsValid(mailbox))
            throw new ArgumentException($"\"{mailbox}\" is no mailbox.", nameof(mailbox));
        return new PeerName(PeerNameKind.Email, mailbox, mailbox[..(at + 1)] + Normalize(mailbox[(at + 1)..], mailbox));
    }

    /// <summary>A service at a domain, such as "imap" at "example.com" (RFC 9525 §6.2: SRV-ID).</summary>
    /// <exception cref="ArgumentException">The service is no name, or the domain is none.</exception>
    public static PeerName Service(string service, string domain)
    {
        ArgumentNullException.ThrowIfNull(service);
        ArgumentNullException.ThrowIfNull(domain);
        var name = service.TrimStart('_');
        if (!DnsNames.IsPreferredForm(name) || name.Contains('.'))
            throw new ArgumentException($"\"{service}\" is no name of a service.", nameof(service));
        return new PeerName(PeerNameKind.Service, $"_{name}.{domain}", $"_{name.ToLowerInvariant()}.{Normalize(domain, domain)}");
    }

    /// <summary>A scheme and a host, such as "sip:example.com" or "https://example.com/": path and port are passed over (RFC 9525 §6.5: URI-ID).</summary>
    /// <exception cref="ArgumentException">It has no scheme, or no DNS name as its host.</exception>
    public static PeerName Uri(string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        return UriIdentifier(uri) is { } identifier ? new PeerName(PeerNameKind.Uri, uri, identifier) : throw new ArgumentException($"\"{uri}\" is no URI with a DNS name as its host.", nameof(uri));
    }

    /// <summary>Scheme and host of a URI, "scheme:host" in lower case, or null: "sip:" URIs have their host without slashes.</summary>
    internal static string? UriIdentifier(string uri)
    {
        var colon = uri.IndexOf(':');
        if (colon <= 0 || !char.IsAsciiLetter(uri[0]) || uri.AsSpan(0, colon).IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") >= 0)
            return null;
        var scheme = uri[..colon].ToLowerInvariant();
        var rest = uri[(colon + 1)..];
        return DnsNames.HostOfUri(rest.StartsWith("//", StringComparison.Ordinal) ? uri : $"{scheme}://{rest}") is { } host ? $"{scheme}:{host.ToLowerInvariant()}" : null;
    }

    /// <summary>The name as it was given.</summary>
    public override string ToString() => Text;

    private static string Normalize(string domain, string whole) =>
        ServerNames.TryNormalize(domain) ?? throw new ArgumentException($"\"{whole}\" is neither a DNS name nor an IP address.", nameof(domain));
}

using System.Net.Security;
using System.Text;

namespace LucidTls.AspNetCore.Configuration;

/// <summary>What is spoken, and how sessions are resumed, for one name or for all that have no entry of their own.</summary>
internal sealed record ProtocolSettings
{
    internal const string MinimumVersionKey = "MinimumVersion";
    internal const string MaximumVersionKey = "MaximumVersion";
    internal const string CipherSuitesKey = "CipherSuites";
    internal const string GroupsKey = "Groups";
    internal const string SchemesKey = "SignatureSchemes";
    internal const string ResumeKey = "AllowTlsResume";
    internal const string TicketCountKey = "TicketCount";
    internal const string TicketLifetimeKey = "TicketLifetime";
    internal const string RecordSizeLimitKey = "RecordSizeLimit";
    internal const string ProtocolsKey = "ApplicationProtocols";
    internal const string RequireServerNameKey = "RequireKnownServerName";
    internal const string RequireProtocolKey = "RequireApplicationProtocol";

    public static readonly string[] Keys =
        [MinimumVersionKey, MaximumVersionKey, CipherSuitesKey, GroupsKey, SchemesKey, ResumeKey, TicketCountKey, TicketLifetimeKey, RecordSizeLimitKey, ProtocolsKey, RequireServerNameKey, RequireProtocolKey];

    public TlsVersion? MinimumVersion { get; private init; }

    public TlsVersion? MaximumVersion { get; private init; }

    public IReadOnlyList<CipherSuite>? CipherSuites { get; private init; }

    public IReadOnlyList<NamedGroup>? Groups { get; private init; }

    public IReadOnlyList<SignatureScheme>? SignatureSchemes { get; private init; }

    public bool? AllowTlsResume { get; private init; }

    public int? TicketCount { get; private init; }

    public TimeSpan? TicketLifetime { get; private init; }

    public int? RecordSizeLimit { get; private init; }

    /// <summary>What is offered by ALPN; null for what the endpoint speaks.</summary>
    public IReadOnlyList<SslApplicationProtocol>? ApplicationProtocols { get; private init; }

    public bool? RequireKnownServerName { get; private init; }

    public bool? RequireApplicationProtocol { get; private init; }

    /// <param name="settings">The section.</param>
    /// <param name="inherited">What holds where the section says nothing.</param>
    /// <exception cref="InvalidOperationException">Something is wrong; the message names the setting.</exception>
    public static ProtocolSettings Read(Settings settings, ProtocolSettings? inherited)
    {
        inherited ??= new ProtocolSettings();
        var read = new ProtocolSettings
        {
            MinimumVersion = settings.Version(MinimumVersionKey) ?? inherited.MinimumVersion,
            MaximumVersion = settings.Version(MaximumVersionKey) ?? inherited.MaximumVersion,
            CipherSuites = settings.Names(CipherSuitesKey, Defaults.CipherSuites) ?? inherited.CipherSuites,
            Groups = settings.Names(GroupsKey, Defaults.Groups) ?? inherited.Groups,
            SignatureSchemes = settings.Names(SchemesKey, Defaults.SignatureSchemes) ?? inherited.SignatureSchemes,
            AllowTlsResume = settings.Flag(ResumeKey) ?? inherited.AllowTlsResume,
            TicketCount = settings.Count(TicketCountKey, least: 0, most: TlsServerOptions.MostTickets) ?? inherited.TicketCount,
            TicketLifetime = settings.Time(TicketLifetimeKey, TimeSpan.FromSeconds(1), TimeSpan.FromDays(7)) ?? inherited.TicketLifetime,
            RecordSizeLimit = settings.Count(RecordSizeLimitKey, least: 64, most: 16385) ?? inherited.RecordSizeLimit,
            ApplicationProtocols = ReadProtocols(settings) ?? inherited.ApplicationProtocols,
            RequireKnownServerName = settings.Flag(RequireServerNameKey) ?? inherited.RequireKnownServerName,
            RequireApplicationProtocol = settings.Flag(RequireProtocolKey) ?? inherited.RequireApplicationProtocol,
        };
        var (oldest, newest) = (read.MinimumVersion ?? Defaults.MinimumVersion, read.MaximumVersion ?? Defaults.MaximumVersion);
        if (oldest.Value > newest.Value)
            settings.Fail(MaximumVersionKey, $"is {newest}, which is older than {MinimumVersionKey}, {oldest}.");
        if (read.CipherSuites is { } suites && !suites.Any(suite => suite.Version.Value >= oldest.Value && suite.Version.Value <= newest.Value))
            settings.Fail(CipherSuitesKey, $"has none for the versions that are spoken, {(oldest == newest ? $"{oldest}" : $"{oldest} and {newest}")}.");
        return read;
    }

    public void Apply(TlsServerOptions options)
    {
        options.MinimumVersion = MinimumVersion ?? options.MinimumVersion;
        options.MaximumVersion = MaximumVersion ?? options.MaximumVersion;
        options.CipherSuites = CipherSuites ?? options.CipherSuites;
        options.Groups = Groups ?? options.Groups;
        options.SignatureSchemes = SignatureSchemes ?? options.SignatureSchemes;
        options.TicketCount = TicketCount ?? options.TicketCount;
        options.TicketLifetime = TicketLifetime ?? options.TicketLifetime;
        options.RecordSizeLimit = RecordSizeLimit;
        options.ApplicationProtocols = ApplicationProtocols ?? options.ApplicationProtocols;
        options.RequireKnownServerName = RequireKnownServerName ?? options.RequireKnownServerName;
        options.RequireApplicationProtocol = RequireApplicationProtocol ?? options.RequireApplicationProtocol;
        if (AllowTlsResume == false)
            options.TicketStore = null;
    }

    private static IReadOnlyList<SslApplicationProtocol>? ReadProtocols(Settings settings) => settings.List(ProtocolsKey) is { } names
        ? [.. names.Select(name => Encoding.UTF8.GetByteCount(name) <= byte.MaxValue ? new SslApplicationProtocol(name) : throw settings.Wrong(ProtocolsKey, name, "names of protocols, of 1 to 255 bytes each"))]
        : null;
}

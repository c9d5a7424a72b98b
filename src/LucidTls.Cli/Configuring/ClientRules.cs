namespace LucidTls.Cli.Configuring;

/// <summary>Who may come in.</summary>
internal sealed record ClientRules
{
    /// <summary>Whether clients must prove themselves.</summary>
    public ClientCertificateMode Mode { get; init; } = ClientCertificateMode.None;

    /// <summary>Whose certificates of clients are good.</summary>
    public string? Roots { get; init; }

    /// <summary>Whose names clients are told, so that they know which certificate to show: a file, a folder, or "none".</summary>
    public string? Authorities { get; init; }

    /// <summary>The URIs that they may have; empty for any, or none.</summary>
    public IReadOnlyList<string> Uris { get; init; } = [];

    /// <summary>The DNS names that they may have, or else; empty for any, or none.</summary>
    public IReadOnlyList<string> DnsNames { get; init; } = [];

    /// <summary>Files that say which certificates are good no more.</summary>
    public IReadOnlyList<string> RevocationLists { get; init; } = [];

    public RevocationRules Revocation { get; init; } = new();

    /// <summary>Whether whoever came in under the others is welcome under these.</summary>
    public bool AreSameAs(ClientRules others) =>
        Mode == others.Mode && Roots == others.Roots && Uris.SequenceEqual(others.Uris) && DnsNames.SequenceEqual(others.DnsNames)
        && RevocationLists.SequenceEqual(others.RevocationLists) && Revocation == others.Revocation;
}

/// <summary>How it is found out whether clients' certificates were revoked, beside the lists that are given; the modes and scopes are called as the adapter for Kestrel calls them.</summary>
internal sealed record RevocationRules
{
    public string Mode { get; init; } = "SoftFail";

    public string Scope { get; init; } = "Path";

    /// <summary>Whether responders are asked and lists fetched.</summary>
    public bool Fetch { get; init; }

    public bool AllowPrivateAddresses { get; init; }
}

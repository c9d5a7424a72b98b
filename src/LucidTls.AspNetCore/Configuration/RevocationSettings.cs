using LucidTls.Certificates.Revocation;

namespace LucidTls.AspNetCore.Configuration;

/// <summary>How it is found out whether clients' certificates were revoked.</summary>
internal sealed record RevocationSettings
{
    internal const string ModeKey = "Mode";
    internal const string ListsKey = "Lists";
    internal const string FetchKey = "Fetch";
    internal const string PrivateKey = "AllowPrivateAddresses";
    internal const string ScopeKey = "Scope";

    public RevocationMode Mode { get; private init; } = RevocationMode.SoftFail;

    /// <summary>Revocation lists, PEM or DER, and folders of nothing else.</summary>
    public IReadOnlyList<SettingFile> Lists { get; private init; } = [];

    /// <summary>Whether responders are asked and lists fetched.</summary>
    public bool Fetch { get; private init; }

    public bool AllowPrivateAddresses { get; private init; }

    public RevocationScope Scope { get; private init; } = RevocationScope.Path;

    /// <exception cref="InvalidOperationException">Something is wrong; the message names the setting.</exception>
    public static RevocationSettings Read(Settings settings, string contentRoot)
    {
        settings.DemandKnown(ModeKey, ListsKey, FetchKey, PrivateKey, ScopeKey);
        var read = new RevocationSettings
        {
            Mode = settings.Name<RevocationMode>(ModeKey) ?? RevocationMode.SoftFail,
            Lists = settings.Files(ListsKey, contentRoot),
            Fetch = settings.Flag(FetchKey) ?? false,
            AllowPrivateAddresses = settings.Flag(PrivateKey) ?? false,
            Scope = settings.Name<RevocationScope>(ScopeKey) ?? RevocationScope.Path,
        };
        if (read is { Mode: RevocationMode.HardFail, Fetch: false, Lists: [] })
            settings.Fail(ModeKey, $"is HardFail, so {ListsKey} must name revocation lists or {FetchKey} be true: nothing else could call a certificate good.");
        if (read is { AllowPrivateAddresses: true, Fetch: false })
            settings.Fail(PrivateKey, $"goes with {FetchKey}.");
        return read;
    }

    /// <param name="fetcher">Who asks responders and fetches lists, for whether private addresses are allowed.</param>
    /// <exception cref="InvalidOperationException">A list cannot be used; the message names the setting.</exception>
    public RevocationOptions ToOptions(Func<bool, RevocationFetcher> fetcher) => Mode == RevocationMode.Off ? RevocationOptions.Off : new RevocationOptions
    {
        // Of the sources the lists are the last: with hard-fail here one of all must call the certificate good.
        Lists = Mode,
        GivenLists = [.. Lists.SelectMany(ReadLists)],
        Fetcher = Fetch ? fetcher(AllowPrivateAddresses) : null,
        Scope = Scope,
    };

    /// <exception cref="SettingException">A list cannot be used.</exception>
    public static IReadOnlyList<CertificateRevocationList> ReadLists(SettingFile file) => file.Read("a revocation list (CRL), in PEM or DER, or a folder of them", ReadFile, ReadFolder);

    private static IReadOnlyList<CertificateRevocationList> ReadFolder(string path) => Directory.EnumerateFiles(path).Order(StringComparer.Ordinal).SelectMany(ReadInFolder).ToArray() is { Length: > 0 } found
        ? found
        : throw new FormatException("There is no file in the folder.");

    private static IReadOnlyList<CertificateRevocationList> ReadFile(string path)
    {
        var lists = CertificateRevocationList.FromFile(path);
        // Meant to be used, and never would be.
        return lists.FirstOrDefault(list => list.Unusable != null) is { } bad ? throw new FormatException($"The list of {bad.Issuer} is of no use, since it {bad.Unusable}.") : lists;
    }

    private static IReadOnlyList<CertificateRevocationList> ReadInFolder(string path)
    {
        try
        {
            return ReadFile(path);
        }
        catch (FormatException exception)
        {
            throw new FormatException($"{Path.GetFileName(path)}: {exception.Message}", exception);
        }
    }
}

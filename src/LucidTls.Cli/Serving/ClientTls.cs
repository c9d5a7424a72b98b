using LucidTls.AspNetCore.Configuration;
using LucidTls.Certificates;
using LucidTls.Cli.Reporting;

namespace LucidTls.Cli.Serving;

/// <summary>The files that a client's TLS is made from.</summary>
internal sealed record ClientFiles
{
    /// <summary>Whom to trust: a PEM file or a folder of them; null for the system's roots.</summary>
    public string? Roots { get; init; }

    /// <summary>The certificate to show; null for none.</summary>
    public string? Certificate { get; init; }

    /// <summary>Its private key, if its file does not hold it.</summary>
    public string? Key { get; init; }

    /// <summary>The file whose first line is the key's password, and <see cref="Password"/> itself where there is no such file.</summary>
    public string? PasswordFile { get; init; }

    public string? Password { get; init; }

    /// <summary>How the places of the four are called in messages.</summary>
    public (string Roots, string Certificate, string Key, string Password) Places { get; init; } = ("--roots", "--cert", "--key", KeyPassword.Name);

    public string Fingerprint() => CertificateFile.Hash(new[] { Roots, Certificate, Key, PasswordFile }.Select(path => path is null ? null : CertificateFile.FingerprintOf(path)));

    /// <summary>The options with what is in the files.</summary>
    /// <exception cref="SettingException">A file cannot be used.</exception>
    public TlsClientOptions Read(TlsClientOptions options)
    {
        var read = options.Clone();
        if (Roots is { } roots)
        {
            var store = NamedFile.Read(Places.Roots, roots, "a PEM file of the authorities' certificates, or a folder of such files", () => Directory.Exists(roots) ? TrustStore.FromFolder(roots) : TrustStore.FromPemFile(roots));
            read.CertificateVerifier = new CertificateVerifier(new CertificateVerifierOptions { TrustStore = store });
        }
        if (Certificate is not null)
            read.Identity = Identity();
        return read;
    }

    private TlsIdentity Identity()
    {
        try
        {
            return new CertificateFile("", Certificate, Key, null, null, Password, PasswordFile, "").Load();
        }
        catch (SettingException wrong)
        {
            throw new SettingException(PlaceOf(wrong.Place.TrimStart(':')), wrong.Sentence, wrong);
        }
    }

    private string PlaceOf(string key) => key switch
    {
        CertificateSettings.KeyPathKey => Places.Key,
        CertificateSettings.PasswordKey or CertificateSettings.PasswordFileKey => Places.Password,
        _ => Places.Certificate,
    };

    /// <summary>Without what is secret.</summary>
    public override string ToString() => Certificate ?? "";
}

/// <summary>A client's options that follow their files: connections that begin take what is there now, and what cannot be used is said once and changes nothing.</summary>
internal sealed class ClientTls : IAsyncDisposable
{
    private readonly ClientFiles _files;
    private readonly TlsClientOptions _options;
    private readonly ChangeWatch _watch;
    private volatile TlsClientOptions _current;
    private string _known;

    /// <exception cref="CliException">A file cannot be used.</exception>
    public ClientTls(ClientFiles files, TlsClientOptions options)
    {
        (_files, _options) = (files, options);
        _watch = new ChangeWatch(files.Fingerprint, (fingerprint, _) => Task.FromResult(Change(fingerprint)), TimeProvider.System);
        _known = files.Fingerprint();
        try
        {
            _current = files.Read(options);
        }
        catch (SettingException wrong)
        {
            throw new CliException(ExitCode.Usage, wrong.Message, wrong);
        }
        _watch.Start(_known);
    }

    public TlsClientOptions Current => _current;

    /// <summary>Reads the files at once, changed or not.</summary>
    public void Reload() => _watch.Ask();

    public ValueTask DisposeAsync() => _watch.DisposeAsync();

    private bool Change(string fingerprint)
    {
        if (fingerprint == _known)
            return true;
        try
        {
            var read = _files.Read(_options);
            // What was written to while it was read may be one part old and one part new.
            if (_files.Fingerprint() != fingerprint)
                return false;
            (_current, _known) = (read, fingerprint);
            Terminal.MarkupLine($"[grey]{DateTime.Now:HH:mm:ss}[/] {Terminal.Escape($"{Names}: changed, and in use for new connections.")}");
        }
        catch (SettingException wrong)
        {
            if (_files.Fingerprint() != fingerprint)
                return false;
            Terminal.Fail($"{wrong.Message} What was in use before stays.");
        }
        return true;
    }

    private string Names => string.Join(", ", new[] { _files.Roots, _files.Certificate, _files.Key, _files.PasswordFile }.OfType<string>());
}

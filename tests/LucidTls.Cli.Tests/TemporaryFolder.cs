namespace LucidTls.Cli.Tests;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("lucidtls-test-").FullName;

    /// <summary>One with a certificate for that name and its key in site.pem, and the authority that issued it in roots.pem.</summary>
    public static TemporaryFolder OfSite(string name)
    {
        var folder = new TemporaryFolder();
        var site = TestPki.Issue(name);
        folder.Write("site.pem", site.CertificatePem + "\n" + site.KeyPem);
        folder.Write("roots.pem", TestPki.AuthorityPem);
        return folder;
    }

    /// <summary>Writes a file into it and gives its path.</summary>
    public string Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public string Read(string name) => File.ReadAllText(System.IO.Path.Combine(Path, name));

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

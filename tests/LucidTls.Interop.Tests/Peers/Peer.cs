namespace LucidTls.Interop.Tests.Peers;

/// <summary>Finds the programs of peers. In CI a missing one fails the test, elsewhere it skips it; both name the Debian package.</summary>
internal static class Peer
{
    public static string Find(string program, string debianPackage)
    {
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        {
            var path = Path.Combine(folder, program);
            if (File.Exists(path))
                return path;
        }
        var message = $"The peer \"{program}\" is not installed; on Debian it is in the package {debianPackage}.";
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", message);
        throw new InvalidOperationException(message);
    }
}

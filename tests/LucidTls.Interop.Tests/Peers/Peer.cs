namespace LucidTls.Interop.Tests.Peers;

/// <summary>Finds the programs of peers, servers among them that are not in everybody's path. In CI a missing one fails the test, elsewhere it skips it; both name the Debian package.</summary>
internal static class Peer
{
    public static string Find(string program, string debianPackage)
    {
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin"))
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

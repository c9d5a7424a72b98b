using LucidTls.Tests.Docs;

namespace LucidTls.Tests.Handshake.Golden;

/// <summary>A text that changes only on purpose. It lies beside the tests; with LUCIDTLS_UPDATE_GOLDEN=1 it is written anew.</summary>
internal static class GoldenFile
{
    public static void Demand(string name, string actual)
    {
        var path = Path.Combine(RepositoryFiles.Root, "tests", "LucidTls.Tests", "Handshake", "Golden", name);
        if (Environment.GetEnvironmentVariable("LUCIDTLS_UPDATE_GOLDEN") == "1")
            File.WriteAllText(path, actual);
        Assert.Equal(File.ReadAllText(path), actual);
    }
}

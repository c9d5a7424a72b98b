using LucidTls.TestSupport;

namespace LucidTls.Package.Tests;

/// <summary>The packages as `dotnet pack` makes them, in a folder that a project can restore from.</summary>
public sealed class Packages : IAsyncLifetime
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    /// <summary>A version that nobody has in a cache.</summary>
    public static readonly string Version = $"0.1.0-test.{DateTime.UtcNow:yyyyMMddHHmmss}.{Environment.ProcessId}";

    private readonly TempFolder _folder = new();

    public static readonly string[] Libraries = ["LucidTls", "LucidTls.AspNetCore", "LucidTls.Http"];

    public string Folder => _folder.Path;

    public static string Root { get; } = FindRoot();

    /// <summary>Where a user's restored packages lie, the dependencies of these among them.</summary>
    private static string Restored => Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    public async ValueTask InitializeAsync()
    {
        foreach (var project in Libraries.Append("LucidTls.Cli"))
            await DotNet.RunAsync(Root, null, "pack", Path.Combine("src", project), "-c", Configuration, "--no-build", "-o", Folder, $"-p:PackageVersion={Version}", "-v", "q", "--nologo");
        // Nothing but these packages and what they depend on, and without a network.
        File.WriteAllText(Path.Combine(Folder, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Path.Combine(Folder, "restored")}" /></config>
              <packageSources><clear /><add key="local" value="{Folder}" /></packageSources>
              <fallbackPackageFolders><clear /><add key="dependencies" value="{Restored}" /></fallbackPackageFolders>
            </configuration>
            """);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return default;
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "LucidTls.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the repository.");
        return folder;
    }
}

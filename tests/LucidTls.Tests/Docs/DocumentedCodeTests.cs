using System.Text.RegularExpressions;

namespace LucidTls.Tests.Docs;

/// <summary>Every C# example in README.md and docs/ stands, line for line, in a file of samples/ that is compiled with the tests.</summary>
public sealed partial class DocumentedCodeTests
{
    public static TheoryData<string> Pages => [.. Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "docs"), "*.md", SearchOption.AllDirectories)
        .Append(Path.Combine(RepositoryFiles.Root, "README.md"))
        .Concat(Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "src"), "README.md", SearchOption.AllDirectories))
        .Select(path => Path.GetRelativePath(RepositoryFiles.Root, path))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Each_example_of_a_page_is_compiled(string page)
    {
        var compiled = Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "samples"), "*.cs", SearchOption.AllDirectories)
            .Select(path => Normalise(File.ReadAllText(path)))
            .ToArray();
        foreach (Match example in Examples().Matches(File.ReadAllText(Path.Combine(RepositoryFiles.Root, page))))
        {
            var code = Normalise(example.Groups[1].Value);
            Assert.True(compiled.Any(file => file.Contains(code, StringComparison.Ordinal)), $"{page} has an example that no file of samples/ holds:\n{code}");
        }
    }

    [Fact]
    public void README_names_each_page()
    {
        var readme = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "README.md"));
        foreach (var page in Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "docs"), "*.md"))
            Assert.Contains($"(docs/{Path.GetFileName(page)})", readme, StringComparison.Ordinal);
    }

    private static string Normalise(string code) => string.Join('\n', code.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));

    [GeneratedRegex("```csharp\r?\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Examples();
}

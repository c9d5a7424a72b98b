using System.Text.RegularExpressions;

namespace LucidTls.Tests.Docs;

public sealed class AttackPageTests
{
    [Fact]
    public void Every_test_that_the_page_on_attacks_names_exists()
    {
        var page = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "attacks.md"));
        var named = Regex.Matches(page, "`(\\w+_\\w+_\\w+)`").Select(match => match.Groups[1].Value).Where(name => !name.StartsWith("TLS_", StringComparison.Ordinal)).ToHashSet();
        Assert.InRange(named.Count, 15, 100);
        var tests = typeof(AttackPageTests).Assembly.GetTypes().SelectMany(type => type.GetMethods()).Select(method => method.Name).ToHashSet();
        Assert.Empty(named.Except(tests));
    }
}

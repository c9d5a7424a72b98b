using System.Text.Json;

namespace LucidTls.Cli.Inspecting;

/// <summary>How bad a finding is.</summary>
internal enum LintSeverity
{
    /// <summary>A rule that must be kept is broken.</summary>
    Error,
    /// <summary>It is allowed but unwise, or discouraged by the rules.</summary>
    Warning,
}

/// <summary>A rule for certificates that one breaks.</summary>
/// <param name="Rule">Which one.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Sentence">What is wrong, with values.</param>
/// <param name="Citation">Where the rule stands.</param>
/// <param name="Mender">Who can mend it.</param>
internal sealed record LintFinding(LintRule Rule, LintSeverity Severity, string Sentence, string Citation, string Mender = "the authority")
{
    /// <summary>The rule's name for people and programs: lower case, with hyphens.</summary>
    public string RuleName => JsonNamingPolicy.KebabCaseLower.ConvertName(Enum.GetName(Rule)!);
}

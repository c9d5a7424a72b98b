using System.Diagnostics.CodeAnalysis;
using LucidTls.Cli.Reporting;
using YamlDotNet.RepresentationModel;

namespace LucidTls.Cli.Configuring;

/// <summary>A mapping of a YAML file. What is wrong is said with file, line and column, and what would be right.</summary>
internal sealed class YamlSettings
{
    private readonly string _file;
    private readonly YamlMappingNode _node;

    private YamlSettings(string file, YamlMappingNode node) => (_file, _node) = (file, node);

    /// <param name="file">The file's name, for messages.</param>
    /// <param name="node">The node, which must be a mapping.</param>
    /// <param name="known">The keys that it may have.</param>
    /// <exception cref="CliException">It is no mapping, or has another key.</exception>
    public static YamlSettings Of(string file, YamlNode node, params IReadOnlyList<string> known)
    {
        if (node is not YamlMappingNode mapping)
            throw Wrong(file, node, $"Here belongs a mapping with {string.Join(", ", known)}.");
        foreach (var key in mapping.Children.Keys)
        {
            if (key is not YamlScalarNode { Value: { } name } || !known.Contains(name))
                throw Wrong(file, key, $"{Show(key)} is no setting here. Those there are: {string.Join(", ", known)}.");
        }
        return new YamlSettings(file, mapping);
    }

    public static CliException Wrong(string file, YamlNode node, string sentence) => new(ExitCode.Usage, $"{file}:{node.Start.Line}:{node.Start.Column}: {sentence}");

    /// <summary>The node under a key; null when there is none, or nothing in it.</summary>
    public YamlNode? Node(string key) => _node.Children.TryGetValue(new YamlScalarNode(key), out var node) && node is not YamlScalarNode { Value: null or "" } ? node : null;

    public string? Text(string key) => Node(key) switch
    {
        null => null,
        YamlScalarNode scalar => scalar.Value,
        var node => throw Wrong(_file, node, $"{key} is one text."),
    };

    /// <summary>A text that means something.</summary>
    public T? Parse<T>(string key, Func<string, T?> parse, string right) where T : class => Text(key) is not { } text
        ? null
        : parse(text) ?? throw Wrong(_file, Node(key)!, $"'{Printable.Line(text)}' means nothing as {key}. {right}");

    /// <summary>One text or a list of them.</summary>
    public IReadOnlyList<(string Text, YamlNode Node)> Texts(string key) => Node(key) switch
    {
        null => [],
        YamlScalarNode { Value: { } one } scalar => [(one, scalar)],
        YamlSequenceNode list => [.. list.Children.Select(node => node is YamlScalarNode { Value: { Length: > 0 } text } ? (text, node) : throw Wrong(_file, node, $"{key} is a list of texts."))],
        var node => throw Wrong(_file, node, $"{key} is a text or a list of texts."),
    };

    /// <summary>A list with something in it.</summary>
    public IReadOnlyList<YamlNode> List(string key) => Node(key) switch
    {
        YamlSequenceNode { Children.Count: > 0 } list => [.. list.Children],
        null => throw Missing(key),
        var node => throw Wrong(_file, node, $"{key} is a list."),
    };

    public CliException Missing(string key) => Wrong(_file, _node, $"Here must be {key}.");

    [DoesNotReturn]
    public void Fail(string key, string sentence) => throw Wrong(_file, Node(key) ?? _node, sentence);

    private static string Show(YamlNode node) => node is YamlScalarNode { Value: { } text } ? $"'{Printable.Line(text)}'" : "This";
}

using System.Globalization;
using LucidTls.Cli.Reporting;
using YamlDotNet.RepresentationModel;

namespace LucidTls.Cli.Configuring;

/// <summary>A mapping of a YAML file. What is wrong is noted with file, line and column, and what would be right; then reading goes on without it, so that all is found at once.</summary>
internal sealed class YamlSettings
{
    private readonly Problems _problems;
    private readonly YamlNode _node;

    private YamlSettings(Problems problems, YamlNode node) => (_problems, _node) = (problems, node);

    /// <param name="problems">What is wrong is noted there.</param>
    /// <param name="node">The node, which should be a mapping.</param>
    /// <param name="known">The keys that it may have.</param>
    /// <returns>Null when it is no mapping.</returns>
    public static YamlSettings? Of(Problems problems, YamlNode node, params IReadOnlyList<string> known)
    {
        if (node is not YamlMappingNode mapping)
        {
            problems.Add(node, $"Here belongs a mapping with {string.Join(", ", known)}.");
            return null;
        }
        foreach (var key in mapping.Children.Keys)
        {
            if (key is not YamlScalarNode { Value: { } name } || !known.Contains(name))
                problems.Add(key, $"{Show(key)} is no setting here. Those there are: {string.Join(", ", known)}.");
        }
        return new YamlSettings(problems, mapping);
    }

    /// <summary>The node under a key; null when there is none, or nothing in it.</summary>
    public YamlNode? Node(string key) => ((YamlMappingNode)_node).Children.TryGetValue(new YamlScalarNode(key), out var node) && node is not YamlScalarNode { Value: null or "" } ? node : null;

    /// <summary>Where a setting stands, or should.</summary>
    public YamlNode Place(string key) => Node(key) ?? _node;

    public string? Text(string key)
    {
        switch (Node(key))
        {
            case null:
                return null;
            case YamlScalarNode scalar:
                return scalar.Value;
            case var node:
                _problems.Add(node, $"{key} is one text.");
                return null;
        }
    }

    /// <summary>A text that must be there.</summary>
    public string? Needed(string key)
    {
        if (Node(key) is null)
            Missing(key);
        return Text(key);
    }

    /// <summary>A text that means something.</summary>
    public T? Parse<T>(string key, Func<string, T?> parse, string right) where T : class
    {
        if (Text(key) is not { } text)
            return null;
        if (parse(text) is { } value)
            return value;
        MeansNothing(Node(key)!, key, text, right);
        return null;
    }

    /// <summary>One of some words; null when it is not there, or none of them.</summary>
    public string? Word(string key, params string[] words) => Parse(key, text => Array.Find(words, word => word == text), $"Write {string.Join(", ", words[..^1])} or {words[^1]}.");

    public bool Flag(string key, bool otherwise = false) => Word(key, "true", "false") is { } word ? word == "true" : otherwise;

    /// <summary>A whole number.</summary>
    /// <param name="key">The key.</param>
    /// <param name="least">The least it can be.</param>
    /// <param name="most">The most it can be.</param>
    /// <param name="unit">Of what.</param>
    public int? Number(string key, int least, int most, string unit)
    {
        if (Text(key) is not { } text)
            return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        MeansNothing(Node(key)!, key, text, $"Write a whole number of {unit}, {least} to {most}.");
        return null;
    }

    /// <summary>One text or a list of them.</summary>
    public IReadOnlyList<(string Text, YamlNode Node)> Texts(string key)
    {
        var found = new List<(string, YamlNode)>();
        foreach (var node in Node(key) switch { null => [], YamlSequenceNode list => list.Children, var one => (IEnumerable<YamlNode>)[one] })
        {
            if (node is YamlScalarNode { Value: { Length: > 0 } text })
                found.Add((text, node));
            else
                _problems.Add(node, $"{key} is a text or a list of texts.");
        }
        return found;
    }

    /// <summary>Texts that each mean something; those that do not are left out.</summary>
    public IReadOnlyList<(T Value, YamlNode Node)> ParseAll<T>(string key, Func<string, T?> parse, string right) where T : class
    {
        var found = new List<(T, YamlNode)>();
        foreach (var (text, node) in Texts(key))
        {
            if (parse(text) is { } value)
                found.Add((value, node));
            else
                MeansNothing(node, key, text, right);
        }
        return found;
    }

    /// <summary>A list with something in it.</summary>
    public IReadOnlyList<YamlNode> List(string key)
    {
        switch (Node(key))
        {
            case YamlSequenceNode { Children.Count: > 0 } list:
                return [.. list.Children];
            case null:
                Missing(key);
                return [];
            case var node:
                _problems.Add(node, $"{key} is a list with at least one entry.");
                return [];
        }
    }

    public void Missing(string key) => _problems.Add(_node, $"Here must be {key}.");

    public void Fail(string key, string sentence) => _problems.Add(Place(key), sentence);

    private void MeansNothing(YamlNode node, string key, string text, string right) => _problems.Add(node, $"'{Printable.Line(text)}' means nothing as {key}. {right}");

    private static string Show(YamlNode node) => node is YamlScalarNode { Value: { } text } ? $"'{Printable.Line(text)}'" : "This";
}

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace LucidTls.AspNetCore.Configuration;

/// <summary>Reads one section of the configuration. What is wrong is said with the path of the setting and what would be right.</summary>
internal readonly struct Settings(IConfigurationSection section)
{
    public string Path => section.Path;

    /// <exception cref="InvalidOperationException">There is a setting of another name, misspelt perhaps.</exception>
    public void DemandKnown(params IEnumerable<string> names)
    {
        foreach (var child in section.GetChildren())
        {
            if (!names.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
                throw new InvalidOperationException($"{child.Path} is no setting of LucidTls. Those of {section.Path} are {string.Join(", ", names)}.");
        }
    }

    public Settings? Section(string name) => section.GetSection(name) is var found && found.Exists() ? new Settings(found) : null;

    /// <summary>Whether anything is said of it; an empty text takes back what an earlier source says.</summary>
    public bool Has(string name) => section.GetSection(name) is var found && found.Exists() && found.Value is not "";

    public IEnumerable<(string Name, Settings Settings)> Children() => section.GetChildren().Select(child => (child.Key, new Settings(child)));

    /// <summary>The text; null when there is none, or an empty one, with which a later source takes back what an earlier one says.</summary>
    public string? Text(string name) => section[name] is { Length: > 0 } text ? text : null;

    public bool? Flag(string name) => Text(name) is not { } text ? null : bool.TryParse(text, out var flag) ? flag : throw Wrong(name, text, "true or false");

    /// <param name="name">The setting.</param>
    /// <param name="least">The least that it may be.</param>
    /// <param name="most">The most.</param>
    public int? Count(string name, int least, int most = int.MaxValue) => Text(name) is not { } text
        ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= least && count <= most
            ? count
            : throw Wrong(name, text, most == int.MaxValue ? $"a whole number, {least} or more" : $"a whole number, {least} to {most}");

    public TimeSpan? Time(string name) => Text(name) is not { } text
        ? null
        : TryTime(text) is { } time && time > TimeSpan.Zero && time.TotalMilliseconds < int.MaxValue ? time : throw Wrong(name, text, "a time as hours:minutes:seconds, 00:00:10 for example");

    /// <param name="name">The setting.</param>
    /// <param name="least">The shortest that it may be.</param>
    /// <param name="most">The longest.</param>
    public TimeSpan? Time(string name, TimeSpan least, TimeSpan most) => Text(name) is not { } text
        ? null
        : TryTime(text) is { } time && time >= least && time <= most ? time : throw Wrong(name, text, $"a time from {least} to {most}, as days.hours:minutes:seconds");

    public TlsVersion? Version(string name) => Text(name) switch
    {
        null => null,
        "1.2" or "Tls12" => TlsVersion.Tls12,
        "1.3" or "Tls13" => TlsVersion.Tls13,
        var text => throw Wrong(name, text, "1.2 or 1.3"),
    };

    /// <summary>A value of an enumeration by its name.</summary>
    public T? Name<T>(string name) where T : struct, Enum => Text(name) is not { } text
        ? null
        : Enum.GetNames<T>().Contains(text, StringComparer.OrdinalIgnoreCase) ? Enum.Parse<T>(text, ignoreCase: true) : throw Wrong(name, text, OneOf(Enum.GetNames<T>()));

    /// <summary>An array, or a single value in place of one; null when there is neither.</summary>
    public IReadOnlyList<string>? List(string name)
    {
        if (Text(name) is { } one)
            return [one];
        // An empty entry is one that a later source has taken back.
        string[] all = [.. section.GetSection(name).GetChildren().Select(child => child.Value is { } value ? value : throw new InvalidOperationException($"{child.Path} must be a text, as an entry of a list is.")).Where(value => value.Length > 0)];
        return all.Length > 0 ? all : null;
    }

    /// <summary>An array of what has a name of its own, in the order of the setting.</summary>
    public IReadOnlyList<T>? Names<T>(string name, IReadOnlyList<T> known) where T : notnull => List(name) is not { } names
        ? null
        : [.. Resolve(name, names, known).Distinct()];

    /// <summary>A file or folder; relative paths begin at the content root, as those of Kestrel's own configuration do.</summary>
    public SettingFile? File(string name, string contentRoot) => Text(name) is { } path ? new SettingFile($"{Path}:{name}", System.IO.Path.GetFullPath(path, contentRoot)) : null;

    /// <summary>An array of them; empty when there is none.</summary>
    public IReadOnlyList<SettingFile> Files(string name, string contentRoot)
    {
        var place = $"{Path}:{name}";
        return [.. (List(name) ?? []).Select(path => new SettingFile(place, System.IO.Path.GetFullPath(path, contentRoot)))];
    }

    [DoesNotReturn]
    public void Fail(string name, string sentence) => throw new InvalidOperationException($"{section.Path}:{name} {sentence}");

    public InvalidOperationException Wrong(string name, string text, string right) => new($"{section.Path}:{name} is '{text}'. Write {right}.");

    private List<T> Resolve<T>(string name, IReadOnlyList<string> names, IReadOnlyList<T> known) where T : notnull
    {
        var found = new List<T>();
        foreach (var text in names)
        {
            var index = known.Select(one => one.ToString()).ToList().FindIndex(one => text.Equals(one, StringComparison.OrdinalIgnoreCase));
            found.Add(index >= 0 ? known[index] : throw Wrong(name, text, OneOf([.. known.Select(one => one.ToString()!)])));
        }
        return found;
    }

    private static TimeSpan? TryTime(string text) => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time : null;

    private static string OneOf(string[] names) => $"{string.Join(", ", names[..^1])} or {names[^1]}";
}

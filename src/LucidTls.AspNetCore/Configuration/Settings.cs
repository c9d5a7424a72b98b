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

    public IEnumerable<(string Name, Settings Settings)> Children() => section.GetChildren().Select(child => (child.Key, new Settings(child)));

    /// <summary>The text; null when there is none, or an empty one, with which a later source takes back what an earlier one says.</summary>
    public string? Text(string name) => section[name] is { Length: > 0 } text ? text : null;

    public bool? Flag(string name) => Text(name) is not { } text ? null : bool.TryParse(text, out var flag) ? flag : throw Wrong(name, text, "true or false");

    /// <param name="name">The setting.</param>
    /// <param name="least">The least that it may be.</param>
    public int? Count(string name, int least) => Text(name) is not { } text
        ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= least ? count : throw Wrong(name, text, $"a whole number, {least} or more");

    public TimeSpan? Time(string name) => Text(name) is not { } text
        ? null
        : TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) && time > TimeSpan.Zero && time.TotalMilliseconds < int.MaxValue ? time : throw Wrong(name, text, "a time as hours:minutes:seconds, 00:00:10 for example");

    public TlsVersion? Version(string name) => Text(name) switch
    {
        null => null,
        "1.2" or "Tls12" => TlsVersion.Tls12,
        "1.3" or "Tls13" => TlsVersion.Tls13,
        var text => throw Wrong(name, text, "1.2 or 1.3"),
    };

    public ClientCertificateMode? Mode(string name) => Text(name) is not { } text
        ? null
        : Enum.TryParse<ClientCertificateMode>(text, ignoreCase: true, out var mode) && Enum.IsDefined(mode) ? mode : throw Wrong(name, text, "None, Optional or Required");

    [DoesNotReturn]
    public void Fail(string name, string sentence) => throw new InvalidOperationException($"{section.Path}:{name} {sentence}");

    private InvalidOperationException Wrong(string name, string text, string right) => new($"{section.Path}:{name} is '{text}'. Write {right}.");
}

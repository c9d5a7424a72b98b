using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace LucidTls.AspNetCore.Configuration;

/// <summary>
/// The section Kestrel as Kestrel shall see it: of Endpoints:NAME:LucidTls only that it is there. Kestrel closes and opens an endpoint again when anything
/// in its section changes; what stands under LucidTls changes without that.
/// </summary>
/// <param name="section">The section itself.</param>
/// <param name="depth">How far below the section Kestrel it is.</param>
/// <param name="onEndpoints">Told of the endpoints with a section LucidTls, all that there are, before Kestrel looks at them.</param>
internal sealed class ConfigurationView(IConfigurationSection section, int depth, Action<IReadOnlyList<IConfigurationSection>> onEndpoints) : IConfigurationSection
{
    internal const string EndpointsKey = "Endpoints";
    private const string LucidTlsKey = "LucidTls";

    public string Key => section.Key;

    public string Path => section.Path;

    public string? Value
    {
        get => IsHidden ? "" : section.Value;
        set => section.Value = value;
    }

    public string? this[string key]
    {
        get => section[key];
        set => section[key] = value;
    }

    // Kestrel/Endpoints/NAME/LucidTls. Kestrel comes upon it among the children, so it is there.
    private bool IsHidden => depth == 3 && section.Key.Equals(LucidTlsKey, StringComparison.OrdinalIgnoreCase);

    /// <summary>The section LucidTls of an endpoint, be it empty; null where there is none.</summary>
    public static IConfigurationSection? LucidTlsOf(IConfigurationSection endpoint) => endpoint.GetChildren().FirstOrDefault(child => child.Key.Equals(LucidTlsKey, StringComparison.OrdinalIgnoreCase));

    public IConfigurationSection GetSection(string key) => View(section.GetSection(key));

    public IEnumerable<IConfigurationSection> GetChildren()
    {
        if (IsHidden)
            return [];
        var children = section.GetChildren().ToList();
        if (depth == 1 && section.Key.Equals(EndpointsKey, StringComparison.OrdinalIgnoreCase))
            onEndpoints(children.FindAll(endpoint => LucidTlsOf(endpoint) != null));
        return children.Select(View);
    }

    public IChangeToken GetReloadToken() => section.GetReloadToken();

    // "A:B" is two steps down.
    private ConfigurationView View(IConfigurationSection below) => new(below, depth + 1 + below.Path.AsSpan(section.Path.Length + 1).Count(':'), onEndpoints);
}

namespace LucidTls.Tests.Handshake.Rfc8448;

/// <summary>One section's recorded handshake.</summary>
internal sealed class Trace
{
    private readonly List<Value> _values;

    private Trace(List<Value> values) => _values = values;

    public static Trace Load(int section)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "vectors", "rfc8448");
        var file = Directory.GetFiles(folder, $"section{section}-*.txt").Single();
        var values = new List<Value>();
        foreach (var line in File.ReadLines(file))
        {
            var parts = line.Split(" | ");
            values.Add(new Value(parts[0], parts[1], parts[2], Convert.FromHexString(parts[3].Trim())));
        }
        return new Trace(values);
    }

    /// <summary>The value of that name in the first step of that name, whoever takes it.</summary>
    public byte[] Get(string step, string name) => _values.First(value => value.Step == step && value.Name == name).Bytes;

    public byte[] Get(string actor, string step, string name) => _values.First(value => value.Actor == actor && value.Step == step && value.Name == name).Bytes;

    public bool Has(string actor, string step) => _values.Exists(value => value.Actor == actor && value.Step == step);

    /// <summary>What Derive-Secret or HKDF-Expand-Label gave in the step that mentions the label.</summary>
    public byte[] Secret(string label) => _values.First(value => value.Step == $"derive secret \"tls13 {label}\"" && value.Name == "expanded").Bytes;

    /// <summary>The transcript hash that went into it.</summary>
    public byte[] HashFor(string label) => _values.First(value => value.Step == $"derive secret \"tls13 {label}\"" && value.Name == "hash").Bytes;

    /// <summary>The handshake messages of that type that one end constructs, with their headers.</summary>
    public IEnumerable<byte[]> Messages(string actor, string type) =>
        _values.Where(value => value.Actor == actor && value.Step.StartsWith("construct", StringComparison.Ordinal) && value.Name == type).Select(value => value.Bytes);

    /// <summary>All records that one end sends.</summary>
    public byte[] Records(string actor) =>
        [.. _values.Where(value => value.Actor == actor && value.Name == "complete record").SelectMany(value => value.Bytes)];

    /// <summary>What one end sends in its nth record of application data, counted from 0; nothing when there is none.</summary>
    public byte[] ApplicationData(string actor, int nth) =>
        _values.Where(value => value.Actor == actor && value.Step == "send application_data record" && value.Name == "payload").ElementAtOrDefault(nth)?.Bytes ?? [];

    private sealed record Value(string Actor, string Step, string Name, byte[] Bytes);
}

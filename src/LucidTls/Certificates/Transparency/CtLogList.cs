using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace LucidTls.Certificates.Transparency;

/// <summary>
/// The logs that are trusted to vouch for certificates, from a list in the JSON format, version 3, that Chrome's and Apple's lists have.
/// Immutable. Lists age: logs come and go every few months, so give a fresh one with each release of your own software or read it from a file
/// that something keeps fresh.
/// </summary>
public sealed class CtLogList
{
    private readonly Dictionary<string, CtLog> _byId = [];

    private CtLogList(DateTimeOffset? published, IReadOnlyList<CtLog> logs)
    {
        Published = published;
        Logs = logs;
        foreach (var log in logs)
        {
            if (!_byId.TryAdd(Convert.ToHexString(log.Id.Span), log))
                throw new FormatException($"The log \"{log.Description}\" stands twice in the log list.");
        }
    }

    /// <summary>When the list was made (<c>log_list_timestamp</c>); null when it does not say.</summary>
    public DateTimeOffset? Published { get; }

    /// <summary>The logs, those that are not trusted any more among them; logs for tests are left out.</summary>
    public IReadOnlyList<CtLog> Logs { get; }

    /// <summary>Reads a list.</summary>
    /// <param name="json">The JSON text in UTF-8, as <c>https://www.gstatic.com/ct/log_list/v3/log_list.json</c> has it.</param>
    /// <exception cref="FormatException">It is not JSON, not such a list, or a log's key does not fit its id; the message says where.</exception>
    public static CtLogList FromJson(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new FormatException($"The log list is not JSON of the form expected: {exception.Message}", exception);
        }
    }

    /// <summary>Reads a list from text.</summary>
    /// <exception cref="FormatException">As for bytes.</exception>
    public static CtLogList FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return FromJson(Encoding.UTF8.GetBytes(json));
    }

    internal bool TryFind(ReadOnlySpan<byte> id, [NotNullWhen(true)] out CtLog? log) => _byId.TryGetValue(Convert.ToHexString(id), out log);

    private static CtLogList Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("operators", out var operators) || operators.ValueKind != JsonValueKind.Array)
            throw new FormatException("The log list has no array \"operators\"; lists of the version 3 have one.");
        DateTimeOffset? published = root.TryGetProperty("log_list_timestamp", out var timestamp) ? Time(timestamp, "the log list") : null;
        var logs = new List<CtLog>();
        foreach (var one in operators.EnumerateArray())
        {
            var name = Text(one, "name", "an operator");
            AddLogs(logs, one, "logs", name, isRfc6962: true);
            AddLogs(logs, one, "tiled_logs", name, isRfc6962: false);
        }
        return new CtLogList(published, logs);
    }

    private static void AddLogs(List<CtLog> logs, JsonElement owner, string member, string operatorName, bool isRfc6962)
    {
        if (!owner.TryGetProperty(member, out var list))
            return;
        foreach (var entry in list.EnumerateArray())
        {
            var isForTests = entry.TryGetProperty("log_type", out var type) && type.GetString() == "test";
            if (!isForTests)
                logs.Add(ReadLog(entry, operatorName, isRfc6962));
        }
    }

    private static CtLog ReadLog(JsonElement entry, string operatorName, bool isRfc6962)
    {
        var description = Text(entry, "description", $"a log of {operatorName}");
        var where = $"the log \"{description}\"";
        var (state, since) = ReadState(entry, where);
        var (from, before) = ReadInterval(entry, where);
        var log = new CtLog(Base64(entry, "key", where), description, operatorName, state, since)
        {
            ExpiryFrom = from,
            ExpiryBefore = before,
            IsRfc6962 = isRfc6962,
            PreviousOperators = ReadPreviousOperators(entry, where),
        };
        if (!log.Id.Span.SequenceEqual(Base64(entry, "log_id", where)))
            throw new FormatException($"The log_id of {where} is not the SHA-256 of its key.");
        if (state is CtLogState.Pending or CtLogState.Rejected)
            return log;
        try
        {
            _ = log.VerificationKey;
        }
        catch (CryptographicException exception)
        {
            throw new FormatException($"The key of {where} cannot be used: {exception.Message}", exception);
        }
        return log;
    }

    // The state is an object with one member, named as the state is.
    private static (CtLogState State, DateTimeOffset Since) ReadState(JsonElement entry, string where)
    {
        if (!entry.TryGetProperty("state", out var states))
            return (CtLogState.Pending, DateTimeOffset.MinValue);
        foreach (var member in states.EnumerateObject())
        {
            CtLogState? state = member.Name switch
            {
                "pending" => CtLogState.Pending,
                "qualified" => CtLogState.Qualified,
                "usable" => CtLogState.Usable,
                "readonly" => CtLogState.ReadOnly,
                "retired" => CtLogState.Retired,
                "rejected" => CtLogState.Rejected,
                _ => null,
            };
            if (state is { } known)
                return (known, member.Value.TryGetProperty("timestamp", out var time) ? Time(time, where) : throw new FormatException($"The state of {where} has no timestamp."));
        }
        throw new FormatException($"The state of {where} is none that is known.");
    }

    private static (DateTimeOffset? From, DateTimeOffset? Before) ReadInterval(JsonElement entry, string where)
    {
        if (!entry.TryGetProperty("temporal_interval", out var interval))
            return default;
        return (Member("start_inclusive"), Member("end_exclusive"));

        DateTimeOffset Member(string name) =>
            interval.TryGetProperty(name, out var time) ? Time(time, where) : throw new FormatException($"The temporal_interval of {where} has no {name}.");
    }

    private static List<(string Operator, DateTimeOffset Until)> ReadPreviousOperators(JsonElement entry, string where)
    {
        var previous = new List<(string Operator, DateTimeOffset Until)>();
        if (entry.TryGetProperty("previous_operators", out var list))
        {
            foreach (var one in list.EnumerateArray())
                previous.Add((Text(one, "name", where), one.TryGetProperty("end_time", out var end) ? Time(end, where) : throw new FormatException($"A previous operator of {where} has no end_time.")));
        }
        previous.Sort((one, other) => one.Until.CompareTo(other.Until));
        return previous;
    }

    private static string Text(JsonElement owner, string name, string where) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new FormatException($"The log list has {where} without a \"{name}\".");

    private static byte[] Base64(JsonElement owner, string name, string where) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.TryGetBytesFromBase64(out var bytes)
            ? bytes
            : throw new FormatException($"The {name} of {where} is not there or is not base64.");

    private static DateTimeOffset Time(JsonElement value, string where) =>
        value.ValueKind == JsonValueKind.String && DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw new FormatException($"A time of {where} cannot be read.");
}

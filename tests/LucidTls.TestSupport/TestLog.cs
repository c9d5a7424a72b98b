using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace LucidTls.TestSupport;

/// <summary>A certificate transparency log of the tests. What it signs is put together here once more, apart from the library.</summary>
public sealed class TestLog(string description, string operatorName = "One", bool isRsa = false)
{
    private readonly RSA? _rsa = isRsa ? RSA.Create(2048) : null;
    private readonly ECDsa? _ec = isRsa ? null : ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public string Description => description;
    public string Operator => operatorName;
    public byte[] Key => _rsa?.ExportSubjectPublicKeyInfo() ?? _ec!.ExportSubjectPublicKeyInfo();
    public byte[] Id => SHA256.HashData(Key);

    /// <summary>The member of the list that says what state the log is in.</summary>
    public string State { get; init; } = """{"usable":{"timestamp":"2020-01-01T00:00:00Z"}}""";

    /// <summary>Further members of the log's entry in the list, with a comma in front.</summary>
    public string More { get; init; } = "";

    /// <summary>Whether it stands among the logs with the Static CT API.</summary>
    public bool IsTiled { get; init; }

    /// <summary>A timestamp for what stands inside a certificate: over its TBSCertificate without timestamps.</summary>
    public byte[] SignPrecertificate(byte[] tbs, byte[] issuerKey, DateTimeOffset time, Wrong wrong = Wrong.Nothing) =>
        Sign([0, 1, .. SHA256.HashData(issuerKey), .. Length24(tbs), .. tbs], time, wrong);

    /// <summary>A timestamp for what comes beside the certificate.</summary>
    public byte[] SignCertificate(byte[] der, DateTimeOffset time, Wrong wrong = Wrong.Nothing) =>
        Sign([0, 0, .. Length24(der), .. der], time, wrong);

    /// <summary>A list as the extensions have it.</summary>
    public static byte[] List(params IEnumerable<byte[]> timestamps)
    {
        byte[] items = [.. timestamps.SelectMany(item => (byte[])[(byte)(item.Length >> 8), (byte)item.Length, .. item])];
        return [(byte)(items.Length >> 8), (byte)items.Length, .. items];
    }

    /// <summary>A log list of version 3 with those logs.</summary>
    public static string Json(IEnumerable<TestLog> logs, DateTimeOffset? published = null)
    {
        var operators = logs.GroupBy(log => log.Operator).Select(group => string.Create(CultureInfo.InvariantCulture, $$"""
            {"name":"{{group.Key}}","email":["ct@example.com"],"logs":[{{Entries(group.Where(log => !log.IsTiled))}}],"tiled_logs":[{{Entries(group.Where(log => log.IsTiled))}}]}
            """));
        var timestamp = published is { } time ? $"\"log_list_timestamp\":\"{time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}\"," : "";
        return $$"""{"version":"60.1",{{timestamp}}"operators":[{{string.Join(",", operators)}}]}""";
    }

    private static string Entries(IEnumerable<TestLog> logs) => string.Join(",", logs.Select(log =>
        $$"""{"description":"{{log.Description}}","log_id":"{{Convert.ToBase64String(log.Id)}}","key":"{{Convert.ToBase64String(log.Key)}}","url":"https://ct.example/","mmd":86400,"state":{{log.State}}{{log.More}}}"""));

    private byte[] Sign(byte[] entry, DateTimeOffset time, Wrong wrong)
    {
        var milliseconds = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(milliseconds, time.ToUnixTimeMilliseconds());
        byte[] signed = [0, 0, .. milliseconds, .. entry, 0, 0];
        var signature = _rsa?.SignData(signed, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) ?? _ec!.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        if (wrong == Wrong.Time)
            milliseconds[7] ^= 1;
        if (wrong == Wrong.Signature)
            signature[^1] ^= 1;
        byte[] extensions = wrong == Wrong.Extensions ? [0, 1, 7] : [0, 0];
        byte[] algorithm = wrong == Wrong.Algorithm ? [5, 3] : [4, (byte)(_rsa == null ? 3 : 1)];
        byte[] timestamp = [(byte)(wrong == Wrong.Version ? 1 : 0), .. Id, .. milliseconds, .. extensions, .. algorithm, (byte)(signature.Length >> 8), (byte)signature.Length, .. signature];
        return wrong switch
        {
            Wrong.Cut => timestamp[..^1],
            Wrong.Longer => [.. timestamp, 0],
            _ => timestamp,
        };
    }

    private static byte[] Length24(byte[] bytes) => [(byte)(bytes.Length >> 16), (byte)(bytes.Length >> 8), (byte)bytes.Length];
}

/// <summary>The one thing that is wrong with a timestamp.</summary>
public enum Wrong
{
    Nothing,
    Time,
    Signature,
    Extensions,
    Algorithm,
    Version,
    Cut,
    Longer,
}

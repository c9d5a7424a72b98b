using System.IO.Compression;
using System.Text.Json;

namespace LucidTls.Tests.Cryptography;

/// <summary>The cases of one file of Project Wycheproof's vectors, each with its group.</summary>
/// <remarks>
/// Left out are the files of what the library does not do: X448 and Ed448, ML-DSA-65 (the same code as ML-DSA-44, and half a megabyte),
/// HMAC with SHA-512 (no suite has it) and ECDSA signatures as plain numbers instead of DER (TLS has DER alone).
/// </remarks>
internal static class WycheproofFile
{
    /// <summary>Runs <paramref name="check"/> on every case and fails with the list of cases that it failed on.</summary>
    /// <param name="name">The file's name without ".json.gz".</param>
    /// <param name="expectedCases">How many cases must have been run: a loop over nothing proves nothing.</param>
    /// <param name="check">Null when the case does not apply here, otherwise whether we did what the case demands.</param>
    public static void Run(string name, int expectedCases, Func<WycheproofCase, bool?> check)
    {
        using var stream = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "vectors", "wycheproof", name + ".json.gz")), CompressionMode.Decompress);
        using var document = JsonDocument.Parse(stream);
        var run = 0;
        var failures = new List<string>();
        foreach (var group in document.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            foreach (var test in group.GetProperty("tests").EnumerateArray())
            {
                var @case = new WycheproofCase(group, test);
                var passed = check(@case);
                if (passed is null)
                    continue;
                run++;
                if (passed is false)
                    failures.Add(@case.ToString());
            }
        }
        Assert.True(failures.Count == 0, $"{name}: {failures.Count} of {run} failed:\n{string.Join('\n', failures.Take(20))}");
        Assert.Equal(expectedCases, run);
    }
}

/// <summary>One case: <see cref="Bytes"/> and the like read the test, <see cref="Group"/> its parameters.</summary>
internal readonly record struct WycheproofCase(JsonElement Group, JsonElement Test)
{
    public bool IsValid => Test.GetProperty("result").ValueEquals("valid");

    public bool IsAcceptable => Test.GetProperty("result").ValueEquals("acceptable");

    public bool HasFlag(string flag)
    {
        foreach (var element in Test.GetProperty("flags").EnumerateArray())
            if (element.ValueEquals(flag))
                return true;
        return false;
    }

    public byte[] Bytes(string name) => Convert.FromHexString(Test.GetProperty(name).GetString()!);

    public override string ToString()
    {
        var comment = Test.TryGetProperty("comment", out var text) ? text.GetString() : "";
        return $"#{Test.GetProperty("tcId")} {Test.GetProperty("result")} {Test.GetProperty("flags")} {comment}";
    }
}

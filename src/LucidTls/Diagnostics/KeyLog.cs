using System.Text;
using LucidTls.Cryptography;

namespace LucidTls.Diagnostics;

/// <summary>
/// The key log that Wireshark and others read (draft-ietf-tls-keylogfile). Off unless the options or SSLKEYLOGFILE ask for it.
/// </summary>
internal sealed class KeyLog
{
    private static readonly Lock FileLock = new();
    private static readonly string? EnvironmentFile = Environment.GetEnvironmentVariable("SSLKEYLOGFILE");

    private readonly Action<string>? _write;
    private readonly byte[] _clientRandom;

    public KeyLog(TlsOptions options, ReadOnlySpan<byte> clientRandom)
    {
        _write = options.KeyLog ?? (string.IsNullOrEmpty(EnvironmentFile) ? null : AppendToFile);
        _clientRandom = _write == null ? [] : clientRandom.ToArray();
    }

    public void Write(string label, Secret secret) =>
        _write?.Invoke($"{label} {Convert.ToHexStringLower(_clientRandom)} {Convert.ToHexStringLower(secret.Span)}");

    private static void AppendToFile(string line)
    {
        try
        {
            lock (FileLock)
            {
                using var file = new FileStream(EnvironmentFile!, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
                file.Write(Encoding.ASCII.GetBytes(line + "\n"));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // What is there to watch connections must not end them: a full disk costs this line alone.
        }
    }
}

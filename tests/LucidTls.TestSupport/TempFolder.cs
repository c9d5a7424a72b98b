using System.Diagnostics;

namespace LucidTls.TestSupport;

/// <summary>A folder that goes away with the object.</summary>
public sealed class TempFolder : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public string Path { get; } = Directory.CreateTempSubdirectory("lucidtls-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        for (var start = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                Directory.Delete(Path, recursive: true);
                return;
            }
            catch (IOException) when (Directory.Exists(Path) && Stopwatch.GetElapsedTime(start) < Patience)
            {
                // A process that is ending just now and is no child of ours, a server's worker for one, may add to the folder meanwhile. Nothing tells when it has ended, so that there is only to try again.
                Thread.Sleep(20);
            }
        }
    }
}

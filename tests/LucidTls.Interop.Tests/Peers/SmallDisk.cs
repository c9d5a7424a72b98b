using System.Diagnostics;
using LucidTls.TestSupport;

namespace LucidTls.Interop.Tests.Peers;

/// <summary>A file system of 64 KiB of its own, in memory, that can be filled to the last byte. It is gone with the object. Mounting takes root.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly TempFolder _folder = new();

    private SmallDisk() => Run("mount", "-t", "tmpfs", "-o", "size=64k", "lucidtls", _folder.Path);

    public string Path => _folder.Path;

    private string Filler => File("filler");

    public static SmallDisk Mount()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Mounting a file system needs Linux and root.");
        return new SmallDisk();
    }

    public string File(string name) => _folder.File(name);

    /// <summary>Takes all the space that is left.</summary>
    public void Fill()
    {
        using var filler = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        foreach (var piece in (byte[][])[new byte[4096], new byte[1]])
        {
            try
            {
                while (true)
                    filler.Write(piece);
            }
            catch (IOException)
            {
                // It is full.
            }
        }
    }

    /// <summary>Gives the space back.</summary>
    public void Free() => System.IO.File.Delete(Filler);

    public void Dispose()
    {
        // Lazily: a process that is ending may still have a file open there.
        Run("umount", "-l", _folder.Path);
        _folder.Dispose();
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} failed: {said}");
    }
}

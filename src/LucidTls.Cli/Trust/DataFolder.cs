namespace LucidTls.Cli.Trust;

/// <summary>The folder with this user's private CA, which nobody else may read.</summary>
internal sealed class DataFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerOnlyFolder = OwnerOnly | UnixFileMode.UserExecute;
    private const UnixFileMode Readable = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(10);

    private readonly string _path;

    private DataFolder(string path) => _path = path;

    /// <summary>$XDG_DATA_HOME/lucidtls, ~/.local/share/lucidtls, or what the system has in its place; made if it is not there.</summary>
    /// <exception cref="CliException">There is no place for it.</exception>
    public static DataFolder OpenDefault()
    {
        var parent = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        if (parent.Length == 0)
            throw new CliException(ExitCode.Usage, "This user has no data folder to keep a private certificate authority in. Set XDG_DATA_HOME or HOME, or bring a certificate with --cert and --key.");
        return Open(Path.Combine(parent, "lucidtls"));
    }

    /// <exception cref="CliException">The folder cannot be made or used.</exception>
    public static DataFolder Open(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                // A user's LocalApplicationData is closed to other users already.
                Directory.CreateDirectory(path);
            }
            else
            {
                Directory.CreateDirectory(path, OwnerOnlyFolder);
                File.SetUnixFileMode(path, OwnerOnlyFolder);
            }
            return new DataFolder(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"The folder {path}, where the private certificate authority lies, cannot be used: {failure.Message} Set XDG_DATA_HOME to a folder that can be written, or bring a certificate with --cert and --key.", failure);
        }
    }

    public string PathOf(string name) => Path.Combine(_path, name);

    public string? Read(string name) => File.Exists(PathOf(name)) ? File.ReadAllText(PathOf(name)) : null;

    /// <summary>Writes a file that is either there in whole or not at all; a secret one is never readable by others, not even for a moment.</summary>
    public void Write(string name, string text, bool secret)
    {
        var temporary = PathOf($".{name}.{Guid.NewGuid():N}");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = secret ? OwnerOnly : Readable;
        try
        {
            using (var file = new StreamWriter(temporary, options))
                file.Write(text);
            File.Move(temporary, PathOf(name), overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Takes away what others may do with a secret file, and says whether they could do anything.</summary>
    public bool Tighten(string name)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(PathOf(name)) || (File.GetUnixFileMode(PathOf(name)) & Others) == 0)
            return false;
        File.SetUnixFileMode(PathOf(name), OwnerOnly);
        return true;
    }

    /// <summary>Keeps a second process from making another authority at the same time, until disposed.</summary>
    /// <exception cref="CliException">Another process holds it for too long.</exception>
    public IDisposable Lock()
    {
        var path = PathOf("lock");
        var until = Environment.TickCount64 + (long)LockTimeout.TotalMilliseconds;
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (Environment.TickCount64 < until)
            {
                Thread.Sleep(20);
            }
            catch (IOException failure)
            {
                throw new CliException(ExitCode.Usage, $"Another process has held {path} for {LockTimeout.TotalSeconds:0} seconds. End that process and start again.", failure);
            }
        }
    }
}

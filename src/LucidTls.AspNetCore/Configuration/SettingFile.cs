namespace LucidTls.AspNetCore.Configuration;

/// <summary>A file, or a folder of files, that a setting names.</summary>
/// <param name="Place">The setting, for messages.</param>
/// <param name="Path">The full path.</param>
internal sealed record SettingFile(string Place, string Path)
{
    /// <summary>Reads it, by one way for a file and another for a folder.</summary>
    /// <exception cref="SettingException">It cannot be used; the message names the setting and says why.</exception>
    public T Read<T>(string right, Func<string, T> readFile, Func<string, T> readFolder) =>
        NamedFile.Read(Place, Path, right, () => Directory.Exists(Path) ? readFolder(Path) : readFile(Path));
}

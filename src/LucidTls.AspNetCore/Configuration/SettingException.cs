namespace LucidTls.AspNetCore.Configuration;

/// <summary>A file that a setting names cannot be used.</summary>
/// <param name="place">The setting, as a path of keys.</param>
/// <param name="sentence">What is wrong with the file.</param>
/// <param name="inner">How that was found out.</param>
internal sealed class SettingException(string place, string sentence, Exception? inner = null) : InvalidOperationException($"{place}: {sentence}", inner)
{
    public string Place => place;

    public string Sentence => sentence;
}

/// <summary>What a look at the files of the configuration has found.</summary>
/// <param name="Place">The setting, as a path of keys.</param>
/// <param name="Sentence">What is wrong.</param>
/// <param name="IsWarning">Whether it can be used all the same.</param>
internal sealed record Finding(string Place, string Sentence, bool IsWarning);

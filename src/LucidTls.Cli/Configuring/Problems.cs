using LucidTls.Cli.Reporting;
using YamlDotNet.RepresentationModel;

namespace LucidTls.Cli.Configuring;

/// <summary>All that is wrong in what is to be served, each with its place.</summary>
/// <param name="file">The file that says it, as it was given; empty for the command line.</param>
internal sealed class Problems(string file)
{
    private const int Most = 100;

    private readonly Dictionary<string, (long Line, long Column)> _places = [];
    private readonly List<(string Place, string Text)> _errors = [];
    private readonly List<string> _warnings = [];

    public void Add(YamlNode at, string sentence) => Add(Place(at), sentence);

    /// <param name="place">What <see cref="Place"/> gave, or an option.</param>
    /// <param name="sentence">What is wrong.</param>
    public void Add(string place, string sentence)
    {
        var problem = (place, $"{place}: {sentence}");
        if (_errors.Count < Most && !_errors.Contains(problem))
            _errors.Add(problem);
    }

    public void Warn(string place, string sentence) => _warnings.Add($"{place}: {sentence}");

    /// <summary>File, line and column.</summary>
    /// <param name="at">What stands there.</param>
    /// <param name="missing">What should stand in it and does not; null for nothing.</param>
    public string Place(YamlNode at, string? missing = null)
    {
        var place = $"{file}:{at.Start.Line}:{at.Start.Column}{(missing is null ? "" : $": {missing}")}";
        _places[place] = (at.Start.Line, at.Start.Column);
        return place;
    }

    /// <summary>Says what can be used all the same.</summary>
    /// <exception cref="CliException">There are errors; it names all.</exception>
    public void Settle()
    {
        if (_errors.Count > 0)
            throw new CliException(ExitCode.Usage, string.Join('\n', _errors.OrderBy(error => _places.GetValueOrDefault(error.Place)).Select(error => error.Text)));
        foreach (var warning in _warnings.Distinct())
            Terminal.Warn(warning);
    }
}

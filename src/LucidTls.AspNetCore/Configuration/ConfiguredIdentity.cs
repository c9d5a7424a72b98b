using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Revocation;

namespace LucidTls.AspNetCore.Configuration;

/// <summary>An identity that is in use, and who keeps its staples current.</summary>
internal sealed class ConfiguredIdentity(TlsIdentity identity, OcspStapler? stapler) : IAsyncDisposable
{
    private string? _toldProblem;

    public TlsIdentity Identity => identity;

    /// <summary>The leaf's subject and last day, for logs.</summary>
    public string Subject { get; } = Describe(Certificate.TryParse(identity.Chain[0])!);

    /// <summary>Ends when its responders were asked once.</summary>
    public Task Ready => stapler?.Ready ?? Task.CompletedTask;

    /// <summary>What is wrong with its staples, if that is news; null otherwise.</summary>
    public string? TakeProblem()
    {
        var problem = stapler?.Problem;
        if (problem == _toldProblem)
            return null;
        _toldProblem = problem;
        return problem;
    }

    public ValueTask DisposeAsync() => stapler?.DisposeAsync() ?? default;

    private static string Describe(Certificate leaf) => $"{leaf.Subject} (until {leaf.NotAfter:yyyy-MM-dd})";
}

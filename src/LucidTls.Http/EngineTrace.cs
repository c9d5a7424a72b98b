using System.Diagnostics.Tracing;

namespace LucidTls.Http;

/// <summary>Whether somebody listens to the engine's internal trace, for which it asks every connection for its protocol.</summary>
internal static class EngineTrace
{
    public static bool IsOn => EventSource.GetSources().Any(source => source.Name == "Private.InternalDiagnostics.System.Net.Http" && source.IsEnabled());
}

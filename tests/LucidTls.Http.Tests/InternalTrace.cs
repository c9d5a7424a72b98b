using System.Diagnostics.Tracing;

namespace LucidTls.Http.Tests;

/// <summary>Listens to what HttpClient's engine tells about its work.</summary>
internal sealed class InternalTrace : EventListener
{
    public bool SawEvents { get; private set; }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "Private.InternalDiagnostics.System.Net.Http")
            EnableEvents(eventSource, EventLevel.LogAlways);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData) => SawEvents = true;
}

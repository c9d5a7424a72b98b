using System.Diagnostics;

namespace LucidTls.Handshake;

/// <summary>Keeps the handshake's course for <see cref="TlsSessionInfo.Steps"/>, and tells whoever listens as it happens.</summary>
internal sealed class StepRecorder(Action<TlsHandshakeStep>? listener)
{
    private readonly List<TlsHandshakeStep> _steps = new(12);
    private readonly long _started = Stopwatch.GetTimestamp();
    private TlsHandshakeStep? _received;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    public void Sent(string message, int length, TlsProtection protection, string detail)
    {
        Describe("");
        Add(new TlsHandshakeStep(true, message, length, protection, Elapsed, SharedTexts.Of(detail)));
    }

    /// <summary>A message came; it is told when it has been understood, or when the next thing happens.</summary>
    public void Received(string message, int length, TlsProtection protection)
    {
        Describe("");
        _received = new TlsHandshakeStep(false, message, length, protection, Elapsed, "");
    }

    public void Describe(string detail)
    {
        if (_received is not { } step)
            return;
        _received = null;
        Add(step with { Detail = SharedTexts.Of(detail) });
    }

    public IReadOnlyList<TlsHandshakeStep> Finish()
    {
        Describe("");
        return _steps.ToArray();
    }

    private void Add(TlsHandshakeStep step)
    {
        _steps.Add(step);
        listener?.Invoke(step);
    }
}

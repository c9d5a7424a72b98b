using System.IO.Pipelines;

namespace LucidTls.AspNetCore;

/// <summary>
/// A connection that is served: its plaintext as the pair of pipes that takes the transport's place, and all that it holds besides. Completing the output says close_notify.
/// </summary>
internal sealed class OpenedConnection : IDuplexPipe, IAsyncDisposable
{
    private static readonly Task<bool> Done = Task.FromResult(true);

    private readonly TlsStream _stream;
    private readonly EarlyPlaintext? _early;
    private readonly TlsConnectionFeatures _features;

    public OpenedConnection(TlsStream stream, PipeTransport records, EarlyPlaintext? early, TlsConnectionFeatures features, IDuplexPipe transport, Task<bool> handshake, bool isHttp)
    {
        _stream = stream;
        _early = early;
        _features = features;
        Records = records;
        Transport = transport;
        // What has ended need not be held.
        Handshake = handshake.IsCompletedSuccessfully ? Done : handshake;
        Input = new TlsPipeReader(stream, records, early, isHttp);
        Output = new TlsPipeWriter(stream, records, early);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public PipeTransport Records { get; }

    /// <summary>What carries the records, which stays its owner's.</summary>
    public IDuplexPipe Transport { get; }

    /// <summary>Ends with the handshake, which early data may come before.</summary>
    public Task<bool> Handshake { get; }

    public ValueTask DisposeAsync()
    {
        _features.Dispose();
        _early?.Dispose();
        return _stream.DisposeAsync();
    }
}

using LucidTls.Bench.Links;

namespace LucidTls.Bench.Stacks;

/// <summary>
/// A TLS implementation under test. All of them speak TLS 1.3 with TLS_AES_128_GCM_SHA256 (resumed: TLS_AES_256_GCM_SHA384, since SslStream resumes only without a list of suites), prove the server with the same P-256
/// chain, and verify it against its root without revocation. They resume sessions where the kind of handshake says so and never else.
/// </summary>
internal abstract class TlsStack : IDisposable
{
    public const string HostName = "bench.example";

    public abstract string Name { get; }

    public abstract bool Supports(HandshakeKind kind);

    /// <summary>Shakes hands over a link; the inner streams stay open when the outer ones are disposed.</summary>
    public async Task<StreamPair> ConnectAsync(StreamPair inner, HandshakeKind kind)
    {
        var client = AuthenticateClientAsync(inner.Client, kind);
        var server = AuthenticateServerAsync(inner.Server, kind);
        return new StreamPair(await client, await server);
    }

    public virtual void Dispose()
    {
    }

    protected abstract Task<Stream> AuthenticateClientAsync(Stream inner, HandshakeKind kind);

    protected abstract Task<Stream> AuthenticateServerAsync(Stream inner, HandshakeKind kind);
}

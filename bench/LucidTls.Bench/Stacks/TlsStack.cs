using LucidTls.Bench.Links;

namespace LucidTls.Bench.Stacks;

/// <summary>
/// A TLS implementation under test. All of them speak TLS 1.3 with TLS_AES_128_GCM_SHA256, prove the server with the same P-256
/// chain, verify it against its root without revocation, and never resume.
/// </summary>
internal abstract class TlsStack : IDisposable
{
    public const string HostName = "bench.example";

    public abstract string Name { get; }

    public abstract bool Supports(NamedGroup group);

    /// <summary>Shakes hands over a link; the inner streams stay open when the outer ones are disposed.</summary>
    public async Task<StreamPair> ConnectAsync(StreamPair inner, NamedGroup group)
    {
        var client = AuthenticateClientAsync(inner.Client, group);
        var server = AuthenticateServerAsync(inner.Server, group);
        return new StreamPair(await client, await server);
    }

    public virtual void Dispose()
    {
    }

    protected abstract Task<Stream> AuthenticateClientAsync(Stream inner, NamedGroup group);

    protected abstract Task<Stream> AuthenticateServerAsync(Stream inner, NamedGroup group);
}

namespace LucidTls.StartTls;

/// <summary>PostgreSQL with TLS from the first byte (sslnegotiation=direct).</summary>
internal sealed class PostgresDirectTls() : StartTlsProtocol("postgres-direct", 5432, "PostgreSQL with TLS from the first byte")
{
    public override bool HasServerSide => false;

    public override async Task<Stream> ConnectForAsync(Stream plain, TlsClientOptions options, Stream client, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        var tls = await ConnectAsync(plain, options, cancellationToken).ConfigureAwait(false);
        await PostgresStartTls.ForwardStartAsync(tls, client, options, cancellationToken).ConfigureAwait(false);
        return tls;
    }

    private protected override ValueTask AskAsync(PlainLink link, string host, CancellationToken cancellationToken) => default;

    private protected override ValueTask GrantAsync(PlainLink link, string host, CancellationToken cancellationToken) => throw new NotSupportedException();

    private protected override TlsClientOptions Prepare(TlsClientOptions options)
    {
        var prepared = options.Clone();
        prepared.ApplicationProtocols = [PostgresStartTls.ApplicationProtocol];
        prepared.RequireApplicationProtocol = true;
        return prepared;
    }
}

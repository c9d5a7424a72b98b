namespace LucidTls.Bench.Stacks;

/// <summary>The link alone, to know what it adds to the others' figures.</summary>
internal sealed class NoTls : TlsStack
{
    public const string StackName = "no TLS";

    public override string Name => StackName;

    public override bool Supports(HandshakeKind kind) => true;

    protected override Task<Stream> AuthenticateClientAsync(Stream inner, HandshakeKind kind) => Task.FromResult(inner);

    protected override Task<Stream> AuthenticateServerAsync(Stream inner, HandshakeKind kind) => Task.FromResult(inner);
}

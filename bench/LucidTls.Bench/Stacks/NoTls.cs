namespace LucidTls.Bench.Stacks;

/// <summary>The link alone, to know what it adds to the others' figures.</summary>
internal sealed class NoTls : TlsStack
{
    public const string StackName = "no TLS";

    public override string Name => StackName;

    public override bool Supports(NamedGroup group) => true;

    protected override Task<Stream> AuthenticateClientAsync(Stream inner, NamedGroup group) => Task.FromResult(inner);

    protected override Task<Stream> AuthenticateServerAsync(Stream inner, NamedGroup group) => Task.FromResult(inner);
}

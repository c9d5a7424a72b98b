namespace LucidTls.Bench.Stacks;

/// <summary>What kind of handshake a stack shall do.</summary>
/// <param name="Name">How the tables call it.</param>
/// <param name="Group">The key exchange.</param>
/// <param name="Resumes">Whether sessions are resumed: each connection but the first by a ticket of the one before, with a new key exchange.</param>
/// <param name="IsMutual">Whether the client shows a certificate, too.</param>
/// <param name="IsTls12">Whether TLS 1.2 is spoken rather than TLS 1.3. Its resumption makes no new key exchange.</param>
internal sealed record HandshakeKind(string Name, NamedGroup Group, bool Resumes = false, bool IsMutual = false, bool IsTls12 = false)
{
    public static readonly HandshakeKind X25519 = new("X25519", NamedGroup.X25519);

    public static readonly HandshakeKind[] All =
    [
        X25519,
        new("X25519MLKEM768", NamedGroup.X25519MLKEM768),
        new("X25519, mutual", NamedGroup.X25519, IsMutual: true),
        new("X25519, resumed", NamedGroup.X25519, Resumes: true),
        new("TLS 1.2, X25519", NamedGroup.X25519, IsTls12: true),
        new("TLS 1.2, resumed", NamedGroup.X25519, Resumes: true, IsTls12: true),
    ];
}

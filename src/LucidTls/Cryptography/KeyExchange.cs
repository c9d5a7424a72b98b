namespace LucidTls.Cryptography;

/// <summary>A key-exchange group that can do its work: (EC)DH, or a KEM, or both joined (RFC 8446 §4.2.8, draft-ietf-tls-ecdhe-mlkem).</summary>
internal abstract class KeyExchangeGroup
{
    public abstract NamedGroup Id { get; }

    /// <summary>Bytes of the client's key_exchange.</summary>
    public abstract int ClientShareLength { get; }

    /// <summary>Bytes of the server's key_exchange.</summary>
    public abstract int ServerShareLength { get; }

    /// <summary>The client's side: a fresh private key with its public share.</summary>
    public abstract KeyShare Generate();

    /// <summary>The server's side in one step: its own share and the shared secret, from the client's share.</summary>
    /// <exception cref="InvalidKeyShareException">The share has a wrong length, is no point on the curve, is of low order or is no ML-KEM key.</exception>
    public abstract (byte[] ServerShare, Secret SharedSecret) Respond(ReadOnlySpan<byte> clientShare);
}

/// <summary>A client's private key of a group, waiting for the server's share.</summary>
internal abstract class KeyShare : IDisposable
{
    public abstract NamedGroup Group { get; }

    /// <summary>The client's key_exchange bytes.</summary>
    public abstract ReadOnlyMemory<byte> PublicShare { get; }

    /// <summary>
    /// The classical half of a hybrid share as a share of its own group, or null. draft-ietf-tls-hybrid-design §3.2 lets
    /// one ClientHello offer it twice, which saves a key generation. It lives as long as this object and need not be disposed.
    /// </summary>
    public virtual KeyShare? ClassicalPart => null;

    /// <summary>The shared secret from the server's share.</summary>
    /// <exception cref="InvalidKeyShareException">The share has a wrong length, is no point on the curve or is of low order.</exception>
    public abstract Secret Agree(ReadOnlySpan<byte> serverShare);

    public abstract void Dispose();
}

/// <summary>A peer's key share that must be answered with illegal_parameter (RFC 8446 §4.2.8.2).</summary>
internal sealed class InvalidKeyShareException(string message) : Exception(message);

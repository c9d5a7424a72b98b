namespace LucidTls.Cryptography;

/// <summary>X25519 as a key-exchange group (RFC 8446 §4.2.8.2, §7.4.2).</summary>
internal sealed class X25519Group : KeyExchangeGroup
{
    public override NamedGroup Id => NamedGroup.X25519;
    public override int ClientShareLength => X25519.Length;
    public override int ServerShareLength => X25519.Length;

    public override KeyShare Generate()
    {
        var privateKey = new Secret(X25519.Length);
        Randomness.Fill(privateKey.Span);
        return new X25519KeyShare(privateKey);
    }

    public override (byte[] ServerShare, Secret SharedSecret) Respond(ReadOnlySpan<byte> clientShare)
    {
        CheckLength(clientShare);
        using var privateKey = new Secret(X25519.Length);
        Randomness.Fill(privateKey.Span);
        var serverShare = new byte[X25519.Length];
        var sharedSecret = new Secret(X25519.Length);
        return X25519.Respond(privateKey.Span, clientShare, serverShare, sharedSecret.Span) ? (serverShare, sharedSecret) : throw LowOrder(sharedSecret);
    }

    public static void CheckLength(ReadOnlySpan<byte> share)
    {
        if (share.Length != X25519.Length)
            throw new InvalidKeyShareException($"An X25519 share has {X25519.Length} bytes; this one has {share.Length}.");
    }

    public static InvalidKeyShareException LowOrder(Secret sharedSecret)
    {
        sharedSecret.Dispose();
        return new InvalidKeyShareException("The X25519 share is a point of low order: the shared secret would be all zeros.");
    }
}

/// <summary>A private key of X25519.</summary>
internal sealed class X25519KeyShare : KeyShare
{
    private readonly Secret _privateKey;
    private readonly byte[] _publicShare = new byte[X25519.Length];

    /// <param name="privateKey">32 random bytes; disposed with this object.</param>
    public X25519KeyShare(Secret privateKey)
    {
        _privateKey = privateKey;
        X25519.DerivePublicKey(privateKey.Span, _publicShare);
    }

    public override NamedGroup Group => NamedGroup.X25519;
    public override ReadOnlyMemory<byte> PublicShare => _publicShare;

    public override Secret Agree(ReadOnlySpan<byte> serverShare)
    {
        X25519Group.CheckLength(serverShare);
        var sharedSecret = new Secret(X25519.Length);
        return X25519.ScalarMultiply(_privateKey.Span, serverShare, sharedSecret.Span) ? sharedSecret : throw X25519Group.LowOrder(sharedSecret);
    }

    public override void Dispose() => _privateKey.Dispose();
}

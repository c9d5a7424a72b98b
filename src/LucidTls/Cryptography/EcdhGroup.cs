using System.Security.Cryptography;

namespace LucidTls.Cryptography;

/// <summary>ECDH on a NIST curve, by the platform. Shares are uncompressed points (RFC 8446 §4.2.8.2).</summary>
internal sealed class EcdhGroup : KeyExchangeGroup
{
    private readonly ECCurve _curve;

    private EcdhGroup(NamedGroup id, ECCurve curve, int coordinateLength)
    {
        Id = id;
        _curve = curve;
        CoordinateLength = coordinateLength;
    }

    public override NamedGroup Id { get; }
    public override int ClientShareLength => 1 + (2 * CoordinateLength);
    public override int ServerShareLength => ClientShareLength;

    /// <summary>Bytes of a coordinate, and of the shared secret (RFC 8446 §7.4.2: leading zeros are kept).</summary>
    public int CoordinateLength { get; }

    public static EcdhGroup? TryCreateP256() => TryCreate(NamedGroup.Secp256r1, ECCurve.NamedCurves.nistP256, 32);

    public static EcdhGroup? TryCreateP384() => TryCreate(NamedGroup.Secp384r1, ECCurve.NamedCurves.nistP384, 48);

    public static EcdhGroup? TryCreateP521() => TryCreate(NamedGroup.Secp521r1, ECCurve.NamedCurves.nistP521, 66);

    public override KeyShare Generate() => new EcdhKeyShare(this, ECDiffieHellman.Create(_curve));

    public override (byte[] ServerShare, Secret SharedSecret) Respond(ReadOnlySpan<byte> clientShare)
    {
        using var peer = ImportShare(clientShare);
        using var share = new EcdhKeyShare(this, ECDiffieHellman.Create(_curve));
        return (share.PublicShare.ToArray(), share.Agree(peer));
    }

    /// <exception cref="InvalidKeyShareException">The share is not an uncompressed point on the curve.</exception>
    public ECDiffieHellman ImportShare(ReadOnlySpan<byte> share)
    {
        if (share.Length != ClientShareLength)
            throw new InvalidKeyShareException($"A {Id} share has {ClientShareLength} bytes; this one has {share.Length}.");
        if (share[0] != EcPoint.Uncompressed)
            throw new InvalidKeyShareException($"A {Id} share must be an uncompressed point; this one starts with 0x{share[0]:x2}.");
        try
        {
            // The platform checks that the coordinates are below p and on the curve; these curves have cofactor 1.
            return ECDiffieHellman.Create(new ECParameters { Curve = _curve, Q = EcPoint.Read(share) });
        }
        catch (CryptographicException)
        {
            throw new InvalidKeyShareException($"The {Id} share is not a point on the curve.");
        }
    }

    /// <summary>A curve counts as there when a whole key agreement on it works: some builds of OpenSSL lack some of the curves.</summary>
    private static EcdhGroup? TryCreate(NamedGroup id, ECCurve curve, int coordinateLength)
    {
        var group = new EcdhGroup(id, curve, coordinateLength);
        try
        {
            using var share = group.Generate();
            var (serverShare, serverSecret) = group.Respond(share.PublicShare.Span);
            using (serverSecret)
            using (var clientSecret = share.Agree(serverShare))
                return clientSecret.Span.SequenceEqual(serverSecret.Span) ? group : null;
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException or InvalidKeyShareException)
        {
            return null;
        }
    }
}

/// <summary>A private key on a NIST curve, held by the platform.</summary>
internal sealed class EcdhKeyShare : KeyShare
{
    private readonly EcdhGroup _group;
    private readonly ECDiffieHellman _key;
    private readonly byte[] _publicShare;

    /// <param name="group">The group of the key.</param>
    /// <param name="key">The key pair; disposed with this object.</param>
    public EcdhKeyShare(EcdhGroup group, ECDiffieHellman key)
    {
        _group = group;
        _key = key;
        _publicShare = EcPoint.Write(key.ExportParameters(includePrivateParameters: false).Q, group.CoordinateLength);
    }

    public override NamedGroup Group => _group.Id;
    public override ReadOnlyMemory<byte> PublicShare => _publicShare;

    public override Secret Agree(ReadOnlySpan<byte> serverShare)
    {
        using var peer = _group.ImportShare(serverShare);
        return Agree(peer);
    }

    public Secret Agree(ECDiffieHellman peer)
    {
        using var peerKey = peer.PublicKey;
        var agreement = _key.DeriveRawSecretAgreement(peerKey);
        try
        {
            return new Secret(agreement);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(agreement);
        }
    }

    public override void Dispose() => _key.Dispose();
}

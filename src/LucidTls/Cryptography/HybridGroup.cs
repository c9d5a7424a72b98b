namespace LucidTls.Cryptography;

/// <summary>
/// ML-KEM and (EC)DH together (draft-ietf-tls-ecdhe-mlkem): shares and secrets of both, one after the other, secure as long
/// as one of them is. ML-KEM comes first with X25519 and last with the NIST curves, since the secret of an algorithm that
/// FIPS approves must lead.
/// </summary>
internal sealed class HybridGroup(NamedGroup id, MlKem kem, KeyExchangeGroup classical, bool isKemFirst) : KeyExchangeGroup
{
    private readonly MlKem _kem = kem;

    public override NamedGroup Id => id;
    public override int ClientShareLength => _kem.EncapsulationKeyLength + classical.ClientShareLength;
    public override int ServerShareLength => _kem.CiphertextLength + classical.ServerShareLength;

    public override KeyShare Generate() => new HybridKeyShare(this, _kem.Generate(), classical.Generate());

    public override (byte[] ServerShare, Secret SharedSecret) Respond(ReadOnlySpan<byte> clientShare)
    {
        CheckLength(clientShare, ClientShareLength);
        var (classicalShare, classicalSecret) = classical.Respond(clientShare[ClassicalPart(_kem.EncapsulationKeyLength)]);
        using (classicalSecret)
        {
            var serverShare = new byte[ServerShareLength];
            classicalShare.CopyTo(serverShare.AsSpan()[ClassicalPart(_kem.CiphertextLength)]);
            var sharedSecret = Join(classicalSecret, out var kemSecret);
            try
            {
                _kem.Encapsulate(clientShare[KemPart(_kem.EncapsulationKeyLength)], serverShare.AsSpan()[KemPart(_kem.CiphertextLength)], kemSecret);
                return (serverShare, sharedSecret);
            }
            catch
            {
                sharedSecret.Dispose();
                throw;
            }
        }
    }

    private void CheckLength(ReadOnlySpan<byte> share, int length)
    {
        if (share.Length != length)
            throw new InvalidKeyShareException($"A {Id} share must have {length} bytes here; this one has {share.Length}.");
    }

    private Range KemPart(int kemLength) => isKemFirst ? ..kemLength : ^kemLength..;

    private Range ClassicalPart(int kemLength) => isKemFirst ? kemLength.. : ..^kemLength;

    /// <summary>The joint secret with the classical one in its place; the caller writes ML-KEM's.</summary>
    private Secret Join(Secret classicalSecret, out Span<byte> kemSecret)
    {
        var joint = new Secret(MlKem.SharedSecretLength + classicalSecret.Length);
        classicalSecret.Span.CopyTo(joint.Span[ClassicalPart(MlKem.SharedSecretLength)]);
        kemSecret = joint.Span[KemPart(MlKem.SharedSecretLength)];
        return joint;
    }

    private sealed class HybridKeyShare : KeyShare
    {
        private readonly HybridGroup _group;
        private readonly MlKemDecapsulationKey _kemKey;
        private readonly KeyShare _classicalShare;
        private readonly byte[] _publicShare;

        public HybridKeyShare(HybridGroup group, MlKemDecapsulationKey kemKey, KeyShare classicalShare)
        {
            (_group, _kemKey, _classicalShare) = (group, kemKey, classicalShare);
            _publicShare = new byte[group.ClientShareLength];
            var kemLength = group._kem.EncapsulationKeyLength;
            kemKey.WriteEncapsulationKey(_publicShare.AsSpan()[group.KemPart(kemLength)]);
            classicalShare.PublicShare.Span.CopyTo(_publicShare.AsSpan()[group.ClassicalPart(kemLength)]);
        }

        public override NamedGroup Group => _group.Id;
        public override ReadOnlyMemory<byte> PublicShare => _publicShare;
        public override KeyShare ClassicalPart => _classicalShare;

        public override Secret Agree(ReadOnlySpan<byte> serverShare)
        {
            _group.CheckLength(serverShare, _group.ServerShareLength);
            var kemLength = _group._kem.CiphertextLength;
            using var classicalSecret = _classicalShare.Agree(serverShare[_group.ClassicalPart(kemLength)]);
            var sharedSecret = _group.Join(classicalSecret, out var kemSecret);
            _kemKey.Decapsulate(serverShare[_group.KemPart(kemLength)], kemSecret);
            return sharedSecret;
        }

        public override void Dispose()
        {
            _kemKey.Dispose();
            _classicalShare.Dispose();
        }
    }
}

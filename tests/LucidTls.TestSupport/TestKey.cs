using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace LucidTls.TestSupport;

/// <summary>The kinds of keys that certificates in tests have.</summary>
public enum KeyKind
{
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    Rsa2048,
    /// <summary>A key of type RSASSA-PSS, without restrictions.</summary>
    RsaPss2048,
    Ed25519,
}

/// <summary>A private key that can sign certificates and be written as PKCS#8.</summary>
public abstract class TestKey : IDisposable
{
    private const string RsaPssOid = "1.2.840.113549.1.1.10";

    /// <summary>SubjectPublicKeyInfo in DER.</summary>
    public abstract byte[] SubjectPublicKeyInfo { get; }

    /// <summary>PKCS#8 in DER.</summary>
    public abstract byte[] Pkcs8 { get; }

    internal abstract X509SignatureGenerator Generator { get; }

    public static TestKey Create(KeyKind kind) => kind switch
    {
        KeyKind.EcdsaP256 => new EcdsaKey(ECCurve.NamedCurves.nistP256, HashAlgorithmName.SHA256),
        KeyKind.EcdsaP384 => new EcdsaKey(ECCurve.NamedCurves.nistP384, HashAlgorithmName.SHA384),
        KeyKind.EcdsaP521 => new EcdsaKey(ECCurve.NamedCurves.nistP521, HashAlgorithmName.SHA512),
        KeyKind.Rsa2048 => new RsaKey(isPss: false),
        KeyKind.RsaPss2048 => new RsaKey(isPss: true),
        KeyKind.Ed25519 => new Ed25519Key(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    public abstract void Dispose();

    private sealed class EcdsaKey(ECCurve curve, HashAlgorithmName hash) : TestKey
    {
        private readonly ECDsa _key = ECDsa.Create(curve);

        public override byte[] SubjectPublicKeyInfo => _key.ExportSubjectPublicKeyInfo();
        public override byte[] Pkcs8 => _key.ExportPkcs8PrivateKey();
        internal override X509SignatureGenerator Generator => new WithHash(X509SignatureGenerator.CreateForECDsa(_key), hash);
        public override void Dispose() => _key.Dispose();
    }

    private sealed class RsaKey(bool isPss) : TestKey
    {
        private readonly RSA _key = RSA.Create(2048);

        public override byte[] SubjectPublicKeyInfo => isPss ? WithPssAlgorithm(_key.ExportSubjectPublicKeyInfo(), isPrivate: false) : _key.ExportSubjectPublicKeyInfo();
        public override byte[] Pkcs8 => isPss ? WithPssAlgorithm(_key.ExportPkcs8PrivateKey(), isPrivate: true) : _key.ExportPkcs8PrivateKey();
        internal override X509SignatureGenerator Generator => X509SignatureGenerator.CreateForRSA(_key, isPss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
        public override void Dispose() => _key.Dispose();

        // The same structure with another algorithm identifier, without parameters: any RSASSA-PSS parameters will do (RFC 4055 §1.2).
        private static byte[] WithPssAlgorithm(byte[] der, bool isPrivate)
        {
            var reader = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSequence())
            {
                if (isPrivate)
                    writer.WriteInteger(reader.ReadInteger());
                reader.ReadSequence();
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier(RsaPssOid);
                writer.WriteEncodedValue(reader.ReadEncodedValue().Span);
            }
            return writer.Encode();
        }
    }

    private sealed class Ed25519Key : TestKey
    {
        private readonly Ed25519PrivateKeyParameters _key = new(new SecureRandom());

        public override byte[] SubjectPublicKeyInfo => SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(_key.GeneratePublicKey()).GetDerEncoded();

        // RFC 8410 §7 without the public key, which OpenSSL 3.0 does not read.
        public override byte[] Pkcs8 => [0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20, .. _key.GetEncoded()];
        internal override X509SignatureGenerator Generator => new Ed25519Generator(_key, SubjectPublicKeyInfo);

        public override void Dispose()
        {
        }
    }

    private sealed class WithHash(X509SignatureGenerator inner, HashAlgorithmName hash) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => inner.GetSignatureAlgorithmIdentifier(hash);
        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => inner.SignData(data, hash);
        protected override PublicKey BuildPublicKey() => inner.PublicKey;
    }

    private sealed class Ed25519Generator(Ed25519PrivateKeyParameters key, byte[] subjectPublicKeyInfo) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => [0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70];

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm)
        {
            var signer = new Ed25519Signer();
            signer.Init(true, key);
            signer.BlockUpdate(data, 0, data.Length);
            return signer.GenerateSignature();
        }

        protected override PublicKey BuildPublicKey() => PublicKey.CreateFromSubjectPublicKeyInfo(subjectPublicKeyInfo, out _);
    }
}

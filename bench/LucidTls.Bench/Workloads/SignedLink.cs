using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.Bench.Workloads;

/// <summary>A certificate and its issuer's key: the bare cost of the signature between them, SHA-256 with ECDSA or RSA PKCS#1.</summary>
internal sealed class SignedLink : IDisposable
{
    private readonly byte[] _signed;
    private readonly byte[] _signature;
    private readonly byte[] _issuerKey;
    private readonly bool _isRsa;
    private readonly AsymmetricAlgorithm _imported;

    public SignedLink(ReadOnlyMemory<byte> certificate, ReadOnlyMemory<byte> issuer)
    {
        var fields = new AsnReader(certificate, AsnEncodingRules.DER).ReadSequence();
        _signed = fields.ReadEncodedValue().ToArray();
        fields.ReadSequence();
        _signature = fields.ReadBitString(out _);
        using var parsed = X509CertificateLoader.LoadCertificate(issuer.Span);
        _issuerKey = parsed.PublicKey.ExportSubjectPublicKeyInfo();
        using (var rsa = parsed.GetRSAPublicKey())
            _isRsa = rsa != null;
        _imported = Import();
    }

    public bool Verify() => Verify(_imported);

    public bool ImportAndVerify()
    {
        using var key = Import();
        return Verify(key);
    }

    public void Dispose() => _imported.Dispose();

    private bool Verify(AsymmetricAlgorithm key) => key is RSA rsa
        ? rsa.VerifyData(_signed, _signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
        : ((ECDsa)key).VerifyData(_signed, _signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    private AsymmetricAlgorithm Import()
    {
        AsymmetricAlgorithm key = _isRsa ? RSA.Create() : ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(_issuerKey, out _);
        return key;
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls;

/// <summary>Signs with a private key that this process may not hold, in an HSM or a remote service for example.</summary>
/// <param name="scheme">The scheme to sign with; its hash is applied to <paramref name="data"/> by the signer.</param>
/// <param name="data">The bytes to sign, not hashed yet.</param>
/// <param name="cancellationToken">Cancelled when the handshake is given up.</param>
/// <returns>The signature: DER for ECDSA (RFC 8446 §4.2.3), the raw bytes otherwise.</returns>
public delegate ValueTask<byte[]> TlsSignCallback(SignatureScheme scheme, ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

/// <summary>What one end proves itself with: a certificate chain and the private key of its leaf.</summary>
public sealed class TlsIdentity
{
    private TlsIdentity()
    {
    }

    /// <summary>The chain in DER, leaf first, without the root.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Chain => throw new NotSupportedException();

    /// <summary>The schemes that the key can sign with in TLS 1.3, most wanted first.</summary>
    public IReadOnlyList<SignatureScheme> SignatureSchemes => throw new NotSupportedException();

    /// <summary>Whether the leaf is for that DNS name (RFC 9525).</summary>
    public bool Matches(string serverName) => throw new NotSupportedException(serverName);

    /// <summary>Signs.</summary>
    internal ValueTask<byte[]> SignAsync(SignatureScheme scheme, ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>From PEM text: the chain, leaf first, and an unencrypted or encrypted key.</summary>
    public static TlsIdentity FromPem(string certificatePem, string keyPem, string? password = null) => throw new NotSupportedException();

    /// <summary>From PEM files; one file may hold both.</summary>
    public static TlsIdentity FromPemFile(string certificatePath, string? keyPath = null, string? password = null) => throw new NotSupportedException();

    /// <summary>From PKCS#12.</summary>
    public static TlsIdentity FromPkcs12(ReadOnlySpan<byte> pkcs12, string? password) => throw new NotSupportedException();

    /// <summary>From a certificate with its private key, and the intermediates to send.</summary>
    public static TlsIdentity FromCertificate(X509Certificate2 certificate, params IEnumerable<X509Certificate2> intermediates) => throw new NotSupportedException();

    /// <summary>From a chain in DER and a key object (<see cref="ECDsa"/> or <see cref="RSA"/>).</summary>
    public static TlsIdentity FromKey(IReadOnlyList<ReadOnlyMemory<byte>> chain, AsymmetricAlgorithm key) => throw new NotSupportedException();

    /// <summary>From a chain in DER and a callback that signs.</summary>
    public static TlsIdentity FromCallback(IReadOnlyList<ReadOnlyMemory<byte>> chain, TlsSignCallback sign) => throw new NotSupportedException();
}

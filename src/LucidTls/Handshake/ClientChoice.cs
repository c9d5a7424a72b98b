using System.Net.Security;
using LucidTls.Protocol;

namespace LucidTls.Handshake;

/// <summary>What a client makes of the server's choices and wishes, in any version.</summary>
internal static class ClientChoice
{
    /// <summary>RFC 7301 §3.1: exactly one application protocol, of those offered.</summary>
    public static SslApplicationProtocol Protocol(TlsClientOptions options, ReadOnlyMemory<byte> data)
    {
        var protocols = Extensions.ParseProtocols(data);
        if (protocols.Length != 1)
            throw new TlsException(TlsError.IllegalValue, $"{protocols.Length} application protocols from the server");
        return options.ApplicationProtocols.Contains(protocols[0])
            ? protocols[0]
            : throw new TlsException(TlsError.SelectedUnofferedProtocol, protocols[0].ToString());
    }

    /// <summary>Refuses a server that picked no application protocol where one must be agreed on.</summary>
    public static void DemandProtocol(TlsClientOptions options, SslApplicationProtocol protocol)
    {
        if (options.RequireApplicationProtocol && protocol.Protocol.IsEmpty)
            throw new TlsException(TlsError.NoCommonProtocol, $"the server picks none of {string.Join(", ", options.ApplicationProtocols)}");
    }

    /// <summary>Who the client shows itself as to a TLS 1.3 server that asks, and how it signs; nulls for nobody.</summary>
    public static async ValueTask<(TlsIdentity? Identity, SignatureScheme? Scheme)> ProofAsync(TlsClientOptions options, CertificateRequest request, bool isAfterHandshake, CancellationToken cancellationToken)
    {
        var identity = await IdentityAsync(options, request.SignatureSchemes, request.CertificateAuthorities, isAfterHandshake, cancellationToken).ConfigureAwait(false);
        var scheme = identity == null ? null : CertificateProof.SchemeFor(identity, request.SignatureSchemes, TlsVersion.Tls13);
        // RFC 8446 §4.4.2: without a suitable certificate the client sends an empty list.
        return scheme == null ? default : (identity, scheme);
    }

    /// <summary>Who the client shows itself as to a server that asks; null for nobody.</summary>
    public static async ValueTask<TlsIdentity?> IdentityAsync(TlsClientOptions options, IReadOnlyList<SignatureScheme> schemes, IReadOnlyList<ReadOnlyMemory<byte>> authorities, bool isAfterHandshake, CancellationToken cancellationToken)
    {
        if (options.IdentitySelector is not { } selector)
            return options.Identity;
        try
        {
            return await selector(new TlsCertificateRequest(schemes, authorities, isAfterHandshake), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new TlsException(TlsError.LocalFailure, "the identity selector failed", exception);
        }
    }
}

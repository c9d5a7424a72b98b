using LucidTls.Protocol;

namespace LucidTls.Handshake;

/// <summary>What the RFCs demand of a ClientHello beyond its form.</summary>
internal static class ClientHelloChecks
{
    /// <exception cref="TlsException">The client breaks a rule of TLS 1.3.</exception>
    public static void Demand(ClientHello hello)
    {
        // RFC 8446 §4.1.2: "this vector MUST contain exactly one byte, set to zero".
        if (!hello.CompressionMethods.Span.SequenceEqual("\0"u8))
            throw new TlsException(TlsError.Compression);
        // RFC 8446 §9.2: without a PSK these three are mandatory; supported_groups and key_share come together or not at all.
        if (hello.SignatureSchemes == null && hello.PreSharedKeys == null)
            throw new TlsException(TlsError.MissingExtension, "signature_algorithms in ClientHello");
        if (hello.Groups == null)
            throw new TlsException(TlsError.MissingExtension, "supported_groups in ClientHello");
        if (hello.KeyShares == null)
            throw new TlsException(TlsError.MissingExtension, "key_share in ClientHello");
        // RFC 8446 §4.2.9: pre_shared_key without psk_key_exchange_modes must end the handshake.
        if (hello.PreSharedKeys != null && hello.PskModes == null)
            throw new TlsException(TlsError.MissingExtension, "psk_key_exchange_modes in ClientHello");
        DemandConsistentShares(hello);
    }

    /// <summary>What TLS 1.2 demands.</summary>
    /// <exception cref="TlsException">The client breaks a rule of TLS 1.2, or one that the options set.</exception>
    public static void DemandTls12(ClientHello hello, TlsServerOptions options)
    {
        // RFC 5246 §7.4.1.2: "It MUST contain, and all implementations MUST support, CompressionMethod.null."
        if (!hello.CompressionMethods.Span.Contains((byte)0))
            throw new TlsException(TlsError.Compression, "null is not among the client's methods");
        // RFC 8422 §5.1.2: without uncompressed points the client must be refused.
        if (hello.Extensions.TryGet(ExtensionType.EcPointFormats, out var formats) && !formats.Span[1..].Contains((byte)0))
            throw new TlsException(TlsError.IllegalValue, "ec_point_formats without uncompressed");
        // RFC 5746 §3.6: "the server MUST then verify that the length of the 'renegotiated_connection' field is zero".
        if (hello.Extensions.TryGet(ExtensionType.RenegotiationInfo, out var renegotiation) && !renegotiation.Span.SequenceEqual("\0"u8))
            throw new TlsException(TlsError.WrongRenegotiationInfo);
        if (!options.AllowMissingExtendedMasterSecret && !hello.Extensions.Contains(ExtensionType.ExtendedMasterSecret))
            throw new TlsException(TlsError.MissingExtendedMasterSecret);
    }

    /// <summary>RFC 8446 §4.1.2: the hello after HelloRetryRequest is the first one but for what was asked.</summary>
    public static void DemandSame(ClientHello first, ClientHello second, NamedGroup group, ReadOnlyMemory<byte>? cookie)
    {
        if (!second.Random.Span.SequenceEqual(first.Random.Span) || !second.SessionId.Span.SequenceEqual(first.SessionId.Span))
            throw new TlsException(TlsError.ClientHelloChanged, "random or session id");
        if (!second.CipherSuites.SequenceEqual(first.CipherSuites))
            throw new TlsException(TlsError.ClientHelloChanged, "cipher suites");
        DemandSameExtensions(first, second);
        // RFC 8446 §4.2.8: a single share, of the group asked for.
        if (second.KeyShares!.Count != 1 || second.KeyShares[0].Group != group)
            throw new TlsException(TlsError.InconsistentKeyShares, $"one share for {group} was asked for");
        if (cookie is { } expected && (second.Cookie is not { } echoed || !echoed.Span.SequenceEqual(expected.Span)))
            throw new TlsException(TlsError.ClientHelloChanged, "the cookie did not come back");
        if (cookie == null && second.Cookie != null)
            throw new TlsException(TlsError.UnsolicitedExtension, "cookie");
    }

    private static void DemandConsistentShares(ClientHello hello)
    {
        var seen = new HashSet<NamedGroup>();
        foreach (var share in hello.KeyShares!)
        {
            // RFC 8446 §4.2.8: one share a group, and only for groups that are offered.
            if (!seen.Add(share.Group))
                throw new TlsException(TlsError.InconsistentKeyShares, $"two shares for {share.Group}");
            if (!hello.Groups!.Contains(share.Group))
                throw new TlsException(TlsError.InconsistentKeyShares, $"a share for {share.Group}, which is not among the groups");
        }
    }

    // Extensions that this library does not know may have rules of their own for the second hello.
    private static void DemandSameExtensions(ClientHello first, ClientHello second)
    {
        foreach (var extension in first.Extensions.Items)
        {
            if (MayChange(extension.Type))
                continue;
            if (!second.Extensions.TryGet(extension.Type, out var data) || !data.Span.SequenceEqual(extension.Data.Span))
                throw new TlsException(TlsError.ClientHelloChanged, extension.Type.ToString());
        }
        foreach (var extension in second.Extensions.Items)
        {
            if (!MayChange(extension.Type) && !first.Extensions.Contains(extension.Type))
                throw new TlsException(TlsError.ClientHelloChanged, extension.Type.ToString());
        }
    }

    private static bool MayChange(ExtensionType type) =>
        type == ExtensionType.KeyShare || type == ExtensionType.EarlyData || type == ExtensionType.Cookie
        || type == ExtensionType.PreSharedKey || type == ExtensionType.Padding || ExtensionPlaces.Of(type) == ExtensionPlace.None;
}

using System.Net.Security;
using LucidTls.Cryptography;
using LucidTls.Protocol;

namespace LucidTls.Handshake;

/// <summary>What a server picks from a ClientHello: pure decisions, each with the error that says why there is nothing to pick.</summary>
internal static class ServerChoice
{
    public static SuiteAlgorithm Suite(ClientHello hello, TlsServerOptions options, CryptoProvider crypto, TlsVersion version, SuiteAuthentication? authentication = null)
    {
        foreach (var suite in options.CipherSuites)
        {
            if (suite.Version == version && hello.CipherSuites.Contains(suite) && crypto.TryGetSuite(suite, out var algorithm) && (authentication == null || algorithm.Authentication == authentication))
                return algorithm;
        }
        throw new TlsException(TlsError.NoCommonSuite, $"the client offers {StepDetails.Suites(hello.CipherSuites)}; this server has {string.Join(", ", options.CipherSuites.Where(suite => suite.Version == version))}{(authentication == null ? "" : " and its key is for some of them only")}");
    }

    /// <summary>The group, by this server's preference: first among those with a share, so that no round trip is lost; then among those the client knows.</summary>
    public static KeyExchangeGroup Group(ClientHello hello, TlsServerOptions options, CryptoProvider crypto, out ReadOnlyMemory<byte>? share)
    {
        foreach (var group in options.Groups)
        {
            if (!crypto.TryGetGroup(group, out var algorithm))
                continue;
            foreach (var entry in hello.KeyShares!)
            {
                if (entry.Group == group)
                {
                    share = entry.KeyExchange;
                    return algorithm;
                }
            }
        }
        share = null;
        foreach (var group in options.Groups)
        {
            if (hello.Groups!.Contains(group) && crypto.TryGetGroup(group, out var algorithm))
                return algorithm;
        }
        throw new TlsException(TlsError.NoCommonGroup, $"the client offers {string.Join(", ", hello.Groups!)}; this server has {string.Join(", ", options.Groups)}");
    }

    /// <summary>RFC 7301 §3.2: the first of this server's protocols that the client offers; an error when both have some and none in common.</summary>
    public static SslApplicationProtocol Protocol(ClientHello hello, TlsServerOptions options)
    {
        if (options.ApplicationProtocols.Count == 0 || (hello.ApplicationProtocols.Count == 0 && !options.RequireApplicationProtocol))
            return default;
        foreach (var protocol in options.ApplicationProtocols)
        {
            if (hello.ApplicationProtocols.Contains(protocol))
                return protocol;
        }
        throw new TlsException(TlsError.NoCommonProtocol, $"the client offers {(hello.ApplicationProtocols.Count == 0 ? "none" : string.Join(", ", hello.ApplicationProtocols))}; this server speaks {string.Join(", ", options.ApplicationProtocols)}");
    }

    /// <summary>RFC 8422 §5.1: a group of TLS 1.2; a client that names none takes any.</summary>
    public static KeyExchangeGroup Tls12Group(ClientHello hello, TlsServerOptions options, CryptoProvider crypto)
    {
        foreach (var group in options.Groups)
        {
            if (group.IsForTls12 && hello.Groups?.Contains(group) != false && crypto.TryGetGroup(group, out var algorithm))
                return algorithm;
        }
        throw new TlsException(TlsError.NoCommonGroup, $"the client offers {string.Join(", ", hello.Groups!)}; this server has {string.Join(", ", options.Groups.Where(group => group.IsForTls12))}");
    }

    public static async ValueTask<(TlsIdentity Identity, SignatureScheme Scheme)> IdentityAsync(ClientHello hello, TlsServerOptions options, CancellationToken cancellationToken)
    {
        if (options.DemandsPreSharedKey)
            throw new TlsException(TlsError.UnknownPreSharedKey, hello.PreSharedKeys is { } offered ? $"it offers {string.Join(", ", offered.Identities.Select(identity => TlsPreSharedKey.Name(identity.Identity.Span)))}" : "it offers none");
        // RFC 8446 §9.2: a hello without it is only for a pre-shared key.
        if (hello.SignatureSchemes == null)
            throw new TlsException(TlsError.MissingExtension, "signature_algorithms in ClientHello");
        var candidates = await CandidatesAsync(hello, options, cancellationToken).ConfigureAwait(false);
        return Identity(candidates, hello, TlsVersion.Tls13) ?? throw NoCommonScheme(candidates, hello, TlsVersion.Tls13);
    }

    /// <summary>In TLS 1.2 the suite depends on the key: an identity is taken for which there is both a scheme and a suite.</summary>
    public static async ValueTask<(TlsIdentity Identity, SignatureScheme Scheme, SuiteAlgorithm Suite)> Tls12IdentityAsync(ClientHello hello, TlsServerOptions options, CryptoProvider crypto, CancellationToken cancellationToken)
    {
        Suite(hello, options, crypto, TlsVersion.Tls12);
        var candidates = await CandidatesAsync(hello, options, cancellationToken).ConfigureAwait(false);
        TlsIdentity[] fitting = [.. candidates.Where(candidate => Fits(candidate, hello, options, crypto))];
        // RFC 8422 §5.3: "the public key in the server's certificate MUST respect the client's choice of elliptic curves."
        TlsIdentity[] respectful = [.. fitting.Where(candidate => RespectsCurves(candidate, hello))];
        if (fitting.Length > 0 && respectful.Length == 0)
            throw new TlsException(TlsError.NoCommonSignatureScheme, $"the client of TLS 1.2 knows {string.Join(", ", hello.Groups!)}; this server's key is on {string.Join(", ", fitting.Select(candidate => candidate.Curve).Distinct())} (RFC 8422 §5.3)");
        var (identity, scheme) = Identity(respectful.Length > 0 ? respectful : candidates, hello, TlsVersion.Tls12) ?? throw NoCommonScheme(candidates, hello, TlsVersion.Tls12);
        return (identity, scheme, Suite(hello, options, crypto, TlsVersion.Tls12, identity.Authentication));
    }

    private static bool RespectsCurves(TlsIdentity candidate, ClientHello hello) => candidate.Curve is not { } curve || hello.Groups?.Contains(curve) != false;

    private static bool Fits(TlsIdentity candidate, ClientHello hello, TlsServerOptions options, CryptoProvider crypto) =>
        options.CipherSuites.Any(suite => suite.Version == TlsVersion.Tls12 && hello.CipherSuites.Contains(suite)
            && crypto.TryGetSuite(suite, out var algorithm) && algorithm.Authentication == candidate.Authentication);

    private static async ValueTask<IReadOnlyList<TlsIdentity>> CandidatesAsync(ClientHello hello, TlsServerOptions options, CancellationToken cancellationToken)
    {
        var selected = await SelectAsync(hello, options, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<TlsIdentity> candidates = selected == null ? options.Identities : [selected];
        var isKnown = !options.RequireKnownServerName || (hello.ServerName is { } asked && candidates.Any(candidate => candidate.Matches(asked)));
        return candidates.Count > 0 && isKnown
            ? candidates
            : throw new TlsException(TlsError.NoIdentity, hello.ServerName is { } name ? $"the client asks for {name}" : "the client asks for no name");
    }

    private static TlsException NoCommonScheme(IReadOnlyList<TlsIdentity> candidates, ClientHello hello, TlsVersion version)
    {
        // RFC 5246 §7.4.1.4.1: a client that says nothing means SHA-1.
        var known = hello.SignatureSchemes is { } schemes ? string.Join(", ", schemes) : "SHA-1 only, since it names no signature algorithms";
        return new TlsException(TlsError.NoCommonSignatureScheme, $"the client can verify {known}; this server signs with {string.Join(", ", candidates.SelectMany(identity => identity.SchemesOf(version)).Distinct())}");
    }

    // An identity for the name asked for comes before others; one that the client can verify is a must.
    private static (TlsIdentity, SignatureScheme)? Identity(IReadOnlyList<TlsIdentity> candidates, ClientHello hello, TlsVersion version)
    {
        (TlsIdentity, SignatureScheme)? fallback = null;
        foreach (var candidate in candidates)
        {
            if (CertificateProof.SchemeFor(candidate, hello.SignatureSchemes ?? [], version) is not { } scheme)
                continue;
            if (hello.ServerName == null || candidate.Matches(hello.ServerName))
                return (candidate, scheme);
            fallback ??= (candidate, scheme);
        }
        return fallback;
    }

    /// <summary>The options for this client: those given, unless their selector gives others.</summary>
    /// <exception cref="TlsException">The selector failed, or gave options that cannot be used.</exception>
    public static async ValueTask<TlsServerOptions> OptionsAsync(ClientHello hello, TlsServerOptions options, CancellationToken cancellationToken)
    {
        if (options.OptionsSelector is not { } selector)
            return options;
        try
        {
            if (await selector(Info(hello), cancellationToken).ConfigureAwait(false) is not { } selected)
                return options;
            selected.DemandUsable();
            selected.Freeze();
            return selected;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new TlsException(TlsError.LocalFailure, "the options selector failed", exception);
        }
    }

    private static async ValueTask<TlsIdentity?> SelectAsync(ClientHello hello, TlsServerOptions options, CancellationToken cancellationToken)
    {
        if (options.IdentitySelector is not { } selector)
            return null;
        try
        {
            return await selector(Info(hello), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new TlsException(TlsError.LocalFailure, "the identity selector failed", exception);
        }
    }

    private static TlsClientHelloInfo Info(ClientHello hello) =>
        new(hello.ServerName, hello.ApplicationProtocols, hello.Versions ?? [new TlsVersion(hello.LegacyVersion)], hello.CipherSuites, hello.Groups ?? [], hello.SignatureSchemes ?? [], hello.CertificateAuthorities);
}

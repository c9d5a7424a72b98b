using LucidTls.Cryptography;
using LucidTls.Protocol;

namespace LucidTls.Handshake;

/// <summary>A server's decision for a key that both ends were given beforehand (RFC 8446 §4.2.11, RFC 9258).</summary>
internal sealed class ServerPsk : IDisposable
{
    /// <summary>How many of a client's identities the application is asked for, so that a hello cannot cost much.</summary>
    private const int MostIdentitiesTried = 8;

    private readonly ReadOnlyMemory<byte> _wireIdentity;
    private readonly TlsPreSharedKey _key;

    private ServerPsk(ReadOnlyMemory<byte> wireIdentity, TlsPreSharedKey key, SuiteAlgorithm suite)
    {
        _wireIdentity = wireIdentity;
        _key = key;
        Suite = suite;
        Secret = key.KeyFor(suite.Hash);
    }

    /// <summary>The best suite that has the key's hash.</summary>
    public SuiteAlgorithm Suite { get; }

    public Secret Secret { get; }

    public string Name => _key.ToString();

    /// <summary>Looks for the first key offered that the application knows and that there is a suite for. Its binder is still to be checked.</summary>
    public static async ValueTask<ServerPsk?> FindAsync(ClientHello hello, TlsServerOptions options, CryptoProvider crypto, CancellationToken cancellationToken)
    {
        // RFC 8446 §4.2.9: only with a fresh key exchange, psk_dhe_ke (1).
        if (options.PreSharedKeyResolver is not { } resolver || hello.PreSharedKeys is not { } offered || hello.PskModes?.Contains((byte)1) != true)
            return null;
        foreach (var (identity, _) in offered.Identities.Take(MostIdentitiesTried))
        {
            // What reads as an imported identity may also be the name of a key that is not.
            if (ImportedIdentity.TryParse(identity) is { } imported
                && await ResolveAsync(resolver, new TlsPreSharedKeyRequest(identity, imported, hello.ServerName), cancellationToken).ConfigureAwait(false) is { IsImported: true } key
                && key.WireIdentity(imported.Hash).Span.SequenceEqual(identity.Span)
                && SuiteFor(suite => suite.Hash == imported.Hash) is { } itsSuite)
                return new ServerPsk(identity, key, itsSuite);
            if (await ResolveAsync(resolver, new TlsPreSharedKeyRequest(identity, null, hello.ServerName), cancellationToken).ConfigureAwait(false) is { IsImported: false } external
                && external.Identity.Span.SequenceEqual(identity.Span)
                && SuiteFor(suite => external.Fits(suite.Hash)) is { } suite)
                return new ServerPsk(identity, external, suite);
        }
        return null;

        SuiteAlgorithm? SuiteFor(Predicate<SuiteAlgorithm> fits)
        {
            foreach (var id in options.CipherSuites)
            {
                if (id.Version == TlsVersion.Tls13 && hello.CipherSuites.Contains(id) && crypto.TryGetSuite(id, out var suite) && fits(suite))
                    return suite;
            }
            return null;
        }
    }

    /// <summary>Checks that the client holds the key.</summary>
    /// <returns>Which of the identities it is and the client that proved itself with it; null when the second hello does not offer it any more.</returns>
    /// <exception cref="TlsException">The binder does not match.</exception>
    public (ushort Index, VerifiedPeer Client)? Check(ClientHello hello, ReadOnlySpan<byte> helloBytes, ReadOnlySpan<byte> before)
    {
        if (hello.PreSharedKeys is not { } offered || hello.PskModes?.Contains((byte)1) != true)
            return null;
        for (var i = 0; i < offered.Identities.Count; i++)
        {
            if (!offered.Identities[i].Identity.Span.SequenceEqual(_wireIdentity.Span))
                continue;
            PskBinder.Demand(Suite, Secret, _key.Kind, before, helloBytes[..^offered.BindersLength], offered.Binders[i].Span);
            return ((ushort)i, VerifiedPeer.HoldsKey(_key));
        }
        return null;
    }

    public void Dispose() => Secret.Dispose();

    /// <exception cref="TlsException">The application failed.</exception>
    public static async ValueTask<TlsPreSharedKey?> ResolveAsync(Func<TlsPreSharedKeyRequest, CancellationToken, ValueTask<TlsPreSharedKey?>> resolver, TlsPreSharedKeyRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await resolver(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new TlsException(TlsError.LocalFailure, "the pre-shared key resolver failed", exception);
        }
    }
}

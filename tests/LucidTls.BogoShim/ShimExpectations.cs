using LucidTls.Handshake;
using LucidTls.Sessions;

namespace LucidTls.BogoShim;

/// <summary>Compares what was agreed on with what the test's flags expect.</summary>
internal sealed class ShimExpectations(ShimFlags flags, bool isResumption, ShimOptions options)
{
    /// <param name="peer">What the peer sent of itself.</param>
    /// <param name="session">What was agreed on.</param>
    /// <param name="final">The flags that hold once early data was refused; the connection's own otherwise.</param>
    /// <exception cref="ShimExpectationException">Something is not as expected.</exception>
    public void Check(VerifiedPeer peer, TlsSessionInfo session, ShimFlags final)
    {
        // A session does not keep what came with the certificate.
        if (!session.Resumed)
        {
            Bytes("-expect-ocsp-response", peer.Staple, final);
            Bytes("-expect-signed-cert-timestamps", peer.Timestamps, final);
        }
        Demand(session.Resumed == (isResumption && !final.Has("-expect-session-miss")), $"resumed is {session.Resumed}");
        Number("-expect-version", session.Version.Value, final);
        Number("-expect-curve-id", session.Group.Value, final);
        Number("-expect-cipher", session.CipherSuite.Value, final);
        Number("-expect-cipher-aes", session.CipherSuite.Value, final);
        Demand(!final.Has("-expect-extended-master-secret") || session.ExtendedMasterSecret, "no extended_master_secret");
        Demand(!final.Has("-expect-hrr") || session.HelloRetried, "no HelloRetryRequest");
        Demand(!final.Has("-expect-no-hrr") || !session.HelloRetried, "a HelloRetryRequest");
        CheckNames(session, final);
        CheckPeer(session, final);
        CheckEarlyData(session);
    }

    /// <summary>A server may have given several tickets. All but the newest are dropped, so that a session found after the connection came with it.</summary>
    public static void KeepOneSession(TlsClientOptions client)
    {
        if (SessionKey.Of(client) is not { } key || client.SessionCache is not { } cache || cache.Take(key) is not { } newest)
            return;
        while (cache.Take(key) is { } older)
            older.Dispose();
        cache.Store(key, newest);
    }

    /// <summary>What the client keeps for later.</summary>
    public static void CheckSessions(TlsClientOptions client, ShimFlags flags, TlsSessionInfo session)
    {
        if (SessionKey.Of(client) is not { } key || client.SessionCache is not { } cache || flags.Has("-shim-shuts-down"))
            return;
        if (cache.Take(key) is not { } kept)
        {
            Demand(flags.Has("-expect-no-session") || session.Version == TlsVersion.Tls12, "no session was kept");
            return;
        }
        Demand(!flags.Has("-expect-no-session"), "a session was kept");
        Demand(session.Version == TlsVersion.Tls12 || flags.Has("-expect-ticket-supports-early-data") == kept.MaxEarlyDataSize > 0, $"the ticket allows {kept.MaxEarlyDataSize} bytes of early data");
        cache.Store(key, kept);
    }

    private void CheckNames(TlsSessionInfo session, ShimFlags final)
    {
        var isServer = flags.Has("-server");
        if (isServer && flags.Text("-expect-server-name") is { } name)
            Demand(session.ServerName == name, $"the server name is {session.ServerName}");
        Demand(!flags.Has("-expect-no-server-name") || !isServer || session.ServerName == null, $"the server name is {session.ServerName}");
        var protocol = System.Text.Encoding.Latin1.GetString(session.ApplicationProtocol.Protocol.Span);
        var expected = final.Text("-expect-alpn") ?? (isServer && !flags.Has("-decline-alpn") ? flags.Text("-select-alpn") : null);
        Demand(protocol == (expected ?? ""), $"the application protocol is '{protocol}'");
        if (flags.Text("-expect-advertised-alpn") is { } advertised && options.ClientHello is { } hello)
        {
            var offered = string.Concat(hello.ApplicationProtocols.Select(one => (char)one.Protocol.Length + System.Text.Encoding.Latin1.GetString(one.Protocol.Span)));
            Demand(offered == advertised, $"the client offered '{offered}'");
        }
    }

    private void CheckPeer(TlsSessionInfo session, ShimFlags final)
    {
        var scheme = flags.Has("-server") ? session.ClientSignatureScheme : session.ServerSignatureScheme;
        // A session does not keep the scheme of a client's signature.
        if (!session.Resumed)
            Number("-expect-peer-signature-algorithm", scheme?.Value ?? 0, final);
        if (final.Has("-expect-no-peer-cert") || session.PreSharedKeyIdentity != null)
            Demand(session.PeerCertificates.Count == 0, "the peer sent a certificate");
        else
            Demand(session.PeerCertificates.Count > 0 || (flags.Has("-server") && !flags.Has("-require-any-client-certificate")), "the peer sent no certificate");
        if (final.Text("-expect-peer-cert-file") is { } path)
            Demand(ShimCredentials.ReadCertificates(path)[0].Span.SequenceEqual(session.PeerCertificates[0].Span), "the peer sent another certificate");
        if (flags.Number("-expect-selected-credential") is { } number)
        {
            var used = options.CredentialsOf(flags).NumberOf(session);
            Demand(used == number, $"credential {used} was used");
        }
    }

    private void CheckEarlyData(TlsSessionInfo session)
    {
        if (!isResumption)
            return;
        Demand(!flags.Has("-expect-accept-early-data") || session.EarlyData == TlsEarlyDataStatus.Accepted, $"early data was {session.EarlyData}");
        Demand(!flags.Has("-expect-reject-early-data") || session.EarlyData != TlsEarlyDataStatus.Accepted, $"early data was {session.EarlyData}");
        Demand(!flags.Has("-expect-no-offer-early-data") || session.EarlyData == TlsEarlyDataStatus.NotOffered, $"early data was {session.EarlyData}");
    }

    private static void Bytes(string name, ReadOnlyMemory<byte> actual, ShimFlags flags) =>
        Demand(flags.Text(name) is not { } expected || actual.Span.SequenceEqual(Convert.FromBase64String(expected)), $"{name}: {Convert.ToHexString(actual.Span)}");

    private static void Number(string name, int actual, ShimFlags flags) => Demand(flags.Number(name) is not { } expected || expected == actual, $"{name}: 0x{actual:X4}");

    private static void Demand(bool isMet, string otherwise)
    {
        if (!isMet)
            throw new ShimExpectationException($"expected otherwise: {otherwise}");
    }
}

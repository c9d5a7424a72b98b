using LucidTls.Certificates;
using LucidTls.Certificates.Parsing;
using LucidTls.Certificates.Revocation;
using LucidTls.Certificates.Transparency;
using LucidTls.Protocol;
using LucidTls.Records;
using LucidTls.Sessions;
using LucidTls.TestSupport;

namespace LucidTls.Fuzz;

/// <summary>What is fuzzed. A target may throw a <see cref="TlsException"/> and nothing else, and must end soon.</summary>
internal static class Targets
{
    public static IReadOnlyDictionary<string, Action<byte[]>> All { get; } = new Dictionary<string, Action<byte[]>>
    {
        ["proxy-header"] = ProxyHeaders.Run,
        ["client-hello"] = data => RoundTrip(ClientHello.Parse(data), data),
        ["server-hello"] = data => ServerHello.Parse(data),
        ["encrypted-extensions"] = data => RoundTrip(EncryptedExtensions.Parse(data), data),
        ["certificate-request"] = data => RoundTrip(CertificateRequest.Parse(data), data),
        ["certificate-message"] = data => RoundTrip(CertificateMessage.Parse(data), data),
        ["certificate-verify"] = data => RoundTrip(CertificateVerify.Parse(data), data),
        ["new-session-ticket"] = data => RoundTrip(NewSessionTicket.Parse(data), data),
        ["key-update"] = data => RoundTrip(KeyUpdate.Parse(data), data),
        ["finished"] = data => RoundTrip(Finished.Parse(data, hashLength: 32), data),
        ["tls12-certificate"] = data => RoundTrip(Tls12Certificate.Parse(data), data),
        ["tls12-certificate-status"] = data => RoundTrip(CertificateStatusMessage.Parse(data), data),
        ["tls12-server-key-exchange"] = data => RoundTrip(ServerKeyExchange.Parse(data), data),
        ["tls12-certificate-request"] = data => RoundTrip(Tls12CertificateRequest.Parse(data), data),
        ["tls12-client-key-exchange"] = data => RoundTrip(ClientKeyExchange.Parse(data), data),
        ["tls12-new-session-ticket"] = data => RoundTrip(Tls12NewSessionTicket.Parse(data), data),
        ["extensions"] = ExtensionsOf,
        ["pre-shared-keys"] = PreSharedKeys,
        ["imported-identity"] = ImportedIdentityOf,
        ["ticket-state"] = data => ServerSession.TryParse(data)?.PreSharedKey.Dispose(),
        ["records"] = Records,
        ["first-bytes"] = FirstBytesOf,
        ["start-tls"] = StartTlsDialogue.Run,
        ["certificate"] = CertificateChain,
        ["certificate-timestamps"] = Timestamps,
        ["log-list"] = LogList,
        ["identity"] = Identity,
        ["revocation-list"] = ListTargets.Changed,
        ["signed-revocation-list"] = ListTargets.Signed,
        ["ocsp-response"] = Response,
        ["client"] = Handshake.AgainstClient,
        ["server"] = Handshake.AgainstServer,
        ["early-data"] = EarlyData.ToServer,
        ["messages-to-client"] = Peer.MessageToClient(TlsVersion.Tls13),
        ["messages-to-server"] = Peer.MessageToServer(TlsVersion.Tls13),
        ["records-to-client"] = Peer.RecordsToClient(TlsVersion.Tls13),
        ["records-to-server"] = Peer.RecordsToServer(TlsVersion.Tls13),
        ["tls12-messages-to-client"] = Peer.MessageToClient(TlsVersion.Tls12),
        ["tls12-messages-to-server"] = Peer.MessageToServer(TlsVersion.Tls12),
        ["tls12-records-to-client"] = Peer.RecordsToClient(TlsVersion.Tls12),
        ["tls12-records-to-server"] = Peer.RecordsToServer(TlsVersion.Tls12),
    };

    // What is accepted must be written back to the byte: a parser that skips or normalises something shows here.
    private static void RoundTrip(IHandshakeBody message, byte[] data)
    {
        using var writer = new TlsWriter();
        message.Write(writer);
        if (writer.Written.SequenceEqual(data))
            return;
        // A ClientHello of TLS 1.2 may lack the list of extensions; written back, it has an empty one.
        if (message is ClientHello { Extensions.Items.Count: 0 } && writer.Written[..^2].SequenceEqual(data))
            return;
        throw new InvalidOperationException($"{message.Type} is not written as it was read.");
    }

    private static void ImportedIdentityOf(byte[] data)
    {
        if (ImportedIdentity.TryParse(data) is { } identity && !identity.Build().AsSpan().SequenceEqual(data))
            throw new InvalidOperationException("The imported identity is not written as it was read.");
    }

    // The first byte picks the message that the extensions stand in.
    private static void ExtensionsOf(byte[] data)
    {
        if (data.Length == 0)
            return;
        var reader = new TlsReader(data.AsMemory(1), "extensions");
        var block = ExtensionBlock.Parse(ref reader, (ExtensionPlace)(1 << data[0] % 8));
        reader.End();
        using var writer = new TlsWriter();
        block.Write(writer);
        if (!writer.Written.SequenceEqual(data.AsSpan(1)))
            throw new InvalidOperationException("The extensions are not written as they were read.");
    }

    private static void PreSharedKeys(byte[] data)
    {
        var offered = OfferedPsks.Parse(data);
        if (!offered.Build().AsSpan().SequenceEqual(data) || offered.BindersLength >= data.Length)
            throw new InvalidOperationException("The pre-shared keys are not written as they were read.");
    }

    private static void Records(byte[] data)
    {
        using var reader = new RecordReader { IsServer = true, AllowsChangeCipherSpec = true };
        using var assembler = new HandshakeAssembler();
        var rest = data.AsSpan();
        while (true)
        {
            while (reader.TryRead(out var record))
            {
                if (record.Type == ContentType.Handshake)
                    assembler.Add(record.Content.Span);
                while (assembler.TryTake(out _))
                {
                }
            }
            if (rest.IsEmpty)
                return;
            var space = reader.GetSpace().Span;
            var piece = rest[..Math.Min(Math.Min(rest.Length, space.Length), 700)];
            piece.CopyTo(space);
            reader.Added(piece.Length);
            rest = rest[piece.Length..];
        }
    }

    private static void FirstBytesOf(byte[] data)
    {
        if (data.Length < 2)
            return;
        FirstBytes.AreTls(data.AsSpan(1), isServer: data[0] % 2 == 0);
    }

    // The first byte picks where the list stands. None of the seeds is for this certificate, so nothing may count.
    private static void Timestamps(byte[] data)
    {
        if (data.Length == 0)
            return;
        var (leaf, issuer) = (Certificate.TryParse(Seeds.Leaf)!, Certificate.TryParse(Seeds.Intermediate)!);
        var judge = new TransparencyJudge(Seeds.LogList, CtPolicy.Browsers, DateTimeOffset.UtcNow);
        ReadOnlyMemory<byte> list = data.AsMemory(1);
        if (judge.Judge(leaf, issuer, data[0] % 2 == 0 ? list : default, data[0] % 2 == 1 ? list : default) == null || judge.Timestamps.Any(timestamp => timestamp.Problem == null))
            throw new InvalidOperationException("A timestamp that no log made counts.");
        foreach (var timestamp in judge.Timestamps)
            _ = timestamp.ToString();
    }

    private static void LogList(byte[] data)
    {
        try
        {
            CtLogList.FromJson(data);
        }
        catch (FormatException)
        {
            // The one answer to a list that is malformed.
        }
    }

    // PEM, DER, PKCS#7 and PKCS#12, told by the content.
    private static void Identity(byte[] data)
    {
        try
        {
            var parts = new IdentityParts();
            parts.Add(data, "file", "password");
            parts.Take().Key.Dispose();
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException { ParamName: null })
        {
            // What is wrong is said so.
        }
    }

    // A response whose signed part was changed tells no status, whatever it says; what is around it may differ.
    private static void Response(byte[] data)
    {
        var isKnown = OcspResponse.TryParse(data) is { } response && RevocationSeeds.Responses.Any(seed => OcspResponse.TryParse(seed)!.Signed.Span.SequenceEqual(response.Signed.Span));
        if (Statuses(new RevocationOptions { Stapled = RevocationMode.HardFail }, data).Any(status => status.Kind != CertificateStatusKind.Unknown) && !isKnown)
            throw new InvalidOperationException("A changed OCSP response was believed.");
    }

    public static IReadOnlyList<CertificateStatus> Statuses(RevocationOptions options, byte[]? staple)
    {
        var verifier = new CertificateVerifier(new CertificateVerifierOptions { TrustStore = TrustStore.FromCertificates([RevocationSeeds.Authority.Der]), Revocation = options });
        var verdict = verifier.VerifyAsync(new CertificateVerificationRequest { Chain = [RevocationSeeds.Leaf], Staples = staple == null ? null : [staple], Time = TestAuthority.Now }).AsTask().GetAwaiter().GetResult();
        return verdict.Paths[0].Statuses;
    }

    private static void CertificateChain(byte[] data)
    {
        if (Certificate.TryParse(data) is not { } certificate)
            return;
        _ = certificate.ToString();
        var verifier = CertificateVerifier.FromRoots([Seeds.Root]);
        var verdict = verifier.VerifyAsync([data, Seeds.Intermediate], "localhost", CertificatePurpose.Server).AsTask().GetAwaiter().GetResult();
        if (verdict.IsAccepted && !data.AsSpan().SequenceEqual(Seeds.Leaf))
            throw new InvalidOperationException("A changed certificate was accepted.");
    }
}

using LucidTls.Certificates;
using LucidTls.Protocol;
using LucidTls.Records;

namespace LucidTls.Fuzz;

/// <summary>What is fuzzed. A target may throw a <see cref="TlsException"/> and nothing else, and must end soon.</summary>
internal static class Targets
{
    public static IReadOnlyDictionary<string, Action<byte[]>> All { get; } = new Dictionary<string, Action<byte[]>>
    {
        ["client-hello"] = data => RoundTrip(ClientHello.Parse(data), data),
        ["server-hello"] = data => ServerHello.Parse(data),
        ["encrypted-extensions"] = data => RoundTrip(EncryptedExtensions.Parse(data), data),
        ["certificate-request"] = data => RoundTrip(CertificateRequest.Parse(data), data),
        ["certificate-message"] = data => RoundTrip(CertificateMessage.Parse(data), data),
        ["certificate-verify"] = data => RoundTrip(CertificateVerify.Parse(data), data),
        ["new-session-ticket"] = data => RoundTrip(NewSessionTicket.Parse(data), data),
        ["key-update"] = data => RoundTrip(KeyUpdate.Parse(data), data),
        ["records"] = Records,
        ["first-bytes"] = FirstBytesOf,
        ["certificate"] = CertificateChain,
        ["client"] = data => Handshake.AgainstClient(data),
        ["server"] = data => Handshake.AgainstServer(data),
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

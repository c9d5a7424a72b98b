using System.Security.Cryptography;
using LucidTls.Certificates;
using LucidTls.Cryptography;
using LucidTls.Protocol;
using LucidTls.Records;

namespace LucidTls.Handshake;

/// <summary>
/// The server's side of authentication after the handshake (RFC 8446 §4.6.2). Whoever writes asks; whoever reads finds the answers, in any order; whoever asked judges.
/// </summary>
/// <param name="suite">The suite agreed on.</param>
/// <param name="handshake">The messages up to the client's Finished.</param>
/// <param name="options">What is accepted.</param>
/// <param name="hooks">For tests.</param>
internal sealed class PostHandshakeServer(SuiteAlgorithm suite, ReadOnlyMemory<byte> handshake, TlsServerOptions options, HandshakeHooks hooks) : IDisposable
{
    private const int ContextLength = 16;

    private readonly Lock _lock = new();
    private readonly List<PostHandshakeQuestion> _open = [];
    private readonly byte[] _hash = new byte[64];
    private PostHandshakeQuestion? _answering;

    /// <summary>Whether the client is in the midst of an answer, whose messages must follow each other (RFC 8446 §4.6.2).</summary>
    public bool IsAnswering => _answering != null;

    /// <summary>Seals a request.</summary>
    /// <exception cref="InvalidOperationException">Too many have no answer yet.</exception>
    public PostHandshakeQuestion Ask(RecordWriter writer)
    {
        // RFC 8446 §4.3.2: unpredictable, so that nobody who has the client's key for a moment signs for later.
        var request = CertificateProof.Request(options, hooks.ClientVerifier(options), RandomNumberGenerator.GetBytes(ContextLength));
        using var messages = new TlsWriter();
        lock (_lock)
        {
            if (_open.Count == RecordLimits.MostOpenCertificateRequests)
                throw new InvalidOperationException($"The client has not answered {_open.Count} requests yet.");
            var question = new PostHandshakeQuestion(request, Transcript.Of(suite, handshake.Span), options, hooks);
            question.Transcript.Add(messages.WriteMessage(request));
            _open.Add(question);
            writer.Append(ContentType.Handshake, messages.Written);
            return question;
        }
    }

    /// <returns>False when the message is no part of an answer.</returns>
    /// <exception cref="TlsException">The client breaks a rule, or its Finished is wrong.</exception>
    public bool TryAccept(HandshakeMessage message, Secret clientTraffic)
    {
        if (_answering == null)
        {
            if (message.Type != HandshakeType.Certificate)
                return false;
            _answering = Begin(message);
        }
        else if (_answering.AwaitsProof)
        {
            message.Demand(HandshakeType.CertificateVerify);
            _answering.Prove(CertificateVerify.Parse(message.Body), _hash);
        }
        else
        {
            message.Demand(HandshakeType.Finished);
            _answering.Finish(VerifiedFinished.Check(suite, clientTraffic, _answering.Transcript.Current(_hash), message.Body));
            _answering = null;
            return true;
        }
        _answering.Transcript.Add(message.Bytes.Span);
        return true;
    }

    /// <summary>No answer comes any more.</summary>
    public void Fail(TlsException reason)
    {
        lock (_lock)
        {
            foreach (var question in _open)
                question.Fail(reason);
            _answering?.Fail(reason);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var question in _open)
                question.Transcript.Dispose();
            _answering?.Transcript.Dispose();
        }
    }

    private PostHandshakeQuestion Begin(HandshakeMessage message)
    {
        var certificate = CertificateMessage.Parse(message.Body);
        var question = Take(certificate.Context);
        foreach (var entry in certificate.Entries)
            entry.Extensions.DemandAllOffered(question.Request.Extensions);
        question.Certificate = certificate;
        return question;
    }

    private PostHandshakeQuestion Take(ReadOnlyMemory<byte> context)
    {
        lock (_lock)
        {
            if (_open.Count == 0)
                throw new TlsException(TlsError.UnexpectedMessage, "a Certificate that was not asked for");
            var index = _open.FindIndex(question => question.Request.Context.Span.SequenceEqual(context.Span));
            if (index < 0)
                throw new TlsException(TlsError.IllegalValue, "a certificate context that was not in a request");
            var found = _open[index];
            _open.RemoveAt(index);
            return found;
        }
    }
}

/// <summary>One request to a client, and what came of it.</summary>
internal sealed class PostHandshakeQuestion(CertificateRequest request, Transcript transcript, TlsServerOptions options, HandshakeHooks hooks)
{
    private readonly TaskCompletionSource<VerifiedFinished> _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CertificateVerify? _proof;
    private byte[] _signed = [];

    public CertificateRequest Request { get; } = request;

    /// <summary>From the ClientHello to what has come of the answer (RFC 8446 §4.4.1).</summary>
    public Transcript Transcript { get; } = transcript;

    /// <summary>What the client shows; null as long as it shows nothing.</summary>
    public CertificateMessage? Certificate { get; set; }

    public bool AwaitsProof => Certificate is { Entries.Count: > 0 } && _proof == null;

    /// <summary>Completes when the client's Finished has come and is right; the certificate is not judged yet.</summary>
    public Task<VerifiedFinished> Answered => _answered.Task;

    public void Prove(CertificateVerify proof, Span<byte> hash)
    {
        _proof = proof;
        _signed = CertificateProof.SignedContent(byServer: false, Transcript.Current(hash));
    }

    public void Finish(VerifiedFinished finished)
    {
        Transcript.Dispose();
        _answered.TrySetResult(finished);
    }

    public void Fail(TlsException reason)
    {
        _answered.TrySetException(reason);
        // Whoever asked may have given up.
        _ = _answered.Task.Exception;
    }

    /// <summary>Who the client proved to be; null when it declined.</summary>
    /// <exception cref="TlsException">The certificate is refused, or its proof is wrong.</exception>
    public async ValueTask<VerifiedPeer?> JudgeAsync(VerifiedFinished finished, CancellationToken cancellationToken)
    {
        _ = finished;
        if (Certificate is not { Entries.Count: > 0 } || _proof == null)
            return null;
        var judged = await JudgedChain.JudgeAsync(Certificate, hooks.ClientVerifier(options), name: null, CertificatePurpose.Client, Request.Extensions, cancellationToken).ConfigureAwait(false);
        return VerifiedPeer.Check(judged, _proof, options.SignatureSchemes, _signed, TlsVersion.Tls13);
    }
}

using LucidTls.Cryptography;
using LucidTls.Protocol;
using LucidTls.Records;

namespace LucidTls.Handshake;

/// <summary>The client's side of authentication after the handshake (RFC 8446 §4.6.2): takes the server's requests, each of which is answered by itself.</summary>
/// <param name="suite">The suite agreed on.</param>
/// <param name="handshake">The messages up to the client's Finished.</param>
/// <param name="options">What the client shows.</param>
/// <param name="hooks">For tests.</param>
internal sealed class PostHandshakeClient(SuiteAlgorithm suite, ReadOnlyMemory<byte> handshake, TlsClientOptions options, HandshakeHooks hooks) : IDisposable
{
    private readonly List<ReadOnlyMemory<byte>> _contexts = [];
    private readonly Queue<PostHandshakeAnswer> _unanswered = [];

    /// <exception cref="TlsException">The request breaks a rule, or is one too many.</exception>
    public void Accept(HandshakeMessage message)
    {
        var request = CertificateRequest.Parse(message.Body);
        // RFC 8446 §4.3.2: not empty after the handshake, and "unique within the scope of this connection", or an old answer could be shown again.
        if (request.Context.IsEmpty)
            throw new TlsException(TlsError.IllegalValue, "a request for a certificate after the handshake, without a context");
        if (_contexts.Exists(context => context.Span.SequenceEqual(request.Context.Span)))
            throw new TlsException(TlsError.IllegalValue, "two requests for a certificate with the same context");
        if (_contexts.Count == RecordLimits.MostCertificateRequests)
            throw new TlsException(TlsError.TooManyEmptyMessages, $"more than {RecordLimits.MostCertificateRequests} requests for a certificate");
        _contexts.Add(request.Context);
        var transcript = Transcript.Of(suite, handshake.Span);
        transcript.Add(message.Bytes.Span);
        _unanswered.Enqueue(new PostHandshakeAnswer(suite, transcript, request, options, hooks));
    }

    /// <summary>The answer that is due next, and the caller's to dispose; null when none is.</summary>
    public PostHandshakeAnswer? Take() => _unanswered.TryDequeue(out var answer) ? answer : null;

    public void Dispose()
    {
        while (Take() is { } answer)
            answer.Dispose();
    }
}

/// <summary>A client's answer to one request: Certificate, CertificateVerify if there is something to prove, Finished (RFC 8446 §4.4).</summary>
internal sealed class PostHandshakeAnswer(SuiteAlgorithm suite, Transcript transcript, CertificateRequest request, TlsClientOptions options, HandshakeHooks hooks) : IDisposable
{
    private readonly TlsWriter _messages = new();
    private readonly byte[] _hash = new byte[64];

    /// <summary>Whom the client shows itself as; null when it declines.</summary>
    public TlsIdentity? Identity { get; private set; }

    public SignatureScheme? Scheme { get; private set; }

    /// <summary>Chooses the identity and signs, which may take as long as a person does.</summary>
    /// <exception cref="TlsException">The selector or the key failed.</exception>
    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        (Identity, Scheme) = await ClientChoice.ProofAsync(options, request, isAfterHandshake: true, cancellationToken).ConfigureAwait(false);
        Add(CertificateProof.Message(Identity, request.Context, request.Extensions));
        if (Identity == null || Scheme is not { } scheme)
            return;
        var content = CertificateProof.SignedContent(byServer: false, transcript.Current(_hash));
        Add(await CertificateProof.SignAsync(Identity, scheme, content, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>The prepared answer with its Finished, which the keys make that protect it.</summary>
    public ReadOnlySpan<byte> Finish(Secret clientTraffic)
    {
        Add(FinishedProof.Make(suite, clientTraffic, transcript.Current(_hash)));
        return _messages.Written;
    }

    public void Dispose()
    {
        transcript.Dispose();
        _messages.Dispose();
    }

    private void Add(IHandshakeBody message) => transcript.Add(_messages.WriteMessage(hooks.BeforeSend(message)));
}

using LucidTls.Protocol;
using LucidTls.Records;

namespace LucidTls.Handshake;

/// <summary>
/// How much content records may carry, by what both ends said in record_size_limit (RFC 8449) or a client in max_fragment_length
/// (RFC 6066 §4); and what a server answers to that.
/// </summary>
/// <param name="Sent">Bytes of content in a protected record of ours.</param>
/// <param name="SentInTheClear">Bytes of content in one without protection.</param>
/// <param name="Received">Bytes of content in a protected record of the peer's.</param>
/// <param name="Answer">The extension to answer with, if any.</param>
/// <param name="AnswerData">What it says.</param>
internal readonly record struct RecordSizes(int Sent, int SentInTheClear, int Received, ExtensionType? Answer, ReadOnlyMemory<byte> AnswerData)
{
    /// <summary>The smallest limit that may be named (RFC 8449 §4).</summary>
    public const int SmallestLimit = 64;

    private static readonly RecordSizes Full = new(RecordLimits.MaxPlaintext, RecordLimits.MaxPlaintext, RecordLimits.MaxPlaintext, null, default);

    /// <summary>What a server agrees to. A client that names a limit hears ours, so that it knows that its own is kept.</summary>
    public static RecordSizes OfServer(ClientHello hello, TlsServerOptions options, TlsVersion version)
    {
        if (hello.RecordSizeLimit is { } asked)
        {
            var own = Advertised(options, version);
            return new(ContentOf(asked, version), RecordLimits.MaxPlaintext, ContentOf(own, version), ExtensionType.RecordSizeLimit, Extensions.BuildRecordSizeLimit(own));
        }
        // RFC 8449 §5: it counts only without the other.
        return hello.MaxFragmentLength is { } length
            ? new(length, length, length, ExtensionType.MaxFragmentLength, hello.Extensions.TryGet(ExtensionType.MaxFragmentLength, out var data) ? data : default)
            : Full;
    }

    /// <summary>What a client may send and has to expect after the server's answer.</summary>
    public static RecordSizes OfClient(ExtensionBlock answer, TlsClientOptions options, TlsVersion version)
    {
        if (!answer.TryGet(ExtensionType.RecordSizeLimit, out var data))
            return Full;
        var limit = Extensions.ParseRecordSizeLimit(data);
        // RFC 8449 §4: "A client MAY abort the handshake with an 'illegal_parameter' alert".
        if (limit > Most(version))
            throw new TlsException(TlsError.IllegalValue, $"a record_size_limit of {limit}");
        return Full with { Sent = ContentOf(limit, version), Received = ContentOf(Advertised(options, version), version) };
    }

    /// <summary>The limit that this end names.</summary>
    public static ushort Advertised(TlsOptions options, TlsVersion version) => (ushort)Math.Min(options.RecordSizeLimit ?? int.MaxValue, Most(version));

    /// <summary>From here on records are held to these sizes.</summary>
    public void ApplyTo(HandshakeChannel channel)
    {
        ApplyToSent(channel);
        channel.MostContentReceived = Received;
    }

    /// <summary>The same for what is sent alone: early data are not held to a limit that the client did not know.</summary>
    public void ApplyToSent(HandshakeChannel channel) => channel.LimitContentSent(Sent, SentInTheClear);

    private static int Most(TlsVersion version) => version == TlsVersion.Tls13 ? RecordLimits.MaxPlaintext + 1 : RecordLimits.MaxPlaintext;

    // RFC 8449 §4: in TLS 1.3 the content type counts.
    private static int ContentOf(int limit, TlsVersion version) => Math.Min(limit, Most(version)) - (version == TlsVersion.Tls13 ? 1 : 0);
}

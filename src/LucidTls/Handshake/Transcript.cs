using System.Security.Cryptography;
using LucidTls.Cryptography;
using LucidTls.Protocol;

namespace LucidTls.Handshake;

/// <summary>The hash over all handshake messages as they were on the wire (RFC 8446 §4.4.1, RFC 5246 §7.4.9). Until the suite is known, the messages are kept.</summary>
internal sealed class Transcript : IDisposable
{
    private readonly List<byte[]> _beforeSuite = [];
    private IncrementalHash? _hash;
    private TlsWriter? _messages;

    public int HashLength { get; private set; }

    public void Add(ReadOnlySpan<byte> message)
    {
        if (_hash == null)
            _beforeSuite.Add(message.ToArray());
        else
            _hash.AppendData(message);
        _messages?.WriteBytes(message);
    }

    /// <summary>The messages so far: TLS 1.2 signs them as they are (RFC 5246 §7.4.8), and authentication after a TLS 1.3 handshake begins with them (RFC 8446 §4.4.1).</summary>
    public byte[] Messages => (_messages ?? throw new InvalidOperationException("The messages were not kept.")).ToArray();

    /// <param name="suite">The suite agreed on.</param>
    /// <param name="keepMessages">Whether <see cref="Messages"/> will be asked for.</param>
    public void Start(SuiteAlgorithm suite, bool keepMessages = false)
    {
        _hash = IncrementalHash.CreateHash(suite.Hash);
        HashLength = suite.HashLength;
        if (keepMessages)
            _messages = new TlsWriter();
        foreach (var message in _beforeSuite)
            Add(message);
        _beforeSuite.Clear();
    }

    /// <summary>RFC 8446 §4.4.1: after HelloRetryRequest the first ClientHello stands as its hash in a message_hash message.</summary>
    /// <returns>The message_hash message.</returns>
    public byte[] ReplaceWithMessageHash()
    {
        var message = new byte[4 + HashLength];
        message[0] = HandshakeType.MessageHash.Value;
        message[3] = (byte)HashLength;
        Hash.GetHashAndReset(message.AsSpan(4));
        Hash.AppendData(message);
        _messages?.Clear();
        _messages?.WriteBytes(message);
        return message;
    }

    /// <summary>The hash so far; <paramref name="destination"/> has at least <see cref="HashLength"/> bytes and what is returned is cut to them.</summary>
    public ReadOnlySpan<byte> Current(Span<byte> destination)
    {
        Hash.GetCurrentHash(destination);
        return destination[..HashLength];
    }

    /// <summary>A transcript that begins with those messages.</summary>
    public static Transcript Of(SuiteAlgorithm suite, ReadOnlySpan<byte> messages)
    {
        var transcript = new Transcript();
        transcript.Start(suite);
        transcript.Add(messages);
        return transcript;
    }

    /// <summary>Nobody will ask for <see cref="Messages"/> any more.</summary>
    public void DropMessages()
    {
        _messages?.Dispose();
        _messages = null;
    }

    public void Dispose()
    {
        DropMessages();
        _hash?.Dispose();
    }

    private IncrementalHash Hash => _hash ?? throw new InvalidOperationException("The suite is not known yet.");
}

using LucidTls.Protocol;

namespace LucidTls.Tests.Handshake.Scripting;

/// <summary>Where a peer departs from the protocol. It keeps to everything else, and its transcript holds what it really sent.</summary>
internal sealed class Script
{
    /// <summary>Another message in place of one.</summary>
    public Func<IHandshakeBody, IHandshakeBody> Change { get; init; } = message => message;

    /// <summary>Other bytes in place of an encoded message with its header: none, one message or several.</summary>
    public Func<HandshakeType, byte[], byte[]> Encode { get; init; } = (_, message) => message;

    /// <summary>How a message is put into records.</summary>
    public Action<ScriptedChannel, HandshakeType, byte[]> Frame { get; init; } = (channel, _, message) => channel.Write(ContentType.Handshake, message);

    /// <summary>How change_cipher_spec is sent.</summary>
    public Action<ScriptedChannel> ChangeCipherSpec { get; init; } = channel => channel.WritePlain(ContentType.ChangeCipherSpec, [1]);

    /// <summary>What is sent in front of everything.</summary>
    public Action<ScriptedChannel>? AtFirst { get; init; }

    /// <summary>What is sent once the handshake is done.</summary>
    public Action<ScriptedChannel>? Afterwards { get; init; }

    /// <summary>Goes on without protection, or under the last keys, where new ones are due.</summary>
    public TlsProtection? KeepsOldKeysInPlaceOf { get; init; }

    /// <summary>Changes the nth message of a type (counted from 0), or all of them.</summary>
    public static Script Changing<T>(Func<T, IHandshakeBody> change, int? nth = null) where T : IHandshakeBody
    {
        var count = 0;
        return new Script { Change = message => message is T one && (nth == null || count++ == nth) ? change(one) : message };
    }

    /// <summary>Sends other bytes in place of a message; none to leave it out.</summary>
    public static Script Sending(HandshakeType inPlaceOf, params byte[] bytes) => new() { Encode = (type, message) => type == inPlaceOf ? bytes : message };

    /// <summary>Changes an encoded message, header included.</summary>
    public static Script Encoding(HandshakeType changed, Func<byte[], byte[]> change) => new() { Encode = (type, message) => type == changed ? change(message) : message };

    /// <summary>Puts a message into records in a way of its own.</summary>
    public static Script Framing(HandshakeType framed, Action<ScriptedChannel, byte[]> frame) => new()
    {
        Frame = (channel, type, message) =>
        {
            if (type == framed)
                frame(channel, message);
            else
                channel.Write(ContentType.Handshake, message);
        },
    };

    /// <summary>Sends something once the handshake is done.</summary>
    public static Script After(Action<ScriptedChannel> send) => new() { Afterwards = send };

    /// <summary>Leaves some messages out.</summary>
    public static Script Omitting(params HandshakeType[] omitted) => new() { Encode = (type, message) => omitted.Contains(type) ? [] : message };
}

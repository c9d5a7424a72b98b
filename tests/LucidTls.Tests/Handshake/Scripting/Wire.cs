using LucidTls.Protocol;

namespace LucidTls.Tests.Handshake.Scripting;

/// <summary>Messages as bytes, and messages that are slightly different.</summary>
internal static class Wire
{
    /// <summary>The message with its header.</summary>
    public static byte[] Encode(IHandshakeBody message)
    {
        var body = Body(message);
        return Message(message.Type, body);
    }

    public static byte[] Body(IHandshakeBody message)
    {
        using var writer = new TlsWriter();
        message.Write(writer);
        return writer.ToArray();
    }

    public static byte[] Message(HandshakeType type, params byte[] body) => [type.Value, (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, .. body];

    public static ClientHello With(this ClientHello hello, ushort? version = null, byte[]? random = null, byte[]? sessionId = null, IReadOnlyList<CipherSuite>? suites = null, byte[]? compression = null, Func<ExtensionBlock, ExtensionBlock>? extensions = null) => new()
    {
        LegacyVersion = version ?? hello.LegacyVersion,
        Random = random ?? hello.Random,
        SessionId = sessionId ?? hello.SessionId,
        CipherSuites = suites ?? hello.CipherSuites,
        CompressionMethods = compression ?? hello.CompressionMethods,
        Extensions = extensions?.Invoke(hello.Extensions) ?? hello.Extensions,
    };

    public static ServerHello With(this ServerHello hello, ushort? version = null, byte[]? random = null, byte[]? sessionId = null, CipherSuite? suite = null, byte? compression = null, Func<ExtensionBlock, ExtensionBlock>? extensions = null) => new()
    {
        LegacyVersion = version ?? hello.LegacyVersion,
        Random = random ?? hello.Random,
        SessionId = sessionId ?? hello.SessionId,
        CipherSuite = suite ?? hello.CipherSuite,
        CompressionMethod = compression ?? hello.CompressionMethod,
        Extensions = extensions?.Invoke(hello.Extensions) ?? hello.Extensions,
    };

    /// <summary>With an extension in place of the one of its type, or at the end.</summary>
    public static ExtensionBlock With(this ExtensionBlock block, ExtensionType type, params byte[] data)
    {
        var copy = block.Copy();
        copy.Set(type, data);
        return copy;
    }

    /// <summary>With an extension more, whether or not there is one of its type.</summary>
    public static ExtensionBlock Plus(this ExtensionBlock block, ExtensionType type, params byte[] data)
    {
        var copy = block.Copy();
        copy.Add(type, data);
        return copy;
    }

    public static ExtensionBlock Without(this ExtensionBlock block, ExtensionType type) => block.Copy(extension => extension.Type != type);

    public static ExtensionBlock Block(params (ExtensionType Type, byte[] Data)[] extensions)
    {
        var block = new ExtensionBlock();
        foreach (var (type, data) in extensions)
            block.Add(type, data);
        return block;
    }

    private static ExtensionBlock Copy(this ExtensionBlock block, Func<Extension, bool>? which = null)
    {
        var copy = new ExtensionBlock();
        foreach (var extension in block.Items)
        {
            if (which == null || which(extension))
                copy.Add(extension.Type, extension.Data);
        }
        return copy;
    }
}

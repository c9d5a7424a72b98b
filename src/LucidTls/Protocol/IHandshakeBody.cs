namespace LucidTls.Protocol;

/// <summary>A handshake message that can be sent.</summary>
internal interface IHandshakeBody
{
    HandshakeType Type { get; }

    /// <summary>Writes the body, without the four bytes of header.</summary>
    void Write(TlsWriter writer);
}

namespace LucidTls.Protocol;

/// <summary>The type of a handshake message (RFC 8446 §4, RFC 5246 §7.4); unknown values are legal until somebody expects a known one.</summary>
internal readonly record struct HandshakeType(byte Value)
{
    public static readonly HandshakeType HelloRequest = new(0);
    public static readonly HandshakeType ClientHello = new(1);
    public static readonly HandshakeType ServerHello = new(2);
    public static readonly HandshakeType NewSessionTicket = new(4);
    public static readonly HandshakeType EndOfEarlyData = new(5);
    public static readonly HandshakeType EncryptedExtensions = new(8);
    public static readonly HandshakeType Certificate = new(11);
    public static readonly HandshakeType ServerKeyExchange = new(12);
    public static readonly HandshakeType CertificateRequest = new(13);
    public static readonly HandshakeType ServerHelloDone = new(14);
    public static readonly HandshakeType CertificateVerify = new(15);
    public static readonly HandshakeType ClientKeyExchange = new(16);
    public static readonly HandshakeType Finished = new(20);
    public static readonly HandshakeType CertificateStatus = new(22);
    public static readonly HandshakeType KeyUpdate = new(24);
    public static readonly HandshakeType MessageHash = new(254);

    public override string ToString() => Value switch
    {
        0 => "HelloRequest",
        1 => "ClientHello",
        2 => "ServerHello",
        4 => "NewSessionTicket",
        5 => "EndOfEarlyData",
        8 => "EncryptedExtensions",
        11 => "Certificate",
        12 => "ServerKeyExchange",
        13 => "CertificateRequest",
        14 => "ServerHelloDone",
        15 => "CertificateVerify",
        16 => "ClientKeyExchange",
        20 => "Finished",
        22 => "CertificateStatus",
        24 => "KeyUpdate",
        254 => "message_hash",
        _ => $"handshake message of type {Value}",
    };
}

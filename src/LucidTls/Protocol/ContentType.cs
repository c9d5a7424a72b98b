namespace LucidTls.Protocol;

/// <summary>What a record carries (RFC 8446 §5.1).</summary>
internal enum ContentType : byte
{
    Invalid = 0,
    ChangeCipherSpec = 20,
    Alert = 21,
    Handshake = 22,
    ApplicationData = 23,
}

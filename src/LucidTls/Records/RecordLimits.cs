namespace LucidTls.Records;

/// <summary>The sizes that the record layer lives by, in bytes, and what a peer may waste.</summary>
internal static class RecordLimits
{
    public const int HeaderLength = 5;

    /// <summary>RFC 8446 §5.1: the most content a record carries.</summary>
    public const int MaxPlaintext = 1 << 14;

    /// <summary>RFC 8446 §5.2: the most an encrypted record's length field may say.</summary>
    public const int MaxCiphertext = MaxPlaintext + 256;

    /// <summary>What sealing adds to content in TLS 1.3: header, content type, tag.</summary>
    public const int Overhead = HeaderLength + 1 + Cryptography.AeadKey.TagLength;

    /// <summary>
    /// How many records or messages without effect (empty records and change_cipher_spec, KeyUpdates, tickets) of one kind may come
    /// one after another. BoringSSL cuts off at the same 32.
    /// </summary>
    public const int MostIdleRecords = 32;

    /// <summary>How many warning alerts that end nothing may come one after another. BoringSSL cuts off at the same 4.</summary>
    public const int MostWarnings = 4;

    /// <summary>
    /// How many certificates a server may ask for after the handshake, on one connection. Each costs a signature, and its context is kept, so that none comes
    /// twice (RFC 8446 §4.3.2). An application asks once, or once for each part of it that needs another certificate.
    /// </summary>
    public const int MostCertificateRequests = 16;

    /// <summary>How many requests for a certificate may wait for their answers: a person may be asked which one to show (RFC 8446 §4.6.2), but not by several at once.</summary>
    public const int MostOpenCertificateRequests = 4;

    /// <summary>How much application data, in bytes, is kept for the application while a server looks for a client's certificate behind it.</summary>
    public const int MostHeldData = 64 * 1024;

    /// <summary>The longest handshake message accepted; a chain with post-quantum signatures fits several times.</summary>
    public const int MaxHandshakeMessage = 128 * 1024;
}

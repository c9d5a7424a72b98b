namespace LucidTls;

/// <summary>The reason one end gives the other for ending a connection (RFC 8446 §6).</summary>
public enum TlsAlert : byte
{
    /// <summary>The sender will send no more data (RFC 8446 §6.1); the only alert that is not a failure, beside <see cref="UserCanceled"/>.</summary>
    CloseNotify = 0,
    /// <summary>A message came that does not belong here.</summary>
    UnexpectedMessage = 10,
    /// <summary>A record did not decrypt: it was changed on the way, or the keys differ.</summary>
    BadRecordMac = 20,
    /// <summary>A record is longer than allowed.</summary>
    RecordOverflow = 22,
    /// <summary>No acceptable set of parameters could be agreed.</summary>
    HandshakeFailure = 40,
    /// <summary>A certificate was corrupt or its signatures did not verify.</summary>
    BadCertificate = 42,
    /// <summary>A certificate was of a type that is not supported.</summary>
    UnsupportedCertificate = 43,
    /// <summary>A certificate was revoked by its signer.</summary>
    CertificateRevoked = 44,
    /// <summary>A certificate has expired or is not yet valid.</summary>
    CertificateExpired = 45,
    /// <summary>Some other problem with a certificate makes it unacceptable, a wrong name for example.</summary>
    CertificateUnknown = 46,
    /// <summary>A field is out of range or inconsistent with others.</summary>
    IllegalParameter = 47,
    /// <summary>The chain does not lead to a trust anchor.</summary>
    UnknownCA = 48,
    /// <summary>The certificate is valid but the sender decided not to go on.</summary>
    AccessDenied = 49,
    /// <summary>A message could not be decoded.</summary>
    DecodeError = 50,
    /// <summary>A handshake signature or Finished did not verify.</summary>
    DecryptError = 51,
    /// <summary>The offered version is recognised but not supported.</summary>
    ProtocolVersion = 70,
    /// <summary>The server requires parameters more secure than the client's.</summary>
    InsufficientSecurity = 71,
    /// <summary>The sender failed for a reason that has nothing to do with the peer.</summary>
    InternalError = 80,
    /// <summary>The client retried with a lower version than it supports (RFC 7507).</summary>
    InappropriateFallback = 86,
    /// <summary>The user cancelled the handshake.</summary>
    UserCanceled = 90,
    /// <summary>The sender refuses to renegotiate (TLS 1.2).</summary>
    NoRenegotiation = 100,
    /// <summary>A mandatory extension is missing.</summary>
    MissingExtension = 109,
    /// <summary>An extension stands where it must not, or answers nothing that was offered.</summary>
    UnsupportedExtension = 110,
    /// <summary>The server does not know the name that the client asked for.</summary>
    UnrecognizedName = 112,
    /// <summary>A stapled OCSP response is bad.</summary>
    BadCertificateStatusResponse = 113,
    /// <summary>The pre-shared key's identity is unknown.</summary>
    UnknownPskIdentity = 115,
    /// <summary>A client certificate is required and none was sent.</summary>
    CertificateRequired = 116,
    /// <summary>The client offered no application protocol that the server speaks (RFC 7301).</summary>
    NoApplicationProtocol = 120,
}

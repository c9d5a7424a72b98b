namespace LucidTls;

/// <summary>Why a connection failed, one value a cause. <c>docs/errors.md</c> explains each.</summary>
public enum TlsError
{
    // What the transport or the peer did.
    /// <summary>The peer ended the connection with a fatal alert.</summary>
    PeerAlert,
    /// <summary>The transport ended before the handshake did.</summary>
    ClosedDuringHandshake,
    /// <summary>The transport ended without close_notify: data may have been cut off.</summary>
    Truncated,
    /// <summary>Reading or writing the transport failed.</summary>
    TransportFailed,
    /// <summary>The handshake took longer than allowed.</summary>
    HandshakeTimeout,

    // Not TLS at all.
    /// <summary>A plain HTTP request came where a ClientHello should be.</summary>
    PlainHttpRequest,
    /// <summary>The server answered in plain text: its port does not speak TLS.</summary>
    PlaintextServer,
    /// <summary>An SSL 2.0 hello came.</summary>
    Ssl2Hello,
    /// <summary>The first bytes are no TLS record.</summary>
    NotTls,

    // Records.
    /// <summary>A record's content type is unknown or may not come now.</summary>
    UnexpectedRecordType,
    /// <summary>A record's version field is not 3.x.</summary>
    BadRecordVersion,
    /// <summary>A record is longer than allowed.</summary>
    RecordTooLong,
    /// <summary>A record did not decrypt.</summary>
    BadRecordMac,
    /// <summary>A record held nothing where something must be.</summary>
    EmptyRecord,
    /// <summary>A handshake message was interrupted by another kind of record.</summary>
    InterleavedHandshake,
    /// <summary>A handshake message crosses a change of keys.</summary>
    MessageAcrossKeyChange,
    /// <summary>A change_cipher_spec came where or as it must not.</summary>
    UnexpectedChangeCipherSpec,
    /// <summary>An alert was malformed.</summary>
    MalformedAlert,
    /// <summary>The peer sent too many messages that cost work and carry nothing.</summary>
    TooManyEmptyMessages,
    /// <summary>A direction's keys are used up and may not be updated again.</summary>
    KeyExhausted,
    /// <summary>An application record came before the handshake was done.</summary>
    EarlyApplicationData,

    // Messages.
    /// <summary>A message could not be decoded.</summary>
    Malformed,
    /// <summary>A handshake message came that does not belong here.</summary>
    UnexpectedMessage,
    /// <summary>A handshake message is longer than allowed.</summary>
    MessageTooLong,
    /// <summary>An extension came twice in one message.</summary>
    DuplicateExtension,
    /// <summary>An extension stands in a message where it must not.</summary>
    MisplacedExtension,
    /// <summary>An extension answers nothing that was offered.</summary>
    UnsolicitedExtension,
    /// <summary>A mandatory extension is missing.</summary>
    MissingExtension,
    /// <summary>The pre_shared_key extension is not the last.</summary>
    PreSharedKeyNotLast,

    // Negotiation.
    /// <summary>The peer speaks no version that this end accepts.</summary>
    UnsupportedVersion,
    /// <summary>Both ends speak a newer version than was agreed on: somebody lowered it.</summary>
    Downgrade,
    /// <summary>The client retried with a lower version than the server speaks.</summary>
    InappropriateFallback,
    /// <summary>The server picked a version that was not offered.</summary>
    SelectedUnofferedVersion,
    /// <summary>The server picked a suite that was not offered.</summary>
    SelectedUnofferedSuite,
    /// <summary>The server picked a group that was not offered.</summary>
    SelectedUnofferedGroup,
    /// <summary>The server picked a protocol that was not offered.</summary>
    SelectedUnofferedProtocol,
    /// <summary>The server changed its mind about the suite after HelloRetryRequest.</summary>
    SuiteChangedAfterRetry,
    /// <summary>HelloRetryRequest asks for nothing new.</summary>
    UselessHelloRetryRequest,
    /// <summary>A second HelloRetryRequest came.</summary>
    SecondHelloRetryRequest,
    /// <summary>The ClientHello after HelloRetryRequest differs in more than it may.</summary>
    ClientHelloChanged,
    /// <summary>The peer speaks TLS 1.2 without extended_master_secret.</summary>
    MissingExtendedMasterSecret,
    /// <summary>The renegotiation_info extension does not hold what it must.</summary>
    WrongRenegotiationInfo,
    /// <summary>The peer wants to renegotiate.</summary>
    Renegotiation,
    /// <summary>The session id does not come back as it was sent.</summary>
    SessionIdMismatch,
    /// <summary>A compression method other than null was offered or picked.</summary>
    Compression,
    /// <summary>The two ends have no cipher suite in common.</summary>
    NoCommonSuite,
    /// <summary>The two ends have no group in common.</summary>
    NoCommonGroup,
    /// <summary>The client can verify no signature that this server can make.</summary>
    NoCommonSignatureScheme,
    /// <summary>The two ends have no application protocol in common.</summary>
    NoCommonProtocol,
    /// <summary>The server has no identity to show for that name.</summary>
    NoIdentity,
    /// <summary>A key share is no valid public key of its group.</summary>
    InvalidKeyShare,
    /// <summary>Key shares are inconsistent with the groups offered.</summary>
    InconsistentKeyShares,
    /// <summary>A field holds a value that it must not.</summary>
    IllegalValue,

    // Proofs.
    /// <summary>The signature over the handshake does not verify.</summary>
    BadHandshakeSignature,
    /// <summary>The signature scheme was not offered, or is not allowed for that key.</summary>
    WrongSignatureScheme,
    /// <summary>The binder of a pre-shared key does not match: the client does not hold the key.</summary>
    BadBinder,
    /// <summary>The Finished message does not match: the two ends saw different handshakes.</summary>
    BadFinished,
    /// <summary>The server sent no certificate.</summary>
    NoServerCertificate,
    /// <summary>The client sent no certificate though one is required.</summary>
    NoClientCertificate,
    /// <summary>A certificate is malformed or a signature in the chain does not verify.</summary>
    CertificateMalformed,
    /// <summary>The certificate is for another name.</summary>
    CertificateWrongName,
    /// <summary>A certificate has expired or is not yet valid.</summary>
    CertificateExpired,
    /// <summary>No path leads to a trust anchor.</summary>
    CertificateUnknownIssuer,
    /// <summary>A certificate was revoked.</summary>
    CertificateRevoked,
    /// <summary>A certificate may not be used for this.</summary>
    CertificateUnsuitable,
    /// <summary>Whether a certificate was revoked could not be found out, though that is demanded.</summary>
    CertificateStatusUnknown,
    /// <summary>The chain breaks a demand that this end's application makes: a pin, a policy, transparency, a limit.</summary>
    CertificateUnacceptable,
    /// <summary>A certificate's key is of a kind that this library cannot use.</summary>
    UnsupportedCertificateKey,

    // This end.
    /// <summary>The private key or a callback of the application failed.</summary>
    LocalFailure,
    /// <summary>The handshake was cancelled by this end's application.</summary>
    Cancelled,

    // Early data.
    /// <summary>The client sent more early data than its ticket or this server allows.</summary>
    TooMuchEarlyData,
    /// <summary>The server picked TLS 1.2 though early data was sent, which that version does not know.</summary>
    EarlyDataNeedsTls13,

    // Pre-shared keys.
    /// <summary>The client offers no pre-shared key that this server knows, and there is no certificate to fall back to.</summary>
    UnknownPreSharedKey,
    /// <summary>The server took none of the pre-shared keys offered, and a certificate will not do.</summary>
    PreSharedKeyNotTaken,

    // In front of TLS.
    /// <summary>The peer does not turn its plain connection into TLS, or refuses to.</summary>
    StartTlsRefused,
    /// <summary>Something came in the clear behind the go-ahead for TLS.</summary>
    StartTlsInjection,
    /// <summary>The plain dialogue in front of TLS breaks its protocol.</summary>
    StartTlsMalformed,
}

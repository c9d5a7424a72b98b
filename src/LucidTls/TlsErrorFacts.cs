using static LucidTls.TlsFailureSource;

namespace LucidTls;

/// <summary>The one table from cause to alert, rule, sentence and remedy. It has no default arm, so that a new cause gets an alert that somebody chose.</summary>
internal readonly record struct TlsErrorFacts(TlsFailureSource Source, TlsAlert? Alert, string Rule, string Sentence, string Remedy)
{
    private const string PeerBug = "The peer's TLS implementation is faulty, or something on the way changes the data; report it to whoever runs the peer.";
    private const string ServerOperator = "Whoever runs the server has to mend its certificate.";

    public string Explain(string? detail)
    {
        var sentence = string.IsNullOrEmpty(detail) ? Sentence + "." : $"{Sentence}: {detail}{(detail[^1] is '.' or '!' or '?' ? "" : ".")}";
        var rule = Rule.Length == 0 ? "" : $" [{Rule}]";
        return Remedy.Length == 0 ? sentence + rule : $"{sentence}{rule} {Remedy}";
    }

    /// <summary>The same where TLS 1.2 has another alert than TLS 1.3.</summary>
    public static TlsErrorFacts Of(TlsError error, TlsVersion version) => version == TlsVersion.Tls12 && error == TlsError.NoClientCertificate
        ? Of(error) with { Alert = TlsAlert.HandshakeFailure, Rule = "RFC 5246 §7.4.6" }
        : Of(error);

    public static TlsErrorFacts Of(TlsError error) => error switch
    {
        TlsError.PeerAlert => new(Peer, null, "RFC 8446 §6", "The peer ended the connection with the alert", "The alert says what the peer objected to; its log may say more."),
        TlsError.ClosedDuringHandshake => new(Transport, null, "", "The peer closed the connection before the handshake was done", "A server that does so without an alert may not speak TLS on this port, may not speak a version we offer, or sits behind a filter that cuts such connections. A client that does so may have found fault with the certificate, or opened the connection in advance and not needed it."),
        TlsError.Truncated => new(Transport, null, "RFC 8446 §6.1", "The connection ended without close_notify, so data may have been cut off", "Treat what was received as incomplete unless the application protocol says where its data end."),
        TlsError.TransportFailed => new(Transport, null, "", "The transport under TLS failed", "Look at the inner exception; this is a matter of the network, not of TLS."),
        TlsError.HandshakeTimeout => new(Local, TlsAlert.UserCanceled, "", "The handshake was not done in the time allowed", "The peer may be slow, may wait for something itself, or may not speak TLS on this port; HandshakeTimeout sets the limit."),

        TlsError.PlainHttpRequest => new(Local, TlsAlert.UnexpectedMessage, "", "A plain HTTP request came to a port that speaks TLS", "The client has to use https:// for this port, or the server has to redirect from a plain port."),
        TlsError.PlaintextServer => new(Local, TlsAlert.UnexpectedMessage, "", "The server answered in plain text, so this port does not speak TLS", "Use the server's TLS port, or the protocol's own STARTTLS first."),
        TlsError.Ssl2Hello => new(Local, TlsAlert.ProtocolVersion, "RFC 6176 §3", "The client sent an SSL 2.0 hello", "The client is decades old; it has to be replaced."),
        TlsError.NotTls => new(Local, TlsAlert.UnexpectedMessage, "RFC 8446 §5.1", "What came is not TLS", "Check that the peer speaks TLS on this port."),

        TlsError.StartTlsRefused => new(Local, null, "", "The peer does not turn the plain connection into TLS", "Use the service's TLS port, or have whoever runs it switch STARTTLS on. Somebody on the way may also have taken the offer out; nothing was sent in the clear in its place."),
        TlsError.StartTlsInjection => new(Local, null, "RFC 3207 §6", "Something came in the clear behind the go-ahead for TLS, where it would count as if it had come under TLS", "Somebody on the way may have put it there; a peer that does it itself is faulty."),
        TlsError.StartTlsMalformed => new(Local, null, "", "The plain dialogue in front of TLS breaks its protocol", "Check that the port speaks the protocol named, and that it does not speak TLS from the first byte."),

        TlsError.UnexpectedRecordType => new(Local, TlsAlert.UnexpectedMessage, "RFC 8446 §5", "A record of a type that may not come now was received", PeerBug),
        TlsError.BadRecordVersion => new(Local, TlsAlert.ProtocolVersion, "RFC 8446 §5.1", "A record carries a version that is not TLS", PeerBug),
        TlsError.RecordTooLong => new(Local, TlsAlert.RecordOverflow, "RFC 8446 §5.2", "A record is longer than allowed", PeerBug),
        TlsError.BadRecordMac => new(Local, TlsAlert.BadRecordMac, "RFC 8446 §5.2", "A record did not decrypt: it was changed on the way or made with other keys", "Something between the two ends changes the data, or the peer's implementation is faulty."),
        TlsError.EmptyRecord => new(Local, TlsAlert.UnexpectedMessage, "RFC 8446 §5.1", "A record is empty where it must not be", PeerBug),
        TlsError.InterleavedHandshake => new(Local, TlsAlert.UnexpectedMessage, "RFC 8446 §5.1", "A handshake message was interrupted by another kind of record", PeerBug),
        TlsError.MessageAcrossKeyChange => new(Local, TlsAlert.UnexpectedMessage, "RFC 8446 §5.1", "A handshake message crosses a change of keys", PeerBug),
        TlsError.UnexpectedChangeCipherSpec => new(Local, TlsAlert.UnexpectedMessage, "RFC 8446 §5", "A change_cipher_spec record came where it must not, or is not the single byte 1", PeerBug),
        TlsError.MalformedAlert => new(Local, TlsAlert.DecodeError, "RFC 8446 §6", "An alert is malformed", PeerBug),
        TlsError.TooManyEmptyMessages => new(Local, TlsAlert.UnexpectedMessage, "RFC 8446 §10", "The peer sent too many records that carry nothing", "The peer is faulty or wastes this end's time on purpose."),
        TlsError.KeyExhausted => new(Local, TlsAlert.InternalError, "RFC 8446 §5.5", "The keys of this direction have protected as many records as they may", "Open a new connection."),
        TlsError.EarlyApplicationData => new(Local, TlsAlert.UnexpectedMessage, "RFC 8446 §2", "Application data came before the handshake was done", PeerBug),

        TlsError.Malformed => new(Local, TlsAlert.DecodeError, "RFC 8446 §6.2", "A message could not be decoded", PeerBug),
        TlsError.UnexpectedMessage => new(Local, TlsAlert.UnexpectedMessage, "RFC 8446 §4", "A handshake message came that does not belong here", PeerBug),
        TlsError.MessageTooLong => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4", "A handshake message is longer than this end accepts", PeerBug),
        TlsError.DuplicateExtension => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.2", "An extension came twice in one message", PeerBug),
        TlsError.MisplacedExtension => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.2", "An extension stands in a message where it must not", PeerBug),
        TlsError.UnsolicitedExtension => new(Local, TlsAlert.UnsupportedExtension, "RFC 8446 §4.2", "The peer answered an extension that was not sent", PeerBug),
        TlsError.MissingExtension => new(Local, TlsAlert.MissingExtension, "RFC 8446 §9.2", "A mandatory extension is missing", PeerBug),
        TlsError.PreSharedKeyNotLast => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.2.11", "The pre_shared_key extension is not the last one", PeerBug),

        TlsError.UnsupportedVersion => new(Local, TlsAlert.ProtocolVersion, "RFC 8446 §4.2.1", "The peer speaks no version of TLS that this end accepts", "The side with the old version has to be updated; TLS 1.1 and older are broken (RFC 8996)."),
        TlsError.Downgrade => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.1.3", "Both ends speak a newer version of TLS than the one agreed on, so something lowered it", "Somebody may be attacking the connection; a faulty middlebox does this too."),
        TlsError.InappropriateFallback => new(Local, TlsAlert.InappropriateFallback, "RFC 7507 §3", "The client retried with a lower version than this server speaks", "The client's first attempt failed for another reason; look for that one."),
        TlsError.SelectedUnofferedVersion => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.2.1", "The server picked a version that was not offered", PeerBug),
        TlsError.SelectedUnofferedSuite => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.1.3", "The server picked a cipher suite that was not offered", PeerBug),
        TlsError.SelectedUnofferedGroup => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.2.8", "The server picked a group that was not offered", PeerBug),
        TlsError.SelectedUnofferedProtocol => new(Local, TlsAlert.IllegalParameter, "RFC 7301 §3.1", "The server picked an application protocol that was not offered", PeerBug),
        TlsError.SuiteChangedAfterRetry => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.1.4", "The server's cipher suite or version differs from the one in its HelloRetryRequest", PeerBug),
        TlsError.UselessHelloRetryRequest => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.1.4", "The HelloRetryRequest would not change the ClientHello", PeerBug),
        TlsError.SecondHelloRetryRequest => new(Local, TlsAlert.UnexpectedMessage, "RFC 8446 §4.1.4", "The server sent a second HelloRetryRequest", PeerBug),
        TlsError.ClientHelloChanged => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.1.2", "The second ClientHello differs from the first in more than it may", PeerBug),
        TlsError.MissingExtendedMasterSecret => new(Local, TlsAlert.HandshakeFailure, "RFC 7627 §5", "The peer speaks TLS 1.2 without extended_master_secret, so its sessions are open to the triple handshake attack", "Update the peer's TLS implementation, which is from before 2015, or set AllowMissingExtendedMasterSecret on this end."),
        TlsError.WrongRenegotiationInfo => new(Local, TlsAlert.HandshakeFailure, "RFC 5746 §3", "The renegotiation_info of a first handshake is not empty", "Somebody may be joining two connections into one; otherwise the peer's TLS implementation is faulty."),
        TlsError.Renegotiation => new(Local, TlsAlert.NoRenegotiation, "RFC 5246 §7.2.2", "The peer wants to renegotiate, which this library never does", "A server that asks for a client certificate late has to ask in the first handshake, or to speak TLS 1.3."),
        TlsError.SessionIdMismatch => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.1.3", "The server did not echo the session id", PeerBug),
        TlsError.Compression => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.1.2", "A compression method other than null was offered or picked", PeerBug),
        TlsError.NoCommonSuite => new(Local, TlsAlert.HandshakeFailure, "RFC 8446 §4.1.1", "The two ends have no cipher suite in common", "One side has to allow a suite that the other has."),
        TlsError.NoCommonGroup => new(Local, TlsAlert.HandshakeFailure, "RFC 8446 §4.1.1", "The two ends have no key-exchange group in common", "One side has to allow a group that the other has."),
        TlsError.NoCommonSignatureScheme => new(Local, TlsAlert.HandshakeFailure, "RFC 8446 §4.4.2.2", "The peer can verify no signature that this end's keys can make", "Add an identity with a key of another type, or allow more schemes on the other side."),
        TlsError.NoCommonProtocol => new(Local, TlsAlert.NoApplicationProtocol, "RFC 7301 §3.2", "The two ends have no application protocol in common", "One side has to offer a protocol that the other speaks."),
        TlsError.NoIdentity => new(Local, TlsAlert.UnrecognizedName, "RFC 6066 §3", "This server has no certificate to show", "Give the server an identity for that name."),
        TlsError.InvalidKeyShare => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.2.8.2", "The peer's key share is no valid public key of its group", PeerBug),
        TlsError.InconsistentKeyShares => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.2.8", "The key shares do not fit the groups offered", PeerBug),
        TlsError.IllegalValue => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §6.2", "A field holds a value that it must not", PeerBug),

        TlsError.BadHandshakeSignature => new(Local, TlsAlert.DecryptError, "RFC 8446 §4.4.3", "The peer's signature over the handshake does not verify: it does not hold the key of its certificate, or the handshake was changed on the way", "Check that the peer's private key belongs to its certificate."),
        TlsError.WrongSignatureScheme => new(Local, TlsAlert.IllegalParameter, "RFC 8446 §4.4.3", "The peer signed with a scheme that was not offered or that does not fit its key", PeerBug),
        TlsError.BadBinder => new(Local, TlsAlert.DecryptError, "RFC 8446 §4.2.11", "The binder of the pre-shared key does not match: the client does not hold the key", "Check that both ends hold the same pre-shared key; for a ticket, the peer's TLS implementation is faulty, or something on the way changes the data."),
        TlsError.BadFinished => new(Local, TlsAlert.DecryptError, "RFC 8446 §4.4.4", "The Finished message does not match: the two ends saw different handshakes", "Something on the way changed the handshake, or the peer's implementation is faulty."),
        TlsError.NoServerCertificate => new(Local, TlsAlert.DecodeError, "RFC 8446 §4.4.2.4", "The server sent no certificate", PeerBug),
        TlsError.NoClientCertificate => new(Local, TlsAlert.CertificateRequired, "RFC 8446 §4.4.2.4", "The client sent no certificate though this server requires one", "Give the client an identity that this server accepts."),
        TlsError.CertificateMalformed => new(Local, TlsAlert.BadCertificate, "RFC 5280 §6.1", "The peer's certificate is not well-formed or not signed by its issuer", ServerOperator),
        TlsError.CertificateWrongName => new(Local, TlsAlert.CertificateUnknown, "RFC 9525 §6", "The peer's certificate is for another name", "Use the name that the certificate is for, or have a certificate issued for this name."),
        TlsError.CertificateExpired => new(Local, TlsAlert.CertificateExpired, "RFC 5280 §6.1.3", "A certificate of the peer has expired or is not yet valid", "Whoever runs the peer has to renew it; if it looks valid to you, check this machine's clock."),
        TlsError.CertificateUnknownIssuer => new(Local, TlsAlert.UnknownCA, "RFC 5280 §6.1", "The peer's certificate does not lead to a trusted authority", "Trust the authority that issued it if you mean to, or have the peer send its whole chain."),
        TlsError.CertificateRevoked => new(Local, TlsAlert.CertificateRevoked, "RFC 5280 §6.3", "A certificate of the peer was revoked", ServerOperator),
        TlsError.CertificateUnsuitable => new(Local, TlsAlert.UnsupportedCertificate, "RFC 5280 §6.1.4", "A certificate of the peer may not be used for this", ServerOperator),
        TlsError.CertificateStatusUnknown => new(Local, TlsAlert.BadCertificateStatusResponse, "RFC 6066 §8", "Whether the peer's certificate was revoked could not be found out", "Whoever runs the server has to staple a current OCSP response."),
        TlsError.CertificateUnacceptable => new(Local, TlsAlert.CertificateUnknown, "RFC 8446 §6.2", "The peer's certificate does not meet what this end demands beyond the common rules", "The explanation says which demand; either this end relaxes it or the peer gets another certificate."),
        TlsError.UnsupportedCertificateKey => new(Local, TlsAlert.UnsupportedCertificate, "RFC 8446 §4.4.2.2", "The key of the peer's certificate is of a kind that cannot be used here", ServerOperator),

        TlsError.LocalFailure => new(Local, TlsAlert.InternalError, "", "This end failed for a reason of its own", "Look at the inner exception."),
        TlsError.Cancelled => new(Local, TlsAlert.UserCanceled, "", "The handshake was cancelled", ""),

        TlsError.TooMuchEarlyData => new(Local, TlsAlert.UnexpectedMessage, "RFC 8446 §4.6.1", "The client sent more early data than its ticket or this server allows", PeerBug),
        TlsError.EarlyDataNeedsTls13 => new(Local, TlsAlert.ProtocolVersion, "RFC 8446 §D.3", "The server picked TLS 1.2 though early data was sent, which that version does not know", "Connect again without early data; the server's operator may have turned TLS 1.3 off since the ticket was given."),

        TlsError.UnknownPreSharedKey => new(Local, TlsAlert.UnknownPskIdentity, "RFC 8446 §6.2", "The client offers no pre-shared key that this server knows, and this server has no certificate to fall back to", "Give both ends the same key under the same name, both imported or both not; or give the server a certificate."),
        TlsError.PreSharedKeyNotTaken => new(Local, TlsAlert.HandshakeFailure, "RFC 8446 §4.2.11", "The server took none of the pre-shared keys offered, and this client takes no certificate in their place", "Give both ends the same key under the same name, both imported or both not; or set AllowCertificateFallback."),
    };
}

namespace LucidTls.Protocol;

/// <summary>The messages that carry extensions.</summary>
[Flags]
internal enum ExtensionPlace
{
    None = 0,
    ClientHello = 1,
    ServerHello = 2,
    HelloRetryRequest = 4,
    EncryptedExtensions = 8,
    Certificate = 16,
    CertificateRequest = 32,
    NewSessionTicket = 64,
    /// <summary>The ServerHello of TLS 1.2, which has what TLS 1.3 moved to EncryptedExtensions and Certificate.</summary>
    Tls12ServerHello = 128,
}

/// <summary>RFC 8446 §4.2's table: where each extension may stand, and TLS 1.2's ServerHello beside it. One look-up replaces a check in every message.</summary>
internal static class ExtensionPlaces
{
    private const ExtensionPlace CH = ExtensionPlace.ClientHello;
    private const ExtensionPlace SH = ExtensionPlace.ServerHello;
    private const ExtensionPlace HRR = ExtensionPlace.HelloRetryRequest;
    private const ExtensionPlace EE = ExtensionPlace.EncryptedExtensions;
    private const ExtensionPlace CT = ExtensionPlace.Certificate;
    private const ExtensionPlace CR = ExtensionPlace.CertificateRequest;
    private const ExtensionPlace NST = ExtensionPlace.NewSessionTicket;
    private const ExtensionPlace SH12 = ExtensionPlace.Tls12ServerHello;

    /// <summary>Where the extension may stand; none when this library does not know the extension.</summary>
    public static ExtensionPlace Of(ExtensionType type) => type.Value switch
    {
        0 => CH | EE | SH12,            // server_name, RFC 6066
        1 => CH | EE | SH12,            // max_fragment_length, RFC 6066
        5 => CH | CR | CT | SH12,       // status_request, RFC 6066
        10 => CH | EE | SH12,           // supported_groups, RFC 7919, RFC 8422; some servers of TLS 1.2 send it back
        11 => CH | SH12,                // ec_point_formats, RFC 8422: TLS 1.2 only
        13 => CH | CR,                  // signature_algorithms
        14 => CH | EE | SH12,           // use_srtp, RFC 5764
        15 => CH | EE | SH12,           // heartbeat, RFC 6520
        16 => CH | EE | SH12,           // application_layer_protocol_negotiation, RFC 7301
        18 => CH | CR | CT | SH12,      // signed_certificate_timestamp, RFC 6962
        19 or 20 => CH | EE | SH12,     // client_certificate_type, server_certificate_type, RFC 7250
        21 => CH,                       // padding, RFC 7685
        22 or 23 => CH | SH12,          // encrypt_then_mac, extended_master_secret: TLS 1.2 only
        27 => CH | CR,                  // compress_certificate, RFC 8879
        28 => CH | EE | SH12,           // record_size_limit, RFC 8449
        34 => CH | CR | CT,             // delegated_credential, RFC 9345
        35 => CH | SH12,                // session_ticket: TLS 1.2 only
        41 => CH | SH,                  // pre_shared_key
        42 => CH | EE | NST,            // early_data
        43 => CH | SH | HRR,            // supported_versions
        44 => CH | HRR,                 // cookie
        45 => CH,                       // psk_key_exchange_modes
        47 => CH | CR,                  // certificate_authorities
        48 => CR,                       // oid_filters
        49 => CH,                       // post_handshake_auth
        50 => CH | CR,                  // signature_algorithms_cert
        51 => CH | SH | HRR,            // key_share
        58 => CH | EE,                  // ticket_request, RFC 9149
        0xFF01 => CH | SH12,            // renegotiation_info: TLS 1.2 only
        _ => ExtensionPlace.None,
    };
}

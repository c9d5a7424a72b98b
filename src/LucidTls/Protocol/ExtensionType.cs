namespace LucidTls.Protocol;

/// <summary>An extension's code point (RFC 8446 §4.2 and the IANA registry).</summary>
internal readonly record struct ExtensionType(ushort Value)
{
    public static readonly ExtensionType ServerName = new(0);
    public static readonly ExtensionType MaxFragmentLength = new(1);
    public static readonly ExtensionType StatusRequest = new(5);
    public static readonly ExtensionType SupportedGroups = new(10);
    public static readonly ExtensionType EcPointFormats = new(11);
    public static readonly ExtensionType SignatureAlgorithms = new(13);
    public static readonly ExtensionType UseSrtp = new(14);
    public static readonly ExtensionType Heartbeat = new(15);
    public static readonly ExtensionType ApplicationLayerProtocolNegotiation = new(16);
    public static readonly ExtensionType SignedCertificateTimestamp = new(18);
    public static readonly ExtensionType ClientCertificateType = new(19);
    public static readonly ExtensionType ServerCertificateType = new(20);
    public static readonly ExtensionType Padding = new(21);
    public static readonly ExtensionType EncryptThenMac = new(22);
    public static readonly ExtensionType ExtendedMasterSecret = new(23);
    public static readonly ExtensionType CompressCertificate = new(27);
    public static readonly ExtensionType RecordSizeLimit = new(28);
    public static readonly ExtensionType TicketRequest = new(58);
    public static readonly ExtensionType DelegatedCredential = new(34);
    public static readonly ExtensionType SessionTicket = new(35);
    public static readonly ExtensionType PreSharedKey = new(41);
    public static readonly ExtensionType EarlyData = new(42);
    public static readonly ExtensionType SupportedVersions = new(43);
    public static readonly ExtensionType Cookie = new(44);
    public static readonly ExtensionType PskKeyExchangeModes = new(45);
    public static readonly ExtensionType CertificateAuthorities = new(47);
    public static readonly ExtensionType OidFilters = new(48);
    public static readonly ExtensionType PostHandshakeAuth = new(49);
    public static readonly ExtensionType SignatureAlgorithmsCert = new(50);
    public static readonly ExtensionType KeyShare = new(51);
    public static readonly ExtensionType RenegotiationInfo = new(0xFF01);

    public override string ToString() => Value switch
    {
        0 => "server_name",
        1 => "max_fragment_length",
        5 => "status_request",
        10 => "supported_groups",
        11 => "ec_point_formats",
        13 => "signature_algorithms",
        14 => "use_srtp",
        15 => "heartbeat",
        16 => "application_layer_protocol_negotiation",
        18 => "signed_certificate_timestamp",
        19 => "client_certificate_type",
        20 => "server_certificate_type",
        21 => "padding",
        22 => "encrypt_then_mac",
        23 => "extended_master_secret",
        27 => "compress_certificate",
        28 => "record_size_limit",
        34 => "delegated_credential",
        35 => "session_ticket",
        41 => "pre_shared_key",
        42 => "early_data",
        43 => "supported_versions",
        44 => "cookie",
        45 => "psk_key_exchange_modes",
        47 => "certificate_authorities",
        48 => "oid_filters",
        49 => "post_handshake_auth",
        50 => "signature_algorithms_cert",
        51 => "key_share",
        0xFF01 => "renegotiation_info",
        _ => $"extension 0x{Value:X4}",
    };
}

namespace LucidTls.Protocol;

/// <summary>
/// The forms of the extensions that a ClientHello or CertificateRequest may carry and that this library has no use for: they are
/// checked, so that what is malformed is refused whether or not anybody looks at it, and then ignored.
/// </summary>
internal static class ExtensionForms
{
    public static void Demand(ExtensionType type, ReadOnlyMemory<byte> data, ExtensionPlace place)
    {
        var reader = new TlsReader(data, type.ToString());
        switch (type.Value)
        {
            case 5: DemandStatusRequest(ref reader, place); break;
            case 11: reader.ReadVector8(1); break;                       // ec_point_formats, RFC 8422 §5.1.2
            case 14: reader.ReadVector16(2); reader.ReadVector8(); break; // use_srtp, RFC 5764 §4.1.1
            case 15: DemandHeartbeat(ref reader); break;
            case 18: break;                                              // signed_certificate_timestamp, RFC 6962 §3.3.1: empty
            case 19 or 20: reader.ReadVector8(1); break;                 // RFC 7250 §3
            case 21: reader.ReadRest(); break;                           // padding, RFC 7685: any content
            case 22 or 23: break;                                        // encrypt_then_mac, extended_master_secret: empty
            case 48: DemandOidFilters(ref reader); break;
            case 0xFF01: reader.ReadVector8(); break;                    // renegotiation_info, RFC 5746 §3.2
            default: reader.ReadRest(); break;
        }
        reader.End();
    }

    // RFC 6066 §8 and RFC 8446 §4.4.2.1: a CertificateRequest's is empty. Types other than ocsp (1) have forms of their own.
    private static void DemandStatusRequest(ref TlsReader reader, ExtensionPlace place)
    {
        if (place == ExtensionPlace.CertificateRequest)
            return;
        if (reader.ReadUInt8() != 1)
        {
            reader.ReadRest();
            return;
        }
        var responders = reader.ReadNested16();
        while (!responders.IsEmpty)
            responders.ReadVector16(1);
        reader.ReadVector16();
    }

    // RFC 6520 §2
    private static void DemandHeartbeat(ref TlsReader reader)
    {
        var mode = reader.ReadUInt8();
        if (mode is not (1 or 2))
            throw new TlsException(TlsError.IllegalValue, $"a heartbeat mode of {mode}");
    }

    // RFC 8446 §4.2.5
    private static void DemandOidFilters(ref TlsReader reader)
    {
        var filters = reader.ReadNested16();
        while (!filters.IsEmpty)
        {
            filters.ReadVector8(1);
            filters.ReadVector16();
        }
    }
}

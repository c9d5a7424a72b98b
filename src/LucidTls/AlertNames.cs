using System.Text;

namespace LucidTls;

/// <summary>Alerts in the RFC's spelling and in words.</summary>
internal static class AlertNames
{
    /// <summary>The name as RFC 8446 §6 spells it, "handshake_failure" for example.</summary>
    public static string Of(TlsAlert alert)
    {
        if (alert == TlsAlert.UnknownCA)
            return "unknown_ca";
        if (!Enum.IsDefined(alert))
            return "unknown alert";
        var name = new StringBuilder();
        foreach (var letter in alert.ToString())
        {
            if (char.IsUpper(letter) && name.Length > 0)
                name.Append('_');
            name.Append(char.ToLowerInvariant(letter));
        }
        return name.ToString();
    }

    /// <summary>What it means when a peer sends it.</summary>
    public static string Meaning(TlsAlert alert) => alert switch
    {
        TlsAlert.CloseNotify => "it will send no more",
        TlsAlert.UnexpectedMessage => "it got a message that it did not expect; it may not speak TLS as we do",
        TlsAlert.BadRecordMac => "a record did not decrypt at its end; something on the way may change the data",
        TlsAlert.RecordOverflow => "a record was too long for it",
        TlsAlert.HandshakeFailure => "it found no parameters that both ends allow (suites, groups, signature schemes), or wants a client certificate",
        TlsAlert.BadCertificate => "our certificate is corrupt, its signature is wrong or it is for another name, or it wants one that we did not send",
        TlsAlert.UnsupportedCertificate => "it cannot use the kind of certificate that we sent",
        TlsAlert.CertificateRevoked => "our certificate was revoked",
        TlsAlert.CertificateExpired => "our certificate has expired or is not yet valid by its clock",
        TlsAlert.CertificateUnknown => "it does not accept our certificate, for its name, its dates or its authority",
        TlsAlert.IllegalParameter => "it says that one of our fields is out of range",
        TlsAlert.UnknownCA => "it does not trust the authority that issued our certificate",
        TlsAlert.AccessDenied => "it knows who we are and does not let us in",
        TlsAlert.DecodeError => "it could not decode a message of ours",
        TlsAlert.DecryptError => "a signature or Finished of ours did not verify at its end",
        TlsAlert.ProtocolVersion => "it does not speak a version of TLS that we offer",
        TlsAlert.InsufficientSecurity => "it wants stronger parameters than we offer",
        TlsAlert.InternalError => "it failed for a reason of its own",
        TlsAlert.InappropriateFallback => "it speaks a newer version than we retried with",
        TlsAlert.UserCanceled => "its user cancelled",
        TlsAlert.NoRenegotiation => "it does not renegotiate",
        TlsAlert.MissingExtension => "it misses an extension that must be there",
        TlsAlert.UnsupportedExtension => "it got an extension that it did not ask for",
        TlsAlert.UnrecognizedName => "it does not serve the name that we asked for",
        TlsAlert.BadCertificateStatusResponse => "our stapled OCSP response is bad",
        TlsAlert.UnknownPskIdentity => "it does not know our pre-shared key",
        TlsAlert.CertificateRequired => "it requires a client certificate and we sent none",
        TlsAlert.NoApplicationProtocol => "it speaks none of the application protocols that we offered",
        _ => "an alert that this library does not know",
    };
}

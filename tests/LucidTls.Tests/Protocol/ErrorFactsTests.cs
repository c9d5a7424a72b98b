namespace LucidTls.Tests.Protocol;

/// <summary>The table from cause to alert, and the alerts' names.</summary>
public sealed class ErrorFactsTests
{
    public static TheoryData<TlsError> Errors => [.. Enum.GetValues<TlsError>()];

    [Theory]
    [MemberData(nameof(Errors))]
    public void Every_error_has_facts(TlsError error)
    {
        var facts = TlsErrorFacts.Of(error);
        Assert.NotEmpty(facts.Sentence);
        Assert.False(facts.Sentence.EndsWith('.'), "The explanation adds the full stop.");
        // What this end refuses, the peer is told; of what the transport did there is nobody to tell, and in front of TLS there are no alerts.
        var isBeforeTls = error is TlsError.StartTlsRefused or TlsError.StartTlsInjection or TlsError.StartTlsMalformed;
        Assert.Equal(facts.Source == TlsFailureSource.Local && !isBeforeTls, facts.Alert != null);
        Assert.True(facts.Rule.Length == 0 || facts.Rule.StartsWith("RFC ", StringComparison.Ordinal), facts.Rule);
        var exception = new TlsException(error, "this and that");
        Assert.Contains(facts.Sentence + ": this and that.", exception.Message);
        Assert.Contains(facts.Remedy, exception.Message);
        Assert.Equal((error, facts.Alert, facts.Source, facts.Rule, facts.Remedy), (exception.Error, exception.Alert, exception.Source, exception.Rule, exception.Remedy));
    }

    /// <summary>The alerts that RFC 8446 names for these causes, and RFC 7507 and RFC 7301 for theirs.</summary>
    [Theory]
    [InlineData(TlsError.Malformed, TlsAlert.DecodeError)]
    [InlineData(TlsError.DuplicateExtension, TlsAlert.IllegalParameter)]
    [InlineData(TlsError.MisplacedExtension, TlsAlert.IllegalParameter)]
    [InlineData(TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension)]
    [InlineData(TlsError.MissingExtension, TlsAlert.MissingExtension)]
    [InlineData(TlsError.UnexpectedMessage, TlsAlert.UnexpectedMessage)]
    [InlineData(TlsError.RecordTooLong, TlsAlert.RecordOverflow)]
    [InlineData(TlsError.BadRecordMac, TlsAlert.BadRecordMac)]
    [InlineData(TlsError.UnsupportedVersion, TlsAlert.ProtocolVersion)]
    [InlineData(TlsError.Downgrade, TlsAlert.IllegalParameter)]
    [InlineData(TlsError.InappropriateFallback, TlsAlert.InappropriateFallback)]
    [InlineData(TlsError.NoCommonSuite, TlsAlert.HandshakeFailure)]
    [InlineData(TlsError.NoCommonProtocol, TlsAlert.NoApplicationProtocol)]
    [InlineData(TlsError.BadHandshakeSignature, TlsAlert.DecryptError)]
    [InlineData(TlsError.BadFinished, TlsAlert.DecryptError)]
    [InlineData(TlsError.BadBinder, TlsAlert.DecryptError)]
    [InlineData(TlsError.NoServerCertificate, TlsAlert.DecodeError)]
    [InlineData(TlsError.NoClientCertificate, TlsAlert.CertificateRequired)]
    [InlineData(TlsError.SecondHelloRetryRequest, TlsAlert.UnexpectedMessage)]
    [InlineData(TlsError.UselessHelloRetryRequest, TlsAlert.IllegalParameter)]
    [InlineData(TlsError.CertificateUnknownIssuer, TlsAlert.UnknownCA)]
    [InlineData(TlsError.CertificateExpired, TlsAlert.CertificateExpired)]
    [InlineData(TlsError.LocalFailure, TlsAlert.InternalError)]
    public void An_error_has_the_alert_that_its_RFC_names(TlsError error, TlsAlert alert) => Assert.Equal(alert, TlsErrorFacts.Of(error).Alert);

    [Theory]
    [InlineData(TlsAlert.CloseNotify, 0, "close_notify")]
    [InlineData(TlsAlert.UnexpectedMessage, 10, "unexpected_message")]
    [InlineData(TlsAlert.BadRecordMac, 20, "bad_record_mac")]
    [InlineData(TlsAlert.RecordOverflow, 22, "record_overflow")]
    [InlineData(TlsAlert.HandshakeFailure, 40, "handshake_failure")]
    [InlineData(TlsAlert.BadCertificate, 42, "bad_certificate")]
    [InlineData(TlsAlert.UnsupportedCertificate, 43, "unsupported_certificate")]
    [InlineData(TlsAlert.CertificateRevoked, 44, "certificate_revoked")]
    [InlineData(TlsAlert.CertificateExpired, 45, "certificate_expired")]
    [InlineData(TlsAlert.CertificateUnknown, 46, "certificate_unknown")]
    [InlineData(TlsAlert.IllegalParameter, 47, "illegal_parameter")]
    [InlineData(TlsAlert.UnknownCA, 48, "unknown_ca")]
    [InlineData(TlsAlert.AccessDenied, 49, "access_denied")]
    [InlineData(TlsAlert.DecodeError, 50, "decode_error")]
    [InlineData(TlsAlert.DecryptError, 51, "decrypt_error")]
    [InlineData(TlsAlert.ProtocolVersion, 70, "protocol_version")]
    [InlineData(TlsAlert.InsufficientSecurity, 71, "insufficient_security")]
    [InlineData(TlsAlert.InternalError, 80, "internal_error")]
    [InlineData(TlsAlert.InappropriateFallback, 86, "inappropriate_fallback")]
    [InlineData(TlsAlert.UserCanceled, 90, "user_canceled")]
    [InlineData(TlsAlert.MissingExtension, 109, "missing_extension")]
    [InlineData(TlsAlert.UnsupportedExtension, 110, "unsupported_extension")]
    [InlineData(TlsAlert.UnrecognizedName, 112, "unrecognized_name")]
    [InlineData(TlsAlert.BadCertificateStatusResponse, 113, "bad_certificate_status_response")]
    [InlineData(TlsAlert.UnknownPskIdentity, 115, "unknown_psk_identity")]
    [InlineData(TlsAlert.CertificateRequired, 116, "certificate_required")]
    [InlineData(TlsAlert.NoApplicationProtocol, 120, "no_application_protocol")]
    public void An_alert_has_the_number_and_the_name_of_RFC_8446(TlsAlert alert, byte number, string name)
    {
        Assert.Equal(number, (byte)alert);
        Assert.Equal(name, AlertNames.Of(alert));
        Assert.NotEmpty(AlertNames.Meaning(alert));
    }

    [Fact]
    public void An_alert_that_nobody_knows_is_told_by_its_number()
    {
        var exception = TlsException.FromPeer((TlsAlert)199);
        Assert.Equal((TlsAlert)199, exception.Alert);
        Assert.Contains("199", exception.Message);
    }
}

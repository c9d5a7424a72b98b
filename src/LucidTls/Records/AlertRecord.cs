using LucidTls.Protocol;

namespace LucidTls.Records;

/// <summary>Alerts on the wire: a level and a description (RFC 8446 §6, RFC 5246 §7.2).</summary>
internal static class AlertRecord
{
    private const byte Warning = 1;
    private const byte Fatal = 2;

    public static TlsAlert Parse(ReadOnlySpan<byte> content)
    {
        // RFC 8446 §5.1: an alert is neither cut nor joined. The level says nothing in TLS 1.3 (§6).
        if (content.Length != 2)
            throw new TlsException(TlsError.MalformedAlert, $"{content.Length} bytes long");
        if (content[0] is not (Warning or Fatal))
            throw new TlsException(TlsError.IllegalValue, $"an alert of level {content[0]}");
        return (TlsAlert)content[1];
    }

    /// <summary>Whether the alert ends nothing: before TLS 1.3 a warning may be passed over (RFC 5246 §7.2.2).</summary>
    /// <param name="content">An alert that <see cref="Parse"/> took.</param>
    /// <param name="version">The version agreed on; null before there is one.</param>
    public static bool IsPassedOver(ReadOnlySpan<byte> content, TlsVersion? version) =>
        (TlsAlert)content[1] == TlsAlert.UserCanceled
        || (version != TlsVersion.Tls13 && content[0] == Warning && (TlsAlert)content[1] != TlsAlert.CloseNotify);

    public static void AppendAlert(this RecordWriter writer, TlsAlert alert)
    {
        var level = alert is TlsAlert.CloseNotify or TlsAlert.UserCanceled ? Warning : Fatal;
        writer.Append(ContentType.Alert, [level, (byte)alert]);
        // RFC 8446 §6.1: user_canceled "SHOULD be followed by a 'close_notify'".
        if (alert == TlsAlert.UserCanceled)
            writer.Append(ContentType.Alert, [Warning, (byte)TlsAlert.CloseNotify]);
    }
}

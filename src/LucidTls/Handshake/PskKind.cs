namespace LucidTls.Handshake;

/// <summary>Where a pre-shared key comes from, which its binder tells apart (RFC 8446 §7.1, RFC 9258 §5.2).</summary>
internal enum PskKind
{
    Resumption,
    External,
    Imported,
}

namespace LucidTls.Certificates.Revocation;

/// <summary>How much is made of one source of revocation status.</summary>
public enum RevocationMode
{
    /// <summary>The source is not looked at.</summary>
    Off,

    /// <summary>The source is looked at. A certificate that it calls revoked is refused; what it cannot tell is let pass.</summary>
    SoftFail,

    /// <summary>The same, and a certificate is refused unless this source, or one that was looked at before it, calls it good.</summary>
    HardFail,
}

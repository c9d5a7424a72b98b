namespace LucidTls.Certificates.Revocation;

/// <summary>Which certificates of a path are looked at for revocation. The trust anchor never is: nobody could revoke it.</summary>
public enum RevocationScope
{
    /// <summary>The leaf alone.</summary>
    Leaf,

    /// <summary>The leaf and the authorities between it and the trust anchor.</summary>
    Path,
}

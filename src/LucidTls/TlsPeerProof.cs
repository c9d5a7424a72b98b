namespace LucidTls;

/// <summary>What a peer proved itself with.</summary>
public enum TlsPeerProof
{
    /// <summary>Nothing: a client that was not asked, or had nothing to show.</summary>
    None,
    /// <summary>A certificate, in this handshake or in the one whose session is resumed. <see cref="TlsSessionInfo.PeerVerdict"/> says what is to be thought of it.</summary>
    Certificate,
    /// <summary>A pre-shared key that both ends were given beforehand (<see cref="TlsPreSharedKey"/>). There are no certificates.</summary>
    PreSharedKey,
}

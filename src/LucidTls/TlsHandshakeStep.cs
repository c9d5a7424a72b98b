namespace LucidTls;

/// <summary>Which keys protected a handshake message.</summary>
public enum TlsProtection
{
    /// <summary>None: anybody on the way can read it.</summary>
    Plaintext,
    /// <summary>The handshake traffic keys.</summary>
    Handshake,
    /// <summary>The application traffic keys.</summary>
    Application,
    /// <summary>The client's early traffic keys (0-RTT), which come from the session that is resumed alone.</summary>
    EarlyData,
}

/// <summary>One message of a handshake, as it went by.</summary>
/// <param name="Sent">True when this end sent it.</param>
/// <param name="Message">The message's name in the RFC's words, "ClientHello" for example.</param>
/// <param name="Length">Its bytes, header included, record framing excluded.</param>
/// <param name="Protection">What protected it on the way.</param>
/// <param name="Elapsed">The time since the handshake began.</param>
/// <param name="Detail">What it carried, in a few words for people; may be empty.</param>
public readonly record struct TlsHandshakeStep(bool Sent, string Message, int Length, TlsProtection Protection, TimeSpan Elapsed, string Detail)
{
    // A byte is enough: every open connection holds its steps.
    private readonly byte _protection = (byte)Protection;

    /// <summary>What protected it on the way.</summary>
    public TlsProtection Protection
    {
        get => (TlsProtection)_protection;
        init => _protection = (byte)value;
    }
}

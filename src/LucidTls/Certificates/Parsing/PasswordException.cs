namespace LucidTls.Certificates.Parsing;

/// <summary>A key or a PKCS#12 does not open, for want of its password.</summary>
/// <param name="message">The sentence, in which the password is not.</param>
/// <param name="isMissing">Whether none was given; a wrong one was otherwise.</param>
/// <param name="inner">How that was found out.</param>
internal sealed class PasswordException(string message, bool isMissing, Exception? inner = null) : FormatException(message, inner)
{
    public bool IsMissing => isMissing;

    /// <summary>The one that a failure is, or came from; null when it is about something else.</summary>
    public static PasswordException? In(Exception? failure) => failure as PasswordException ?? (failure is null ? null : In(failure.InnerException));
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LucidTls.Certificates;

/// <summary>X.501 names.</summary>
internal static class DistinguishedName
{
    /// <summary>For people: "CN=R3, O=Let's Encrypt, C=US".</summary>
    public static string ToText(ReadOnlyMemory<byte> name)
    {
        try
        {
            var text = new X500DistinguishedName(name.Span).Name;
            return text.Length > 0 ? text : "(no subject)";
        }
        catch (CryptographicException)
        {
            return "(a name that cannot be read)";
        }
    }
}

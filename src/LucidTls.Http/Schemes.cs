namespace LucidTls.Http;

/// <summary>Which URIs are for TLS.</summary>
internal static class Schemes
{
    public static bool IsSecure(Uri uri) => uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeWss;
}

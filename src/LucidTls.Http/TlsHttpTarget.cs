namespace LucidTls.Http;

/// <summary>Where a connection goes.</summary>
public sealed class TlsHttpTarget
{
    internal TlsHttpTarget(string host, int port, bool isProxy = false)
    {
        Host = host;
        Port = port;
        IsProxy = isProxy;
    }

    /// <summary>The name or address that the certificate must be for: that of the Host header if the request has one, or of its URI, in ASCII (IDNA).</summary>
    public string Host { get; }

    /// <summary>The port of the URI.</summary>
    public int Port { get; }

    /// <summary>Whether this is an https proxy, and not the server that a request is for.</summary>
    public bool IsProxy { get; }

    /// <summary>Host and port, separated by a colon.</summary>
    public override string ToString() => Authority(Host, Port);

    internal static string Authority(string host, int port) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}";
}

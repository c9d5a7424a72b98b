using System.Collections.Concurrent;
using System.Net;
using LucidTls.Sessions;

namespace LucidTls.Http.Tests;

/// <summary>HttpClient over LucidTls, as the tests want it.</summary>
internal static class Clients
{
    /// <summary>Trusts the tests' authority and keeps its sessions to itself.</summary>
    public static TlsClientOptions Tls() => new() { CertificateVerifier = Pki.Verifier, SessionCache = new TlsSessionCache() };

    public static LucidTlsHttpOptions Options(TlsClientOptions? tls = null) => new() { Tls = tls ?? Tls(), ConfigureEngine = engine => engine.UseProxy = false };

    public static HttpClient Create(TlsClientOptions? tls = null) => Create(Options(tls));

    public static HttpClient Create(LucidTlsHttpOptions options, Version? version = null) => new(new LucidTlsHttpHandler(options))
    {
        DefaultRequestVersion = version ?? HttpVersion.Version11,
        DefaultVersionPolicy = version == null ? HttpVersionPolicy.RequestVersionOrLower : HttpVersionPolicy.RequestVersionExact,
    };
}

/// <summary>Keeps what was agreed on for each connection.</summary>
internal sealed class Connections
{
    private readonly ConcurrentQueue<(TlsHttpTarget Target, TlsSessionInfo Session)> _all = new();

    public IReadOnlyList<(TlsHttpTarget Target, TlsSessionInfo Session)> All => [.. _all];

    public LucidTlsHttpOptions Watch(LucidTlsHttpOptions options)
    {
        options.OnConnected = (target, session) => _all.Enqueue((target, session));
        return options;
    }
}

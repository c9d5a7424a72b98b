using LucidTls.Cryptography;
using LucidTls.Protocol;
using LucidTls.Sessions;

namespace LucidTls.Handshake;

/// <summary>One pre-shared key that a client offers: a session's, or one that was given beforehand for suites with one hash.</summary>
internal sealed class ClientPsk : IDisposable
{
    private readonly bool _ownsKey;

    private ClientPsk(ReadOnlyMemory<byte> identity, SuiteAlgorithm suite, Secret key, ClientSession? session, TlsPreSharedKey? external)
    {
        Identity = identity;
        Suite = suite;
        Key = key;
        Session = session;
        External = external;
        _ownsKey = session == null;
    }

    public ReadOnlyMemory<byte> Identity { get; }

    /// <summary>A suite with the key's hash.</summary>
    public SuiteAlgorithm Suite { get; }
    public Secret Key { get; }
    public ClientSession? Session { get; }
    public TlsPreSharedKey? External { get; }
    public PskKind Kind => External?.Kind ?? PskKind.Resumption;

    public static ClientPsk Of(ClientSession session, SuiteAlgorithm suite) => new(session.Ticket, suite, session.PreSharedKey, session, null);

    /// <summary>One for each hash among the suites that the key is good for (RFC 9258 §5.1).</summary>
    public static IEnumerable<ClientPsk> Of(TlsPreSharedKey key, IEnumerable<SuiteAlgorithm> suites) => suites
        .Where(suite => key.Fits(suite.Hash))
        .DistinctBy(suite => suite.Hash)
        .Select(suite => new ClientPsk(key.WireIdentity(suite.Hash), suite, key.KeyFor(suite.Hash), null, key));

    /// <summary>RFC 8446 §4.2.11: an external key has no age.</summary>
    public PskIdentity ToWire(DateTimeOffset now) => new(Identity, Session?.ObfuscatedAge(now) ?? 0);

    public void Dispose()
    {
        if (_ownsKey)
            Key.Dispose();
    }
}

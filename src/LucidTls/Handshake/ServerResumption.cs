using System.Buffers.Binary;
using System.Net.Security;
using System.Security.Cryptography;
using LucidTls.Certificates;
using LucidTls.Cryptography;
using LucidTls.Protocol;
using LucidTls.Sessions;

namespace LucidTls.Handshake;

/// <summary>A server's decision to resume a session, and the tickets it gives for later (RFC 8446 §2.2, §4.2.11, §4.6.1).</summary>
internal sealed class ServerResumption : IDisposable
{
    /// <summary>How many of a client's tickets are looked at, so that a hello cannot cost much.</summary>
    private const int MostTicketsTried = 4;

    private ServerResumption(ushort index, ServerSession session, VerifiedPeer client)
    {
        Index = index;
        Session = session;
        Client = client;
    }

    /// <summary>Which of the client's identities was taken.</summary>
    public ushort Index { get; }

    public ServerSession Session { get; }

    public Secret PreSharedKey => Session.PreSharedKey;

    /// <summary>Who the client proved to be when the session was made.</summary>
    public VerifiedPeer Client { get; }

    /// <summary>The first session offered that may be resumed, its binder checked; or null for a full handshake.</summary>
    /// <param name="hello">The client's offer.</param>
    /// <param name="helloBytes">The message that it came in.</param>
    /// <param name="before">The transcript before it.</param>
    /// <param name="suite">The suite chosen.</param>
    /// <param name="holdsKey">Whether the client offers a key that this server knows: then a session in which it proved itself with one does as well, and no other.</param>
    /// <param name="options">The server's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TlsException">A binder does not match.</exception>
    public static async ValueTask<ServerResumption?> TryAsync(ClientHello hello, ReadOnlyMemory<byte> helloBytes, ReadOnlyMemory<byte> before, SuiteAlgorithm suite, bool holdsKey, TlsServerOptions options, CancellationToken cancellationToken)
    {
        if (options.TicketStore is not { } store || hello.PreSharedKeys is not { } offered || hello.PskModes?.Contains((byte)1) != true)
            return null;
        for (var i = 0; i < Math.Min(offered.Identities.Count, MostTicketsTried); i++)
        {
            var state = await FindAsync(store, offered.Identities[i].Identity, cancellationToken).ConfigureAwait(false);
            if (state == null)
                continue;
            using var wiping = new Wiping(state);
            if (ServerSession.TryParse(state) is not { } session)
                continue;
            if (!Fits(session, hello, suite) || (holdsKey && session.KeyProof == null) || await JudgeClientAsync(session, options, cancellationToken).ConfigureAwait(false) is not { } client)
            {
                session.PreSharedKey.Dispose();
                continue;
            }
            // RFC 8446 §4.2.11: the binder of the key that is taken must be validated first.
            var resumption = new ServerResumption((ushort)i, session, client);
            try
            {
                PskBinder.Demand(suite, session.PreSharedKey, PskKind.Resumption, before.Span, helloBytes.Span[..^offered.BindersLength], offered.Binders[i].Span);
                return resumption;
            }
            catch (TlsException)
            {
                resumption.Dispose();
                throw;
            }
        }
        return null;
    }

    public static async ValueTask<NewSessionTicket?> MakeTicketAsync(ITlsTicketStore store, SuiteAlgorithm suite, Secret resumptionMasterSecret, byte nonce, NamedGroup group, string? serverName, SslApplicationProtocol protocol, VerifiedPeer client, TlsServerOptions options, HandshakeHooks hooks, CancellationToken cancellationToken)
    {
        byte[] nonceBytes = [nonce];
        var ageAdd = RandomAgeAdd(hooks);
        using var key = ResumptionKey.Derive(suite, resumptionMasterSecret, nonceBytes);
        var state = new ServerSession
        {
            Version = TlsVersion.Tls13,
            CipherSuite = suite.Id,
            Group = group,
            ExtendedMasterSecret = true,
            Issued = DateTimeOffset.UtcNow,
            Lifetime = options.TicketLifetime,
            ServerName = serverName,
            ClientChain = client.Chain,
            PreSharedKey = key,
            AgeAdd = ageAdd,
            MaxEarlyDataSize = options.MaxEarlyDataSize,
            ApplicationProtocol = protocol,
            KeyProof = client.PreSharedKey is { } preSharedKey ? SessionKeyProof.Of(preSharedKey) : null,
        }.ToBytes();
        try
        {
            var ticket = await StoreAsync(store, state, options.TicketLifetime, cancellationToken).ConfigureAwait(false);
            return ticket == null ? null : new NewSessionTicket
            {
                LifetimeSeconds = (uint)options.TicketLifetime.TotalSeconds,
                AgeAdd = ageAdd,
                Nonce = nonceBytes,
                Ticket = ticket,
                Extensions = TicketExtensions(options),
            };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(state);
        }
    }

    // RFC 8446 §4.6.1
    private static ExtensionBlock TicketExtensions(TlsServerOptions options)
    {
        var extensions = new ExtensionBlock();
        if (options.MaxEarlyDataSize > 0)
            extensions.Add(ExtensionType.EarlyData, Extensions.BuildMaxEarlyDataSize(options.MaxEarlyDataSize));
        return extensions;
    }

    public void Dispose() => PreSharedKey.Dispose();

    // RFC 8446 §4.2.11 and §4.6.1: the same hash, the same name, and not older than it may be.
    private static bool Fits(ServerSession session, ClientHello hello, SuiteAlgorithm suite) =>
        session.Version == TlsVersion.Tls13
        && session.CipherSuite == suite.Id
        && session.ServerName == hello.ServerName
        && DateTimeOffset.UtcNow - session.Issued < session.Lifetime;

    // A client's chain is judged anew under the policy of now, and its key is looked up anew; what a server wants and the session does not show needs a full handshake.
    public static async ValueTask<VerifiedPeer?> JudgeClientAsync(ServerSession session, TlsServerOptions options, CancellationToken cancellationToken)
    {
        if (session.KeyProof is { } proof)
        {
            var key = options.PreSharedKeyResolver is { } resolver ? await ServerPsk.ResolveAsync(resolver, new TlsPreSharedKeyRequest(proof, session.ServerName), cancellationToken).ConfigureAwait(false) : null;
            return proof.Is(key) ? VerifiedPeer.HoldsKey(key!) : null;
        }
        if (options.ClientCertificateMode == ClientCertificateMode.None)
            return VerifiedPeer.AnonymousClient(ClientCertificateMode.None, session.Version);
        if (session.ClientChain.Count == 0)
            return null;
        var verdict = await options.ClientCertificateVerifier!.VerifyAsync(session.ClientChain, name: null, CertificatePurpose.Client, cancellationToken).ConfigureAwait(false);
        return verdict.IsAccepted ? VerifiedPeer.Resumed(session.ClientChain, verdict, scheme: null) : null;
    }

    public static async ValueTask<byte[]?> FindAsync(ITlsTicketStore store, ReadOnlyMemory<byte> ticket, CancellationToken cancellationToken)
    {
        try
        {
            return await store.FindAsync(ticket, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new TlsException(TlsError.LocalFailure, "the ticket store failed", exception);
        }
    }

    public static async ValueTask<byte[]?> StoreAsync(ITlsTicketStore store, ReadOnlyMemory<byte> state, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        try
        {
            return await store.StoreAsync(state, lifetime, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new TlsException(TlsError.LocalFailure, "the ticket store failed", exception);
        }
    }

    private static uint RandomAgeAdd(HandshakeHooks hooks)
    {
        Span<byte> bytes = stackalloc byte[4];
        hooks.FillRandom(bytes);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }
}

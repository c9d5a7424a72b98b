using System.Security.Authentication;
using System.Text;

namespace LucidTls.StartTls;

/// <summary>
/// A protocol that begins in plain text and turns into TLS on request. Both ends of that request, and nothing else of the protocol. There is no falling back: a peer that
/// does not turn to TLS is refused, and so is one that sends anything in the clear behind the go-ahead. The plain dialogue has to be done within the options' HandshakeTimeout, as the handshake after it.
/// Each object is safe for use by several connections at once.
/// </summary>
public abstract class StartTlsProtocol
{
    private protected StartTlsProtocol(string name, int defaultPort, string title)
    {
        Name = name;
        DefaultPort = defaultPort;
        Title = title;
    }

    /// <summary>SMTP and submission (RFC 3207).</summary>
    public static StartTlsProtocol Smtp { get; } = new SmtpStartTls();

    /// <summary>IMAP (RFC 9051 §6.2.1).</summary>
    public static StartTlsProtocol Imap { get; } = new ImapStartTls();

    /// <summary>POP3: STLS (RFC 2595 §4).</summary>
    public static StartTlsProtocol Pop3 { get; } = new Pop3StartTls();

    /// <summary>PostgreSQL: SSLRequest, and at a server also TLS from the first byte with the application protocol "postgresql".</summary>
    public static StartTlsProtocol Postgres { get; } = new PostgresStartTls();

    /// <summary>PostgreSQL 17 and later: TLS from the first byte, with the application protocol "postgresql". A server's end is <see cref="Postgres"/>, which takes both.</summary>
    public static StartTlsProtocol PostgresDirect { get; } = new PostgresDirectTls();

    /// <summary>MySQL and MariaDB: CLIENT_SSL. Clients are accepted by <see cref="AcceptForAsync"/>, with what the server behind says first.</summary>
    public static StartTlsProtocol MySql { get; } = new MySqlStartTls();

    /// <summary>LDAP: the extended operation of RFC 4511 §4.14.</summary>
    public static StartTlsProtocol Ldap { get; } = new LdapStartTls();

    /// <summary>XMPP between client and server (RFC 6120 §5).</summary>
    public static StartTlsProtocol Xmpp { get; } = new XmppStartTls();

    /// <summary>All there are.</summary>
    public static IReadOnlyList<StartTlsProtocol> All { get; } = [Smtp, Imap, Pop3, Postgres, PostgresDirect, MySql, Ldap, Xmpp];

    /// <summary>The protocol's name: "smtp", "imap", "pop3", "postgres", "postgres-direct", "mysql", "ldap" or "xmpp".</summary>
    public string Name { get; }

    /// <summary>The TCP port on which servers speak it.</summary>
    public int DefaultPort { get; }

    /// <summary>Whether <see cref="AcceptForAsync"/> is there, and <see cref="AcceptAsync"/> unless <see cref="NeedsServerToAccept"/>.</summary>
    public virtual bool HasServerSide => true;

    /// <summary>Whether a client can only be accepted when the server behind is there, since nobody else can say what that says first: MySQL's.</summary>
    public virtual bool NeedsServerToAccept => false;

    internal string Title { get; }

    /// <summary>The protocol of that name; null when there is none.</summary>
    public static StartTlsProtocol? Find(string name) => All.FirstOrDefault(protocol => protocol.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Asks the server for TLS and shakes hands.</summary>
    /// <param name="plain">The connection, on which nothing was read or written yet.</param>
    /// <param name="options">As for <see cref="TlsStream.AuthenticateAsClientAsync(TlsClientOptions, CancellationToken)"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The stream on which the protocol goes on, as after its own request for TLS. It owns <paramref name="plain"/>.</returns>
    /// <exception cref="AuthenticationException">The server does not offer TLS, breaks its protocol, or the handshake failed; the inner <see cref="TlsException"/> says why. <paramref name="plain"/> is then still the caller's.</exception>
    public Task<TlsStream> ConnectAsync(Stream plain, TlsClientOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plain);
        ArgumentNullException.ThrowIfNull(options);
        return UpgradeAsync(plain, options, AskAsync, cancellationToken);
    }

    /// <summary>
    /// The same for a client that knows nothing of it, as a tunnel needs it: <paramref name="client"/> is told what a server says first, and gets back from the stream returned what it then asks for.
    /// </summary>
    /// <param name="plain">The connection to the server, on which nothing was read or written yet.</param>
    /// <param name="options">As for <see cref="ConnectAsync"/>.</param>
    /// <param name="client">The plain connection to the client, which may be written to here, and read from where it has to speak first.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The stream to copy to and from the client. It owns <paramref name="plain"/>.</returns>
    /// <exception cref="AuthenticationException">As for <see cref="ConnectAsync"/>, or the client broke its protocol.</exception>
    public virtual async Task<Stream> ConnectForAsync(Stream plain, TlsClientOptions options, Stream client, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        var tls = await ConnectAsync(plain, options, cancellationToken).ConfigureAwait(false);
        if (Greeting(options.TargetHost ?? "localhost") is { } greeting)
        {
            await client.WriteAsync(Encoding.ASCII.GetBytes(greeting), cancellationToken).ConfigureAwait(false);
            await client.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        return tls;
    }

    /// <summary>
    /// The stream as a client library wants it that knows nothing of the request for TLS, and expects the server to speak first: it begins with a greeting of our own making, since the
    /// server's came in the clear.
    /// </summary>
    /// <param name="tls">What <see cref="ConnectAsync"/> gave; nothing was read from it yet.</param>
    /// <returns>A stream that owns <paramref name="tls"/>, or that itself where the client speaks first.</returns>
    /// <exception cref="NotSupportedException">The protocol's greeting says things that cannot be made up: MySQL's.</exception>
    public virtual Stream WithGreeting(TlsStream tls)
    {
        ArgumentNullException.ThrowIfNull(tls);
        return Greeting(tls.Session.ServerName ?? "localhost") is { } greeting ? new PrefixedStream(Encoding.ASCII.GetBytes(greeting), tls) : tls;
    }

    /// <summary>Waits for the client to ask for TLS, and shakes hands.</summary>
    /// <param name="plain">The connection, on which nothing was read or written yet.</param>
    /// <param name="options">As for <see cref="TlsStream.AuthenticateAsServerAsync(TlsServerOptions, CancellationToken)"/>.</param>
    /// <param name="hostName">The name that a greeting shows.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The stream on which the protocol goes on, as after the request for TLS: the client speaks next. It owns <paramref name="plain"/>.</returns>
    /// <exception cref="AuthenticationException">The client wants no TLS, breaks the protocol, or the handshake failed; the inner <see cref="TlsException"/> says why. <paramref name="plain"/> is then still the caller's.</exception>
    /// <exception cref="NotSupportedException">There is no server's end (<see cref="HasServerSide"/>), or it needs the server behind (<see cref="NeedsServerToAccept"/>).</exception>
    public async Task<TlsStream> AcceptAsync(Stream plain, TlsServerOptions options, string hostName = "localhost", CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plain);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(hostName);
        if (!HasServerSide)
            throw new NotSupportedException($"{Title} has no server's end here.");
        if (NeedsServerToAccept)
            throw new NotSupportedException($"{Title}'s greeting cannot be made up: AcceptForAsync passes on that of the server behind.");
        return await UpgradeAsync(plain, options, (link, token) => GrantAsync(link, hostName, token), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The same in front of a server that has no TLS and knows nothing of it: what that says first goes to the client, or is passed over where the client has been greeted already.
    /// </summary>
    /// <param name="plain">The connection to the client, on which nothing was read or written yet.</param>
    /// <param name="options">As for <see cref="AcceptAsync"/>.</param>
    /// <param name="server">A new plain connection to the server, which may be read from and written to here.</param>
    /// <param name="hostName">The name that a greeting of our own shows.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The stream to copy to and from the server. It owns <paramref name="plain"/>.</returns>
    /// <exception cref="AuthenticationException">As for <see cref="AcceptAsync"/>, or the server broke its protocol. <paramref name="plain"/> is then still the caller's unless TLS had begun.</exception>
    /// <exception cref="NotSupportedException">There is no server's end (<see cref="HasServerSide"/>).</exception>
    public virtual async Task<Stream> AcceptForAsync(Stream plain, TlsServerOptions options, Stream server, string hostName = "localhost", CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        var tls = await AcceptAsync(plain, options, hostName, cancellationToken).ConfigureAwait(false);
        try
        {
            await SkipGreetingAsync(server, cancellationToken).ConfigureAwait(false);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// The same, where <see cref="NeedsServerToAccept"/>, in front of a server that turns to TLS as well: what the two say before TLS goes from one to the other, and the server waits for the handshake when this returns. What the client says
    /// under TLS is then for the server under TLS, as it is.
    /// </summary>
    /// <param name="plain">As for <see cref="AcceptForAsync"/>.</param>
    /// <param name="options">The same.</param>
    /// <param name="server">The same; who begins TLS with it afterwards verifies it before anything else is passed on.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The client's stream.</returns>
    internal virtual Task<TlsStream> AcceptAlongAsync(Stream plain, TlsServerOptions options, Stream server, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException($"{Title} does not need the server behind to take a client.");

    /// <summary>Reads what a server without TLS says first, where it does, since a client that came in by <see cref="AcceptAsync"/> has been greeted.</summary>
    /// <param name="server">A new plain connection to it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="AuthenticationException">It does not greet as the protocol says; the inner <see cref="TlsException"/> says how.</exception>
    public async Task SkipGreetingAsync(Stream server, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        var link = new PlainLink(server);
        await ExplainAsync(async () =>
        {
            await ReadGreetingAsync(link, cancellationToken).ConfigureAwait(false);
            link.DemandNothingMore();
        }).ConfigureAwait(false);
    }

    /// <summary>The client's side of the dialogue; returns when TLS is to begin.</summary>
    private protected abstract ValueTask AskAsync(PlainLink link, string host, CancellationToken cancellationToken);

    /// <summary>The server's side of the dialogue; returns when TLS is to begin.</summary>
    private protected abstract ValueTask GrantAsync(PlainLink link, string host, CancellationToken cancellationToken);

    /// <summary>What a server of this protocol says first; null where the client speaks first.</summary>
    private protected virtual string? Greeting(string host) => null;

    private protected virtual ValueTask ReadGreetingAsync(PlainLink link, CancellationToken cancellationToken) => default;

    /// <summary>The options for the handshake.</summary>
    private protected virtual TlsClientOptions Prepare(TlsClientOptions options) => options;

    /// <summary>The options for the handshake.</summary>
    /// <param name="options">The caller's.</param>
    /// <param name="isDirect">Whether the client began with TLS and asked for nothing.</param>
    private protected virtual TlsServerOptions Prepare(TlsServerOptions options, bool isDirect) => options;

    private protected async Task<TlsStream> UpgradeAsync(Stream plain, TlsClientOptions options, Func<PlainLink, string, CancellationToken, ValueTask> ask, CancellationToken cancellationToken)
    {
        var link = new PlainLink(plain);
        await WithinAsync(options, token => ask(link, options.TargetHost ?? "localhost", token), cancellationToken).ConfigureAwait(false);
        var tls = new TlsStream(plain);
        await tls.AuthenticateAsClientAsync(Prepare(options), cancellationToken).ConfigureAwait(false);
        return tls;
    }

    private protected async Task<TlsStream> UpgradeAsync(Stream plain, TlsServerOptions options, Func<PlainLink, CancellationToken, ValueTask> grant, CancellationToken cancellationToken)
    {
        var link = new PlainLink(plain);
        await WithinAsync(options, token => grant(link, token), cancellationToken).ConfigureAwait(false);
        var hasStart = !link.TlsStart.IsEmpty;
        var tls = new TlsStream(hasStart ? new PrefixedStream(link.TlsStart, plain) : plain);
        await tls.AuthenticateAsServerAsync(Prepare(options, isDirect: hasStart), cancellationToken).ConfigureAwait(false);
        return tls;
    }

    private protected static Task WithinAsync(TlsOptions options, Func<CancellationToken, ValueTask> dialogue, CancellationToken cancellationToken, string where = "in the plain dialogue in front of TLS") => ExplainAsync(async () =>
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (options.HandshakeTimeout != Timeout.InfiniteTimeSpan)
            limit.CancelAfter(options.HandshakeTimeout);
        try
        {
            await dialogue(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TlsException(TlsError.HandshakeTimeout, $"{options.HandshakeTimeout.TotalSeconds:0.#} seconds, {where}", exception);
        }
    });

    private static async Task ExplainAsync(Func<Task> dialogue)
    {
        try
        {
            await dialogue().ConfigureAwait(false);
        }
        catch (TlsException exception)
        {
            throw new AuthenticationException(exception.Message, exception);
        }
        catch (IOException exception)
        {
            // Under TLS already, it is TLS that says why.
            var why = exception.InnerException as TlsException ?? new TlsException(TlsError.TransportFailed, exception.Message, exception);
            throw new AuthenticationException(why.Message, why);
        }
    }
}

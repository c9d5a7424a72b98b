using System.Security.Authentication;
using System.Text;
using LucidTls.StartTls;

namespace LucidTls.Fuzz;

/// <summary>The plain dialogues in front of TLS. The first byte picks protocol and end, the rest is what the peer says; in front of a server whose greeting is needed, the second byte says how much of the rest is said by the server.</summary>
internal static class StartTlsDialogue
{
    private const string Stream = "<?xml version='1.0'?><stream:stream from='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
    private const string MySqlGreeting = "\u0049\0\0\0\u000A10.11\0\u0001\0\0\0noncenon\0\u00FF\u00AA-\u0002\0\u00FF\u0081\u0015\0\0\0\0\0\0\0\0\0\0cenoncenonce\0mysql_native_password\0";

    public static List<byte[]> Seeds { get; } =
    [
        Seed(0, "220 ready\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n"),
        Seed(1, "EHLO x\r\nNOOP\r\nSTARTTLS\r\n"),
        Seed(2, "* OK ready\r\n* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\na2 OK go\r\n"),
        Seed(3, "a CAPABILITY\r\nb STARTTLS\r\n"),
        Seed(4, "+OK ready\r\n+OK go\r\n"),
        Seed(5, "CAPA\r\nSTLS\r\n"),
        Seed(6, "S"),
        Seed(7, "\0\0\0\u0008\u0004\u00D2\u0016\u0030\0\0\0\u0008\u0004\u00D2\u0016\u002F"),
        Seed(10, MySqlGreeting),
        Seed(11, (char)MySqlGreeting.Length + MySqlGreeting + "\u0020\0\0\u0001\u0005\u000A\0\0" + new string('\0', 28) + "\u0016\u0003\u0001\0\u0002\u0001\0"),
        Seed(11, (char)MySqlGreeting.Length + MySqlGreeting + "\u0020\0\0\u0001\u0005\u0002\0\0" + new string('\0', 28)),
        Seed(12, "0\u000C\u0002\u0001\u0001x\u0007\n\u0001\0\u0004\0\u0004\0"),
        Seed(13, "0\u001D\u0002\u0001\u0001w\u0018\u0080\u00161.3.6.1.4.1.1466.20037"),
        Seed(14, Stream + "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features><proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        Seed(15, Stream + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
    ];

    /// <summary>The bytes come one a read, so that a dialogue gets as far as it can: nothing is there too early.</summary>
    public static void Run(byte[] data)
    {
        if (data.Length == 0)
            return;
        var protocol = StartTlsProtocol.All[data[0] / 2 % StartTlsProtocol.All.Count];
        var isServer = data[0] % 2 == 1 && protocol.HasServerSide;
        var said = data.AsMemory(1);
        var byServer = isServer && protocol.NeedsServerToAccept && data.Length > 1 ? 1 + Math.Min(data[1], said.Length - 1) : 0;
        using var peer = new Peer(said[byServer..]);
        using var server = new Peer(said[Math.Min(byServer, 1)..byServer]);
        try
        {
            Task done = (isServer, protocol.NeedsServerToAccept) switch
            {
                (true, true) => protocol.AcceptForAsync(peer, LucidTls.Fuzz.Seeds.ServerOptions, server),
                (true, false) => protocol.AcceptAsync(peer, LucidTls.Fuzz.Seeds.ServerOptions),
                _ => protocol.ConnectAsync(peer, LucidTls.Fuzz.Seeds.ClientOptions),
            };
            done.GetAwaiter().GetResult();
        }
        catch (AuthenticationException exception) when (exception.InnerException is TlsException)
        {
            // The one exception that input may cause.
            return;
        }
        throw new InvalidOperationException("A handshake with nobody succeeded.");
    }

    private static byte[] Seed(byte choice, string said) => [choice, .. Encoding.Latin1.GetBytes(said)];

    private sealed class Peer(ReadOnlyMemory<byte> said) : Stream
    {
        private int _at;

        public override bool CanRead => true;
        public override bool CanWrite => true;
        public override bool CanSeek => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (_at == said.Length || count == 0)
                return 0;
            buffer[offset] = said.Span[_at++];
            return 1;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_at == said.Length || buffer.IsEmpty)
                return ValueTask.FromResult(0);
            buffer.Span[0] = said.Span[_at++];
            return ValueTask.FromResult(1);
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

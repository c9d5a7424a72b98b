using System.Net.Security;

namespace LucidTls;

/// <summary>A TLS connection over another stream, used as SslStream is.</summary>
public sealed class TlsStream : Stream
{
    /// <summary>Wraps a stream, which is disposed with this one unless told otherwise.</summary>
    public TlsStream(Stream innerStream, bool leaveInnerStreamOpen = false) => throw new NotSupportedException();

    /// <summary>What the handshake agreed on.</summary>
    /// <exception cref="InvalidOperationException">There was no successful handshake yet.</exception>
    public TlsSessionInfo Session => throw new NotSupportedException();
    /// <summary>Whether the handshake is done.</summary>
    public bool IsAuthenticated => false;
    /// <summary>The application protocol agreed on.</summary>
    public SslApplicationProtocol NegotiatedApplicationProtocol => default;

    /// <summary>Shakes hands as the client.</summary>
    public Task AuthenticateAsClientAsync(TlsClientOptions options, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <summary>Shakes hands as the client, trusting the system's roots.</summary>
    public Task AuthenticateAsClientAsync(string targetHost, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <summary>Shakes hands as the server.</summary>
    public Task AuthenticateAsServerAsync(TlsServerOptions options, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <summary>Shakes hands as the client.</summary>
    public void AuthenticateAsClient(TlsClientOptions options) => throw new NotSupportedException();
    /// <summary>Shakes hands as the server.</summary>
    public void AuthenticateAsServer(TlsServerOptions options) => throw new NotSupportedException();
    /// <summary>Sends close_notify: this end will write no more; reading goes on (half-close).</summary>
    public Task ShutdownAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <summary>Updates the keys of the writing direction and, if asked, asks the peer to do so too (RFC 8446 §4.6.3).</summary>
    public ValueTask UpdateKeysAsync(bool requestPeerUpdate = false, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <summary>Exports keying material (RFC 8446 §7.5, RFC 5705).</summary>
    public byte[] ExportKeyingMaterial(string label, ReadOnlySpan<byte> context, int length) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override bool CanRead => true;
    /// <inheritdoc/>
    public override bool CanSeek => false;
    /// <inheritdoc/>
    public override bool CanWrite => true;
    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();
    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    /// <inheritdoc/>
    public override void Flush() { }
    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

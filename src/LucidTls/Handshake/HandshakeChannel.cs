using System.Runtime.CompilerServices;
using LucidTls.Protocol;
using LucidTls.Records;

namespace LucidTls.Handshake;

/// <summary>What a handshake speaks through: whole messages and changes of keys. How they travel is the channel's affair.</summary>
internal abstract class HandshakeChannel
{
    /// <summary>The peer's next handshake message.</summary>
    /// <exception cref="TlsException">The peer ended the connection, or sent what may not come.</exception>
    public abstract ValueTask<HandshakeMessage> ReceiveAsync(CancellationToken cancellationToken);

    /// <summary>The peer's next handshake message, which must be of that type.</summary>
    /// <exception cref="TlsException">The peer ended the connection, or sent what may not come.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<HandshakeMessage> ReceiveAsync(HandshakeType expected, CancellationToken cancellationToken)
    {
        var message = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
        message.Demand(expected);
        return message;
    }

    /// <summary>Waits for the record that announces the peer's new keys in TLS 1.2 (RFC 5246 §7.1): nothing else may come.</summary>
    public abstract ValueTask ReceiveChangeCipherSpecAsync(CancellationToken cancellationToken);

    /// <summary>Queues a message under the present keys. The bytes returned are those that go out, for the transcript, valid until the next call.</summary>
    public abstract ReadOnlyMemory<byte> Send(IHandshakeBody message, string detail);

    /// <summary>Queues application data under the present keys: early data of a client, or a server's before the client's Finished.</summary>
    public abstract void SendData(ReadOnlySpan<byte> data);

    /// <summary>The next piece of a client's early data, valid until the next call; empty when a handshake message comes in its place.</summary>
    public abstract ValueTask<ReadOnlyMemory<byte>> ReceiveEarlyDataAsync(CancellationToken cancellationToken);

    /// <summary>Queues the record that announces new keys in TLS 1.2 (RFC 5246 §7.1) and that middleboxes expect in TLS 1.3 (RFC 8446 §D.4).</summary>
    public abstract void SendChangeCipherSpec();

    /// <summary>Sends what is queued.</summary>
    public abstract ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>Sends what is queued, or lets it wait for data that follow at once: nobody waits for it.</summary>
    public virtual ValueTask FlushLaterAsync(CancellationToken cancellationToken) => FlushAsync(cancellationToken);

    /// <summary>Protects what is sent from here on.</summary>
    public abstract void InstallWriteKeys(TrafficKeys keys, TlsProtection protection);

    /// <summary>What is sent from here on is in the clear again, after early data that was refused (RFC 8446 §4.1.2).</summary>
    public abstract void RemoveWriteKeys();

    /// <summary>Opens what comes from here on; no part of a message may be left over (RFC 8446 §5.1).</summary>
    public abstract void InstallReadKeys(TrafficKeys keys, TlsProtection protection);

    /// <summary>The version agreed on, which decides what alerts mean.</summary>
    public abstract TlsVersion Version { set; }

    /// <summary>Whether change_cipher_spec records from the peer are dropped rather than refused (RFC 8446 §5).</summary>
    public abstract bool AllowsChangeCipherSpec { set; }

    /// <summary>How many bytes of early data that nobody can open are passed over (RFC 8446 §4.2.10).</summary>
    public abstract int EarlyDataToSkip { set; }

    /// <summary>How much content our records may carry.</summary>
    /// <param name="content">Bytes in a protected record.</param>
    /// <param name="contentInTheClear">Bytes in one without protection.</param>
    public abstract void LimitContentSent(int content, int contentInTheClear);

    /// <summary>How much content, in bytes, the peer's protected records may carry.</summary>
    public abstract int MostContentReceived { set; }

    /// <summary>Says what the message just received carried.</summary>
    public abstract void Describe(string detail);
}

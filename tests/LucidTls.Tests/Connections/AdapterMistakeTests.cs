using System.Security.Authentication;
using LucidTls.TestSupport;

namespace LucidTls.Tests.Connections;

/// <summary>Mistakes that adapters between a protocol engine and a stream are known to make, shown not to be made here.</summary>
public sealed class AdapterMistakeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_does_not_wait_for_the_transport_while_a_whole_record_lies_in_its_buffer()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var counting = new CountingReads(clientSide);
        var (client, server) = await Fixture.ConnectAsync(counting, serverSide);
        await using (client)
        await using (server)
        {
            // Twenty records that arrive together, in two reads at most: the small buffer fills first.
            for (var i = 0; i < 20; i++)
                await server.WriteAsync(new byte[50], Cancellation);
            var before = counting.Reads;
            for (var i = 0; i < 20; i++)
                await client.ReadExactlyAsync(new byte[50], Cancellation).AsTask().WaitAsync(Fixture.Patience, Cancellation);
            Assert.InRange(counting.Reads - before, 1, 5);
        }
    }

    [Fact]
    public async Task It_does_not_spin_when_the_peer_closes_in_the_middle_of_a_record()
    {
        var (clientSide, serverSide) = DuplexPipe.Create();
        var counting = new CountingReads(clientSide);
        var (client, server) = await Fixture.ConnectAsync(counting, serverSide);
        await serverSide.WriteAsync(new byte[] { 23, 3, 3, 0, 100, 1, 2, 3 }, Cancellation);
        await serverSide.DisposeAsync();
        var before = counting.Reads;
        var failure = await Assert.ThrowsAsync<IOException>(async () => await client.ReadAsync(new byte[10], Cancellation).AsTask().WaitAsync(Fixture.Patience, Cancellation));
        Assert.Equal(TlsError.Truncated, Assert.IsType<TlsException>(failure.InnerException).Error);
        Assert.Contains("middle of a record", failure.Message, StringComparison.Ordinal);
        Assert.InRange(counting.Reads - before, 1, 3);
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_client_certificate_that_is_refused_is_never_seen_as_accepted()
    {
        using var strangers = new TestPki();
        var clientOptions = Fixture.ClientOptions();
        clientOptions.Identity = strangers.Client().Identity();
        var serverOptions = Fixture.ServerOptions();
        serverOptions.ClientCertificateMode = ClientCertificateMode.Required;
        serverOptions.ClientCertificateVerifier = Fixture.Verifier;
        var (clientSide, serverSide) = DuplexPipe.Create();
        await using var client = new TlsStream(clientSide);
        await using var server = new TlsStream(serverSide);
        var clientShakes = client.AuthenticateAsClientAsync(clientOptions, Cancellation);
        var refused = await Assert.ThrowsAsync<AuthenticationException>(() => server.AuthenticateAsServerAsync(serverOptions, Cancellation));
        Assert.Equal(TlsError.CertificateUnknownIssuer, Assert.IsType<TlsException>(refused.InnerException).Error);
        Assert.False(server.IsAuthenticated);
        Assert.False(server.IsMutuallyAuthenticated);
        Assert.Throws<InvalidOperationException>(() => _ = server.Session);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await server.ReadAsync(new byte[1], Cancellation));
        // The client is done before the server judges (RFC 8446 §4.4.2.4); its first read says that it was refused, and why.
        await clientShakes;
        var told = await Assert.ThrowsAsync<IOException>(async () => await client.ReadAsync(new byte[1], Cancellation));
        Assert.Equal(TlsAlert.UnknownCA, Assert.IsType<TlsException>(told.InnerException).Alert);
    }

    [Fact]
    public async Task Records_of_the_greatest_length_allowed_are_read_and_longer_ones_are_refused()
    {
        var options = Fixture.ServerOptions();
        options.Padding = RecordPadding.Custom(_ => int.MaxValue);
        var (client, server) = await Fixture.ConnectAsync(null, options);
        await using (client)
        await using (server)
        {
            var data = new byte[16 * 1024 + 1];
            Random.Shared.NextBytes(data);
            await server.WriteAsync(data, Cancellation);
            var received = new byte[data.Length];
            await client.ReadExactlyAsync(received, Cancellation).AsTask().WaitAsync(Fixture.Patience, Cancellation);
            Assert.Equal(data, received);
        }

        var (clientSide, serverSide) = DuplexPipe.Create();
        var (second, peer) = await Fixture.ConnectAsync(clientSide, serverSide);
        await using (second)
        await using (peer)
        {
            // 0x8000 is negative in a signed short.
            foreach (var length in new byte[] { 0x41, 0x80, 0xFF })
            {
                await serverSide.WriteAsync(new byte[] { 23, 3, 3, length, 1 }, Cancellation);
                var failure = await Assert.ThrowsAsync<IOException>(async () => await second.ReadAsync(new byte[10], Cancellation));
                Assert.Equal(TlsError.RecordTooLong, Assert.IsType<TlsException>(failure.InnerException).Error);
            }
        }
    }

    private sealed class CountingReads(Stream inner) : WrappingStream(inner)
    {
        public int Reads { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Reads++;
            return base.ReadAsync(buffer, cancellationToken);
        }
    }
}

namespace LucidTls.Tests.Connections;

/// <summary>After warming up, a record costs no allocation.</summary>
public sealed class AllocationTests
{
    [Fact]
    public async Task A_record_written_and_read_allocates_nothing()
    {
        var (clientSide, serverSide) = LoopStream.Pair();
        var client = new TlsStream(clientSide);
        var server = new TlsStream(serverSide);
        // The loop never waits, so that the two ends have to take turns; a handshake needs real waiting.
        await Task.WhenAll(client.AuthenticateAsClientAsync(Fixture.ClientOptions(), TestContext.Current.CancellationToken), server.AuthenticateAsServerAsync(Fixture.ServerOptions(), TestContext.Current.CancellationToken)).WaitAsync(Fixture.Patience, TestContext.Current.CancellationToken);
        var data = new byte[1000];
        Echo(client, server, data, 200);
        // The platform's own AEAD may allocate once in a while, for its caches; per record it is nothing.
        Assert.InRange(Allocated(() => Echo(client, server, data, 1000)), 0, 1000 + (2 * 1000 * StateMachines));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_record_of_a_connection_without_IO_allocates_nothing(bool isTls12)
    {
        var options = Fixture.ClientOptions();
        if (isTls12)
            options.MaximumVersion = TlsVersion.Tls12;
        using var client = TlsConnection.CreateClient(options);
        using var server = TlsConnection.CreateServer(Fixture.ServerOptions());
        var buffer = new byte[32 * 1024];
        for (var i = 0; i < 2; i++)
        {
            server.Receive(buffer.AsSpan(0, client.TakeOutput(buffer)));
            client.Receive(buffer.AsSpan(0, server.TakeOutput(buffer)));
        }
        foreach (var data in new[] { new byte[1], new byte[1000], new byte[16 * 1024] })
        {
            Echo(client, server, data, buffer, 200);
            Assert.InRange(Allocated(() => Echo(client, server, data, buffer, 1000)), 0, 1000);
        }
    }

#if DEBUG
    /// <summary>A debug build makes objects of its asynchronous methods' state; only what users get is held to nothing.</summary>
    private const int StateMachines = 1000;
#else
    private const int StateMachines = 0;
#endif

    /// <summary>The least of some times: what all threads share, the pool of buffers for one, costs a new object now and then where others use it meanwhile. What a record costs, it costs each time.</summary>
    private static long Allocated(Action work)
    {
        var least = long.MaxValue;
        for (var i = 0; i < 3; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }

    private static void Echo(TlsStream client, TlsStream server, byte[] data, int rounds)
    {
        for (var i = 0; i < rounds; i++)
        {
            Carry(client, server, data);
            Carry(server, client, data);
        }
    }

    private static void Carry(TlsStream from, TlsStream to, byte[] data)
    {
        Finish(from.WriteAsync(data));
        var count = 0;
        while (count < data.Length)
            count += Finish(to.ReadAsync(data.AsMemory(count)));
    }

    private static void Echo(TlsConnection client, TlsConnection server, byte[] data, byte[] buffer, int rounds)
    {
        for (var i = 0; i < rounds; i++)
        {
            Carry(client, server, data, buffer);
            Carry(server, client, data, buffer);
        }
    }

    private static void Carry(TlsConnection from, TlsConnection to, byte[] data, byte[] buffer)
    {
        from.Write(data);
        to.Receive(buffer.AsSpan(0, from.TakeOutput(buffer)));
        Assert.True(data.Length == to.Read(data)); // Assert.Equal allocates.
    }

    private static void Finish(ValueTask task)
    {
        Assert.True(task.IsCompleted);
        task.GetAwaiter().GetResult();
    }

    private static int Finish(ValueTask<int> task)
    {
        Assert.True(task.IsCompleted);
        return task.GetAwaiter().GetResult();
    }

    /// <summary>A transport in memory that does not allocate once its buffer has grown.</summary>
    private sealed class LoopStream(LoopStream.Queue input, LoopStream.Queue output) : Stream
    {
        public static (Stream Client, Stream Server) Pair()
        {
            var toServer = new Queue();
            var toClient = new Queue();
            return (new LoopStream(toClient, toServer), new LoopStream(toServer, toClient));
        }

        public override bool CanRead => true;
        public override bool CanWrite => true;
        public override bool CanSeek => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            input.TryTake(buffer.Span, out var count) ? new ValueTask<int>(count) : WaitAsync(buffer);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            output.Put(buffer.Span);
            return default;
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();

        private async ValueTask<int> WaitAsync(Memory<byte> buffer)
        {
            int count;
            while (!input.TryTake(buffer.Span, out count))
                await Task.Delay(1);
            return count;
        }

        internal sealed class Queue
        {
            private readonly Lock _lock = new();
            private readonly byte[] _bytes = new byte[256 * 1024];
            private int _start;
            private int _end;

            public void Put(ReadOnlySpan<byte> bytes)
            {
                lock (_lock)
                {
                    bytes.CopyTo(_bytes.AsSpan(_end));
                    _end += bytes.Length;
                }
            }

            public bool TryTake(Span<byte> destination, out int count)
            {
                lock (_lock)
                {
                    count = Math.Min(destination.Length, _end - _start);
                    _bytes.AsSpan(_start, count).CopyTo(destination);
                    _start += count;
                    if (_start == _end)
                        _start = _end = 0;
                    return count > 0;
                }
            }
        }
    }
}

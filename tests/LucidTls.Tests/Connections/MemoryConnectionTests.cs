using System.Text;
using CsCheck;

namespace LucidTls.Tests.Connections;

/// <summary>Properties of a whole conversation between two <see cref="TlsConnection"/>s.</summary>
public sealed class MemoryConnectionTests
{
    private static readonly byte[] Request = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("a request of some length; ", 20)));
    private static readonly byte[] Response = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("and what came back; ", 30)));

    /// <summary>TLS 1.2 or not.</summary>
    public static TheoryData<bool> Versions => [false, true];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Any_split_of_the_byte_stream_into_pieces_gives_the_same_result(bool isTls12) =>
        Gen.Int[1, 700].Sample(pieceSize => DemandUnchanged(isTls12, pieceSize), iter: 60);

    [Theory]
    [MemberData(nameof(Versions))]
    public void Single_bytes_are_as_good_as_whole_flights(bool isTls12) => DemandUnchanged(isTls12, 1);

    [Theory]
    [MemberData(nameof(Versions))]
    public void Any_bit_flipped_in_either_direction_ends_in_a_TlsException_and_never_in_wrong_data(bool isTls12)
    {
        var carried = Carried(isTls12);
        Gen.Select(Gen.Bool, Gen.Int[0, 1_000_000]).Sample((fromClient, bit) =>
        {
            var bytes = fromClient ? carried.ToServer : carried.ToClient;
            bit %= bytes.Count * 8;
            if (!VersionsOfPlainRecords(bytes, isTls12).Contains(bit / 8))
                DemandFailure(isTls12, fromClient, bit);
        }, iter: 3000);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public void Every_truncation_is_reported_as_what_it_is(bool isTls12, bool fromClient)
    {
        var carried = Carried(isTls12);
        var length = (fromClient ? carried.ToServer : carried.ToClient).Count;
        for (var cut = 0; cut < length; cut += 1 + cut / 40)
        {
            var failure = Assert.Throws<TlsException>(() => Converse(isTls12, int.MaxValue, fromClient, cut, flipBit: -1));
            Assert.True(failure.Error is TlsError.ClosedDuringHandshake or TlsError.Truncated, $"cut at {cut}: {failure.Message}");
            Assert.Equal(TlsFailureSource.Transport, failure.Source);
        }
    }

    [Fact]
    public void A_failed_connection_stays_failed_with_the_same_error()
    {
        using var server = TlsConnection.CreateServer(Fixture.ServerOptions());
        var first = Assert.Throws<TlsException>(() => server.Receive("GET / HTTP/1.1\r\n"u8));
        var second = Assert.Throws<TlsException>(() => server.Receive("GET / HTTP/1.1\r\n"u8));
        Assert.Equal((TlsError.PlainHttpRequest, TlsError.PlainHttpRequest), (first.Error, second.Error));
        Assert.Throws<InvalidOperationException>(() => _ = server.Session);
    }

    [Fact]
    public void The_alert_about_a_failure_waits_among_the_output()
    {
        using var server = TlsConnection.CreateServer(Fixture.ServerOptions());
        Assert.Throws<TlsException>(() => server.Receive("GET / HTTP/1.1\r\n"u8));
        var output = new byte[100];
        Assert.Equal([21, 3, 3, 0, 2, 2, (byte)TlsAlert.UnexpectedMessage], output[..server.TakeOutput(output)]);
    }

    [Fact]
    public void Both_ends_export_the_same_keying_material()
    {
        var (client, server) = Connect();
        using (client)
        using (server)
        {
            Assert.Equal(client.ExportKeyingMaterial("EXPORTER-test", "context"u8, 77), server.ExportKeyingMaterial("EXPORTER-test", "context"u8, 77));
            Assert.NotEqual(client.ExportKeyingMaterial("EXPORTER-test", "context"u8, 32), client.ExportKeyingMaterial("EXPORTER-test", "other"u8, 32));
            Assert.NotEqual(client.ExportKeyingMaterial("EXPORTER-test", default, 32), client.ExportKeyingMaterial("EXPORTER-other", default, 32));
            // No label is a label too.
            Assert.Equal(client.ExportKeyingMaterial("", "context"u8, 32), server.ExportKeyingMaterial("", "context"u8, 32));
            Assert.NotEqual(client.ExportKeyingMaterial("", "context"u8, 32), client.ExportKeyingMaterial("EXPORTER-test", "context"u8, 32));
        }
    }

    [Fact]
    public void Keys_are_updated_by_either_end_in_the_midst_of_data()
    {
        var (client, server) = Connect();
        using (client)
        using (server)
        {
            var buffer = new byte[100];
            for (byte round = 0; round < 10; round++)
            {
                client.UpdateKeys(requestPeerUpdate: round % 2 == 0);
                client.Write([round]);
                Pump(client, server);
                Assert.Equal(1, server.Read(buffer));
                Assert.Equal(round, buffer[0]);
                server.Write([round]);
                Pump(server, client);
                Assert.Equal(1, client.Read(buffer));
                Assert.Equal(round, buffer[0]);
            }
        }
    }

    [Fact]
    public void Nothing_is_written_after_Close()
    {
        var (client, server) = Connect();
        using (client)
        using (server)
        {
            client.Close();
            Pump(client, server);
            client.Close();
            Assert.Throws<InvalidOperationException>(() => client.Write([1]));
            Assert.Throws<InvalidOperationException>(() => client.UpdateKeys());
            Assert.Equal(0, client.PendingOutput);
        }
    }

    [Fact]
    public void A_peer_that_updates_its_keys_without_end_is_cut_off()
    {
        var (client, server) = Connect();
        using (client)
        using (server)
        {
            for (var i = 0; i < 40; i++)
                client.UpdateKeys();
            Pump(client, server);
            var failure = Assert.Throws<TlsException>(() => server.Read(new byte[10]));
            Assert.Equal(TlsError.TooManyEmptyMessages, failure.Error);
        }
    }

    private static void DemandFailure(bool isTls12, bool fromClient, int bit)
    {
        var failure = Record.Exception(() => Converse(isTls12, int.MaxValue, fromClient, cut: -1, flipBit: bit));
        Assert.True(failure is TlsException, $"bit {bit} of byte {bit / 8} {(fromClient ? "from the client" : "from the server")}: {failure?.ToString() ?? "nobody noticed"}");
    }

    private static void DemandUnchanged(bool isTls12, int pieceSize)
    {
        var (request, response) = Converse(isTls12, pieceSize);
        Assert.Equal(Request, request);
        Assert.Equal(Response, response);
    }

    // RFC 8446 §5.1: legacy_record_version "MUST be ignored for all purposes"; protected records have it in their associated data.
    // In TLS 1.2 the same field is protected in what comes after change_cipher_spec.
    private static HashSet<int> VersionsOfPlainRecords(List<byte> bytes, bool isTls12)
    {
        var versions = new HashSet<int>();
        for (var at = 0; at < bytes.Count; at += 5 + (bytes[at + 3] << 8 | bytes[at + 4]))
        {
            if (bytes[at] != 23)
                versions.UnionWith([at + 1, at + 2]);
            if (isTls12 && bytes[at] == 20)
                break;
        }
        return versions;
    }

    private static Traffic Carried(bool isTls12)
    {
        var traffic = new Traffic();
        Converse(isTls12, int.MaxValue, traffic: traffic);
        return traffic;
    }

    private static (TlsConnection Client, TlsConnection Server) Connect()
    {
        var client = TlsConnection.CreateClient(Fixture.ClientOptions());
        var server = TlsConnection.CreateServer(Fixture.ServerOptions());
        while (!client.IsAuthenticated || !server.IsAuthenticated)
        {
            Pump(client, server);
            Pump(server, client);
        }
        return (client, server);
    }

    private static void Pump(TlsConnection from, TlsConnection to)
    {
        var buffer = new byte[4096];
        int count;
        while ((count = from.TakeOutput(buffer)) > 0)
            to.Receive(buffer.AsSpan(0, count));
    }

    private sealed record Traffic
    {
        public List<byte> ToServer { get; } = [];
        public List<byte> ToClient { get; } = [];
    }

    /// <summary>A handshake, a request, a response, and both ends closed; with the bytes cut in pieces, cut off or changed on the way.</summary>
    private static (byte[] Request, byte[] Response) Converse(bool isTls12, int pieceSize, bool fromClient = false, int cut = -1, int flipBit = -1, Traffic? traffic = null)
    {
        var clientOptions = Fixture.ClientOptions();
        if (isTls12)
            clientOptions.MinimumVersion = clientOptions.MaximumVersion = TlsVersion.Tls12;
        using var client = TlsConnection.CreateClient(clientOptions);
        var serverOptions = Fixture.ServerOptions();
        // Its signatures are all of one length, so every conversation has the same number of bytes.
        serverOptions.Identities = [Fixture.Ed25519Server];
        using var server = TlsConnection.CreateServer(serverOptions);
        traffic ??= new Traffic();
        var request = new List<byte>();
        var response = new List<byte>();
        var buffer = new byte[64 * 1024];
        var requested = false;
        var answered = false;
        // Ten rounds are more than the conversation needs: whoever waits for more then has been cut off.
        for (var round = 0; round < 10; round++)
        {
            if (client.IsAuthenticated && !requested)
            {
                requested = true;
                client.Write(Request);
            }
            Carry(client, server, traffic.ToServer, fromClient);
            Drain(server, request);
            if (server.IsAuthenticated && request.Count == Request.Length && !answered)
            {
                answered = true;
                server.Write(Response);
                server.Close();
            }
            Carry(server, client, traffic.ToClient, !fromClient);
            Drain(client, response);
            if (client.PeerClosed)
            {
                if (!server.PeerClosed)
                    client.Close();
                Carry(client, server, traffic.ToServer, fromClient);
                Drain(server, request);
                if (server.PeerClosed)
                    return ([.. request], [.. response]);
            }
        }
        server.ReceiveEnd();
        client.ReceiveEnd();
        Drain(server, request);
        Drain(client, response);
        throw new InvalidOperationException("The conversation came to no end, and nobody said why.");

        void Carry(TlsConnection from, TlsConnection to, List<byte> log, bool isDisturbed)
        {
            int count;
            while ((count = from.TakeOutput(buffer.AsSpan(0, Math.Min(pieceSize, buffer.Length)))) > 0)
            {
                var piece = buffer.AsSpan(0, count);
                var carried = log.Count;
                log.AddRange(piece);
                if (isDisturbed && flipBit / 8 >= carried && flipBit / 8 < carried + count && flipBit >= 0)
                    piece[flipBit / 8 - carried] ^= (byte)(1 << flipBit % 8);
                if (isDisturbed && cut >= 0)
                    piece = piece[..Math.Clamp(cut - carried, 0, count)];
                to.Receive(piece);
            }
        }

        static void Drain(TlsConnection connection, List<byte> into)
        {
            var data = new byte[16 * 1024];
            int count;
            while (connection.IsAuthenticated && (count = connection.Read(data)) > 0)
                into.AddRange(data.AsSpan(0, count));
        }
    }
}

using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;
using MySqlConnector;

namespace LucidTls.Interop.Tests;

/// <summary>Our front before a MariaDB that has no TLS, or is asked for it, reached by its own client, by MySqlConnector, and through our tunnel.</summary>
public sealed class MariaDbFrontTests(PkiFixture pki)
{
    private const int LargeValue = 20_000_000; // more than a packet holds

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Clients_reach_a_server_without_TLS_in_every_way_that_needs_no_TLS_there()
    {
        using var server = await Database.StartMariaDbAsync(pki, hasTls: false);
        using var front = await FrontAsync(server);

        // By a hash of the password, by a signature, without a password, and with everything compressed.
        foreach (var (user, more) in new[] { ("app", "--password=secret"), ("signer", "--password=secret"), ("first", "--skip-password"), ("app", "--password=secret --compress") })
        {
            using var client = StartClient(front, front.AuthorityFile, [$"--user={user}", .. more.Split(' '), "-e", "select concat('it is ', user()), repeat('x', 100000);\nstatus"]);
            Assert.True(await client.WaitForExitAsync() == 0, client.Text);
            Assert.Contains($"it is {user}@localhost", client.Text, StringComparison.Ordinal);
            Assert.Matches("SSL:.*Cipher in use is TLS_", client.Text);
            Assert.Equal(more.Contains("--compress", StringComparison.Ordinal), client.Text.Contains("Protocol:\t\tCompressed", StringComparison.Ordinal));
        }

        foreach (var (user, password, why) in new[] { ("app", "wrong", "Access denied"), ("signer", "wrong", "Access denied"), ("strict", "secret", "Access denied") })
        {
            using var client = StartClient(front, front.AuthorityFile, [$"--user={user}", $"--password={password}", "-e", "select 1"]);
            Assert.NotEqual(0, await client.WaitForExitAsync());
            Assert.Contains(why, client.Text, StringComparison.Ordinal);
        }

        foreach (var isCompressed in (bool[])[false, true])
            await QueryAsync($"Server=localhost;Port={front.Url.Port};User ID=app;Password=secret;SSL Mode=VerifyFull;SSL CA={front.AuthorityFile};Use Compression={isCompressed}");
    }

    [Fact]
    public async Task A_plain_client_reaches_a_plain_server_through_our_tunnel_and_our_front()
    {
        using var server = await Database.StartMariaDbAsync(pki, hasTls: false);
        using var front = await FrontAsync(server);
        using var tunnel = await Tool.TunnelAsync("--starttls", "mysql", "--to", $"localhost:{front.Url.Port}", "--roots", front.AuthorityFile);
        foreach (var isCompressed in (bool[])[false, true])
            await QueryAsync($"Server=127.0.0.1;Port={tunnel.Url.Port};User ID=app;Password=secret;SSL Mode=None;Use Compression={isCompressed}");
        await ChangeUserAsync(tunnel.Url.Port);
    }

    [Fact]
    public async Task A_client_that_goes_on_without_TLS_is_told_and_so_are_we()
    {
        using var server = await Database.StartMariaDbAsync(pki, hasTls: false);
        using var front = await FrontAsync(server);
        using var client = PeerProcess.Start(Peer.Find("mariadb", "mariadb-client"), ["--no-defaults", "--skip-ssl", "--host=localhost", "--protocol=tcp", $"--port={front.Url.Port}", "--user=app", "--password=secret", "-e", "select 1"]);
        Assert.NotEqual(0, await client.WaitForExitAsync());
        Assert.Contains("3159", client.Text, StringComparison.Ordinal);
        Assert.Contains("TLS is required", client.Text, StringComparison.Ordinal);
        await front.Process.WaitForAsync("without asking for TLS");
    }

    [Fact]
    public async Task Clients_that_do_not_trust_our_front_leave_it_and_both_ends_say_so()
    {
        using var server = await Database.StartMariaDbAsync(pki, hasTls: false);
        using var folder = new TempFolder();
        var (chain, key) = pki.OtherName().WriteTo(folder.Path);
        using var stranger = await FrontAsync(server);

        using var client = StartClient(stranger, pki.RootFile, ["--user=app", "--password=secret", "-e", "select 1"]);
        Assert.NotEqual(0, await client.WaitForExitAsync());
        Assert.Contains("unable to get local issuer certificate", client.Text, StringComparison.Ordinal);
        await stranger.Process.WaitForAsync("unknown_ca");

        using var misnamed = await FrontAsync(server, "--cert", chain, "--key", key, "--verbose");
        using var other = StartClient(misnamed, pki.RootFile, ["--user=app", "--password=secret", "-e", "select 1"]);
        Assert.NotEqual(0, await other.WaitForExitAsync());
        Assert.Contains("Validation of SSL server certificate failed", other.Text, StringComparison.Ordinal);
        await misnamed.Process.WaitForAsync("find fault with the certificate");

        // This one logs in first, since a proof by the password in the answer could make up for the name. A server that sees no TLS gives none.
        await using var connection = new MySqlConnection($"Server=localhost;Port={misnamed.Url.Port};User ID=app;Password=secret;SSL Mode=VerifyFull;SSL CA={pki.RootFile};Connection Timeout=60;Pooling=false");
        Assert.Contains("RemoteCertificateNameMismatch", (await Assert.ThrowsAsync<MySqlException>(() => connection.OpenAsync(Cancellation))).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_reach_a_server_with_TLS_that_our_front_asks_for_it_when_they_do()
    {
        using var server = await Database.StartMariaDbAsync(pki, hasTls: true);
        using var front = await BetweenAsync(server);
        using var client = StartClient(front, pki.RootFile, ["--user=app", "--password=secret", "-e", "select concat('it is ', user()), repeat('x', 100000); show status like 'Ssl_version';\nstatus"]);
        Assert.True(await client.WaitForExitAsync() == 0, client.Text);
        Assert.Contains("it is app@localhost", client.Text, StringComparison.Ordinal);
        Assert.Matches(@"Ssl_version\s+TLSv1\.3", client.Text);
        foreach (var isCompressed in (bool[])[false, true])
            await QueryAsync($"Server=localhost;Port={front.Url.Port};User ID=app;Password=secret;SSL Mode=VerifyFull;SSL CA={pki.RootFile};Use Compression={isCompressed}");

        using var wrong = StartClient(front, pki.RootFile, ["--user=app", "--password=wrong", "-e", "select 1"]);
        Assert.NotEqual(0, await wrong.WaitForExitAsync());
        Assert.Contains("Access denied", wrong.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_that_come_over_TLS_from_the_first_byte_reach_a_server_that_our_front_asks_for_TLS()
    {
        using var server = await Database.StartMariaDbAsync(pki, hasTls: true);
        using var front = await BetweenAsync(server, startTls: "");
        using var tunnel = await Tool.TunnelAsync("--to", $"localhost:{front.Url.Port}", "--roots", pki.RootFile);
        foreach (var isCompressed in (bool[])[false, true])
            await QueryAsync($"Server=127.0.0.1;Port={tunnel.Url.Port};User ID=app;Password=secret;SSL Mode=None;Use Compression={isCompressed}");
    }

    [Theory]
    [InlineData(true, "db.example")]
    [InlineData(false, "does not list TLS among its capabilities")]
    public async Task A_server_that_is_not_who_it_should_be_or_has_no_TLS_gets_no_word_of_the_client_and_is_explained(bool hasTls, string why)
    {
        using var server = await Database.StartMariaDbAsync(pki, hasTls);
        using var front = await BetweenAsync(server, upstream: "name: db.example, ");
        using var client = StartClient(front, pki.RootFile, ["--user=app", "--password=secret", "-e", "select 1"]);
        Assert.NotEqual(0, await client.WaitForExitAsync());
        await front.Process.WaitForAsync(why);
    }

    private Task<Tool> BetweenAsync(Database server, string startTls = "starttls: mysql, ", string upstream = "")
    {
        var (chain, key) = pki.ServerFiles();
        return Tool.ConfiguredAsync($"services: [{{listen: '127.0.0.1:0', {startTls}sites: [{{certificate: '{chain}', key: '{key}', to: 'tls://localhost:{server.Port}', upstream: {{starttls: mysql, {upstream}roots: '{pki.RootFile}'}}}}]}}]");
    }

    private static Task<Tool> FrontAsync(Database server, params string[] more) => Tool.ServeAsync(["--starttls", "mysql", "--to", $"tcp://127.0.0.1:{server.Port}", .. more]);

    private static PeerProcess StartClient(Tool front, string roots, string[] more) => PeerProcess.Start(Peer.Find("mariadb", "mariadb-client"),
        ["--no-defaults", "--ssl", $"--ssl-ca={roots}", "--ssl-verify-server-cert", "--host=localhost", "--protocol=tcp", $"--port={front.Url.Port}", .. more]);

    /// <summary>A large value, many rows, statements prepared and failed, and the same connection used anew.</summary>
    private static async Task QueryAsync(string connectionString)
    {
        await using var source = new MySqlDataSource(connectionString + ";Database=app;Maximum Pool Size=1;Connection Timeout=60;Default Command Timeout=120");
        for (var i = 0; i < 2; i++)
        {
            await using var connection = await source.OpenConnectionAsync(Cancellation);
            await using var command = new MySqlCommand($"select repeat('x', {LargeValue})", connection);
            Assert.Equal(LargeValue, ((string)(await command.ExecuteScalarAsync(Cancellation))!).Length);
            command.CommandText = "select length(@value)";
            command.Parameters.AddWithValue("@value", new string('y', LargeValue));
            Assert.Equal(LargeValue, Convert.ToInt32(await command.ExecuteScalarAsync(Cancellation), null));
            command.CommandText = "nonsense";
            await Assert.ThrowsAsync<MySqlException>(() => command.ExecuteScalarAsync(Cancellation));
            command.Parameters.Clear();
            command.CommandText = "select seq, repeat('z', 50) from seq_1_to_50000 where seq > @least";
            command.Parameters.AddWithValue("@least", 0);
            await command.PrepareAsync(Cancellation);
            await using var reader = await command.ExecuteReaderAsync(Cancellation);
            var rows = 0;
            while (await reader.ReadAsync(Cancellation))
                Assert.Equal(++rows, reader.GetInt32(0));
            Assert.Equal(50_000, rows);
        }
    }

    /// <summary>COM_CHANGE_USER, whose own exchange of packets must not be renumbered. No client library here sends it.</summary>
    private static async Task ChangeUserAsync(int port)
    {
        using var tcp = new TcpClient("127.0.0.1", port);
        await using var stream = tcp.GetStream();
        Assert.Equal((0, (byte)10), await ReadAsync());
        // CLIENT_LONG_PASSWORD, PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH; the name, no password, the plugin.
        byte[] response = [0x01, 0x82, 0x08, 0, 0, 0, 0, 1, 45, .. new byte[23], .. "first\0\0mysql_native_password\0"u8];
        await WriteAsync(1, response);
        Assert.Equal((2, (byte)0), await ReadAsync());
        await WriteAsync(0, [0x11, .. "second\0\0\0"u8, 45, 0, .. "mysql_native_password\0"u8]);
        var (number, first) = await ReadAsync();
        if (first == 0xFE)
        {
            await WriteAsync((byte)(number + 1), []);
            Assert.Equal((number + 2, (byte)0), await ReadAsync());
        }
        else
        {
            Assert.Equal((1, (byte)0), (number, first));
        }
        await WriteAsync(0, [3, .. "select user()"u8]);
        var answer = new StringBuilder();
        while (!answer.ToString().Contains("second@localhost", StringComparison.Ordinal))
            await ReadAsync(answer);

        async Task WriteAsync(byte packet, byte[] content) => await stream.WriteAsync((byte[])[(byte)content.Length, 0, 0, packet, .. content], Cancellation);

        async Task<(int Number, byte First)> ReadAsync(StringBuilder? text = null)
        {
            var header = new byte[4];
            await stream.ReadExactlyAsync(header, Cancellation).AsTask().WaitAsync(PeerProcess.Patience, Cancellation);
            var content = new byte[BinaryPrimitives.ReadInt32LittleEndian(header) & 0xFFFFFF];
            await stream.ReadExactlyAsync(content, Cancellation).AsTask().WaitAsync(PeerProcess.Patience, Cancellation);
            text?.Append(Encoding.Latin1.GetString(content));
            return (header[3], content[0]);
        }
    }
}

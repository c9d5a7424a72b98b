using System.Net;
using System.Net.Sockets;
using LucidTls.Interop.Tests.Peers;
using LucidTls.StartTls;
using MySqlConnector;
using Npgsql;
using StackExchange.Redis;

namespace LucidTls.Interop.Tests;

/// <summary>Databases: their servers' TLS by our client and our tunnel, and our front in front of one without.</summary>
public sealed class DatabaseTests(PkiFixture pki)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PostgreSQL_turns_to_TLS_for_our_client_and_for_Npgsql_through_our_tunnel()
    {
        using var server = await Database.StartPostgresAsync(pki, hasTls: true);
        await LookAsync(StartTlsProtocol.Postgres, server.Port);

        using var tunnel = await Tool.TunnelAsync("--starttls", "postgres", "--to", $"localhost:{server.Port}", "--roots", pki.RootFile);
        foreach (var mode in (string[])["Disable", "Prefer"])
        {
            await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={tunnel.Url.Port};Username=postgres;Database=postgres;SSL Mode={mode};GSS Encryption Mode=Disable;Timeout=60;Pooling=false");
            await connection.OpenAsync(Cancellation);
            await using var command = new NpgsqlCommand("select version || ' ' || ssl from pg_stat_ssl where pid = pg_backend_pid()", connection);
            Assert.Equal("TLSv1.3 true", await command.ExecuteScalarAsync(Cancellation));
            command.CommandText = "select repeat('x', 1000000)";
            Assert.Equal(1_000_000, ((string)(await command.ExecuteScalarAsync(Cancellation))!).Length);
        }
    }

    [Fact]
    public async Task A_tunnel_verifies_PostgreSQL_in_full()
    {
        using var server = await Database.StartPostgresAsync(pki, hasTls: true);
        using var tunnel = await Tool.TunnelAsync("--starttls", "postgres", "--to", $"localhost:{server.Port}", "--roots", pki.RootFile, "--verify-name", "db.example");
        await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={tunnel.Url.Port};Username=postgres;SSL Mode=Disable;Timeout=60;Pooling=false");
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => connection.OpenAsync(Cancellation));
        await tunnel.Process.WaitForAsync("db.example");
    }

    [Fact]
    public async Task Psql_and_Npgsql_reach_a_server_without_TLS_over_our_front()
    {
        using var server = await Database.StartPostgresAsync(pki, hasTls: false);
        using var front = await Tool.ServeAsync("--starttls", "postgres", "--to", $"tcp://127.0.0.1:{server.Port}");
        using var psql = PeerProcess.Start(Peer.Find("psql", "postgresql"), [$"host=localhost hostaddr=127.0.0.1 port={front.Url.Port} user=postgres dbname=postgres sslmode=verify-full sslrootcert={front.AuthorityFile}", "-At", "-c", "select 'reached'", "-c", "\\conninfo"]);
        Assert.Equal(0, await psql.WaitForExitAsync(PeerProcess.Patience));
        await psql.WaitForAsync("reached");
        await psql.WaitForAsync("TLSv1.3");

        foreach (var negotiation in (string[])["Postgres", "Direct"])
        {
            await using var connection = new NpgsqlConnection($"Host=localhost;Port={front.Url.Port};Username=postgres;Database=postgres;SSL Mode=VerifyFull;SSL Negotiation={negotiation};Root Certificate={front.AuthorityFile};GSS Encryption Mode=Disable;Timeout=60;Pooling=false");
            await connection.OpenAsync(Cancellation);
            await using var command = new NpgsqlCommand("select 1 + 1", connection);
            Assert.Equal(2, await command.ExecuteScalarAsync(Cancellation));
        }

        using var plain = PeerProcess.Start(Peer.Find("psql", "postgresql"), [$"host=127.0.0.1 port={front.Url.Port} user=postgres dbname=postgres sslmode=disable", "-c", "select 1"]);
        await plain.WaitForAsync("TLS is required");
    }

    [Fact]
    public async Task MariaDB_turns_to_TLS_for_our_client_and_for_MySqlConnector_through_our_tunnel()
    {
        using var server = await Database.StartMariaDbAsync(pki, hasTls: true);
        await LookAsync(StartTlsProtocol.MySql, server.Port);

        using var tunnel = await Tool.TunnelAsync("--starttls", "mysql", "--to", $"localhost:{server.Port}", "--roots", pki.RootFile);
        foreach (var mode in (string[])["None", "Preferred"])
        {
            await using var connection = new MySqlConnection($"Server=127.0.0.1;Port={tunnel.Url.Port};User ID=app;Password=secret;SSL Mode={mode};Connection Timeout=60;Pooling=false");
            await connection.OpenAsync(Cancellation);
            await using var command = new MySqlCommand("show status like 'Ssl_version'", connection);
            await using (var reader = await command.ExecuteReaderAsync(Cancellation))
            {
                Assert.True(await reader.ReadAsync(Cancellation));
                Assert.Equal("TLSv1.3", reader.GetString(1));
            }
            command.CommandText = "select repeat('x', 1000000)";
            Assert.Equal(1_000_000, ((string)(await command.ExecuteScalarAsync(Cancellation))!).Length);
        }
        await using var wrong = new MySqlConnection($"Server=127.0.0.1;Port={tunnel.Url.Port};User ID=app;Password=wrong;SSL Mode=None;Connection Timeout=60;Pooling=false");
        Assert.Equal(MySqlErrorCode.AccessDenied, (await Assert.ThrowsAsync<MySqlException>(() => wrong.OpenAsync(Cancellation))).ErrorCode);
    }

    [Fact]
    public async Task Redis_is_reached_by_StackExchange_Redis_over_our_stream_and_through_our_tunnel()
    {
        using var server = await Database.StartRedisAsync(pki);
        await SetAndGetAsync(await Samples.RedisClient.ConnectAsync("localhost", server.Port, pki.ClientOptions()));

        using var tunnel = await Tool.TunnelAsync("--to", $"localhost:{server.Port}", "--roots", pki.RootFile);
        await SetAndGetAsync(await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{tunnel.Url.Port},connectTimeout=60000,asyncTimeout=60000"));
    }

    private static async Task SetAndGetAsync(ConnectionMultiplexer redis)
    {
        await using var _ = redis;
        var value = new string('x', 100_000);
        await redis.GetDatabase().StringSetAsync("key", value);
        Assert.Equal(value, await redis.GetDatabase().StringGetAsync("key"));
    }

    private async Task LookAsync(StartTlsProtocol protocol, int port)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port, Cancellation);
        await using var tls = await protocol.ConnectAsync(tcp.GetStream(), pki.ClientOptions(), Cancellation);
        Assert.True(tls.Session.PeerVerdict!.IsAccepted);
    }
}

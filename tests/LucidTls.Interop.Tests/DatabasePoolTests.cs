using System.Data.Common;
using System.Globalization;
using System.Net.Sockets;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;
using Npgsql;

namespace LucidTls.Interop.Tests;

/// <summary>Pools of connections, as applications have them, through our tunnel.</summary>
public sealed class DatabasePoolTests(PkiFixture pki)
{
    private const int Connections = 50;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fifty_connections_of_a_pool_are_open_through_a_tunnel_at_once(bool isPostgres)
    {
        using var server = await StartAsync(isPostgres);
        using var tunnel = await Tool.TunnelAsync(Arguments(isPostgres, server.Port));
        await using var pool = Pool(isPostgres, tunnel.Url.Port);
        for (var round = 0; round < 2; round++)
        {
            var open = await Task.WhenAll(Enumerable.Range(0, Connections).Select(async _ => await pool.OpenConnectionAsync(Cancellation)));
            var versions = await Task.WhenAll(open.Select(connection => AskAsync(connection, TlsVersionOf(isPostgres))));
            Assert.All(versions, version => Assert.Equal("TLSv1.3", version));
            var count = await AskAsync(open[0], isPostgres ? "select count(*) from pg_stat_ssl where ssl" : "select count(*) from information_schema.processlist where user = 'app'");
            Assert.Equal($"{Connections}", count);
            await Task.WhenAll(open.Select(connection => connection.DisposeAsync().AsTask()));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_the_server_ends_fails_as_databases_do_and_the_pool_goes_on(bool isPostgres)
    {
        using var server = await StartAsync(isPostgres);
        using var tunnel = await Tool.TunnelAsync(Arguments(isPostgres, server.Port));
        await using var pool = Pool(isPostgres, tunnel.Url.Port);
        await using var victim = await pool.OpenConnectionAsync(Cancellation);
        await using (var other = await pool.OpenConnectionAsync(Cancellation))
        {
            var id = await AskAsync(victim, isPostgres ? "select pg_backend_pid()" : "select connection_id()");
            await AskAsync(other, isPostgres ? $"select pg_terminate_backend({id}, 10000)" : $"kill connection {id}");
        }
        var failure = await Assert.ThrowsAnyAsync<DbException>(() => AskAsync(victim, "select 1"));
        // MariaDB closes its end before it can say why.
        Assert.Contains(isPostgres ? "57P01" : "Failed to read the result set", failure.Message, StringComparison.Ordinal);

        await using var next = await pool.OpenConnectionAsync(Cancellation);
        Assert.Equal("TLSv1.3", await AskAsync(next, TlsVersionOf(isPostgres)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_is_reset_behind_the_tunnel_fails_within_an_answer_and_the_pool_goes_on(bool isPostgres)
    {
        using var server = await StartAsync(isPostgres);
        await using var scissors = new Scissors(server.Port) { After = 300_000, IsReset = true };
        using var tunnel = await Tool.TunnelAsync(Arguments(isPostgres, scissors.Port));
        await using var pool = Pool(isPostgres, tunnel.Url.Port);
        await using (var victim = await pool.OpenConnectionAsync(Cancellation))
        {
            scissors.After = int.MaxValue;
            var failure = await Assert.ThrowsAnyAsync<Exception>(() => AskAsync(victim, "select repeat('x', 1000000)"));
            Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(failure.GetBaseException()).SocketErrorCode);
        }
        await using var next = await pool.OpenConnectionAsync(Cancellation);
        Assert.Equal(1_000_000, (await AskAsync(next, "select repeat('x', 1000000)")).Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_pool_fails_clearly_while_its_tunnel_is_gone_and_goes_on_with_the_next(bool isPostgres)
    {
        using var server = await StartAsync(isPostgres);
        var port = PeerProcess.FreePort();
        await using var pool = Pool(isPostgres, port);
        using (var tunnel = await Tool.TunnelAtAsync($"{port}", [.. Arguments(isPostgres, server.Port), "--drain", "1"]))
        {
            var idle = await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ => await pool.OpenConnectionAsync(Cancellation)));
            await Task.WhenAll(idle.Select(connection => connection.DisposeAsync().AsTask()));
            tunnel.Process.Terminate();
            Assert.Equal(0, await tunnel.Process.WaitForExitAsync());
        }
        for (var i = 0; i < 5; i++)
            await Assert.ThrowsAnyAsync<DbException>(UseAsync);
        // What is left of the old connections is gone by now.
        var refusal = await Assert.ThrowsAnyAsync<DbException>(UseAsync);
        Assert.Contains(isPostgres ? "Failed to connect to 127.0.0.1" : "Unable to connect", refusal.Message, StringComparison.Ordinal);

        using var again = await Tool.TunnelAtAsync($"{port}", Arguments(isPostgres, server.Port));
        Assert.Equal("TLSv1.3", await UseAsync());

        async Task<string> UseAsync()
        {
            await using var connection = await pool.OpenConnectionAsync(Cancellation);
            return await AskAsync(connection, TlsVersionOf(isPostgres));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_tunnel_s_Unix_socket_takes_the_place_of_the_server_s_own(bool isPostgres)
    {
        using var server = await StartAsync(isPostgres);
        using var folder = new TempFolder();
        var socket = folder.File(isPostgres ? ".s.PGSQL.5432" : "mysql.sock");
        using var tunnel = await Tool.TunnelAtAsync($"unix:{socket}", Arguments(isPostgres, server.Port));
        await using var pool = isPostgres ? Samples.DatabaseClients.PostgresOverUnixSocket(ConnectionString(true), folder.Path) : Samples.DatabaseClients.MySqlOverUnixSocket(ConnectionString(false), socket);
        await using var connection = await pool.OpenConnectionAsync(Cancellation);
        Assert.Equal("TLSv1.3", await AskAsync(connection, TlsVersionOf(isPostgres)));
    }

    [Fact]
    public async Task Npgsql_and_psql_prove_their_password_by_SCRAM_through_a_tunnel()
    {
        using var server = await StartWithAppAsync();
        using var tunnel = await Tool.TunnelAsync(Arguments(isPostgres: true, server.Port));
        foreach (var (password, isRight) in ((string, bool)[])[("secret", true), ("wrong", false)])
        {
            // With Allow, one that is refused is tried again over TLS, and only that failure told.
            foreach (var mode in (string[])(isRight ? ["Disable", "Allow", "Prefer"] : ["Disable", "Prefer"]))
            {
                var failure = await NpgsqlFailureAsync(tunnel.Url.Port, $"SSL Mode={mode};Channel Binding=Disable;Password={password}");
                Assert.True(isRight ? failure is null : failure is PostgresException { SqlState: PostgresErrorCodes.InvalidPassword }, $"{mode}: {failure}");
            }
            foreach (var settings in (string[])["sslmode=disable", "sslmode=allow", "sslmode=prefer", "sslmode=disable gssencmode=disable", "sslmode=disable channel_binding=disable", "sslmode=prefer channel_binding=prefer"])
            {
                var (code, said) = await PsqlAsync(tunnel.Url.Port, $"{settings} password={password}");
                Assert.True(isRight ? code == 0 : said.Contains("password authentication failed", StringComparison.Ordinal), $"{settings}: {said}");
            }
        }
    }

    [Fact]
    public async Task Whoever_wants_channel_binding_gets_none_through_a_tunnel_and_says_so()
    {
        using var server = await StartWithAppAsync();
        using var tunnel = await Tool.TunnelAsync(Arguments(isPostgres: true, server.Port));
        foreach (var mode in (string[])["Disable", "Prefer"])
            Assert.Contains("SCRAM-SHA-256-PLUS", (await NpgsqlFailureAsync(tunnel.Url.Port, $"SSL Mode={mode};Password=secret"))!.Message, StringComparison.Ordinal);
        var (code, said) = await PsqlAsync(tunnel.Url.Port, "sslmode=prefer channel_binding=require password=secret");
        Assert.NotEqual(0, code);
        Assert.Contains("channel binding", said, StringComparison.Ordinal);
    }

    private async Task<Database> StartWithAppAsync()
    {
        var server = await StartAsync(isPostgres: true);
        await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={server.Port};Username=postgres;Database=postgres;SSL Mode=Require;Timeout=60;Pooling=false");
        await connection.OpenAsync(Cancellation);
        await AskAsync(connection, "create user app password 'secret'");
        return server;
    }

    private static async Task<Exception?> NpgsqlFailureAsync(int port, string settings)
    {
        await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={port};Username=app;Database=postgres;Timeout=60;Pooling=false;{settings}");
        return await Record.ExceptionAsync(() => connection.OpenAsync(Cancellation));
    }

    private static async Task<(int Code, string Said)> PsqlAsync(int port, string settings)
    {
        using var psql = PeerProcess.Start(Peer.Find("psql", "postgresql"), [$"host=127.0.0.1 port={port} user=app dbname=postgres {settings}", "-c", "select 'reached'"]);
        return (await psql.WaitForExitAsync(PeerProcess.Patience), psql.Text);
    }

    private Task<Database> StartAsync(bool isPostgres) => isPostgres ? Database.StartPostgresAsync(pki, hasTls: true) : Database.StartMariaDbAsync(pki, hasTls: true);

    private string[] Arguments(bool isPostgres, int server) => ["--starttls", isPostgres ? "postgres" : "mysql", "--to", $"localhost:{server}", "--roots", pki.RootFile];

    /// <summary>As an application has it. The time-outs are for a machine that does much else.</summary>
    private static string ConnectionString(bool isPostgres) => isPostgres
        ? "Host=db.example;Username=postgres;Database=postgres;SSL Mode=VerifyFull;Timeout=60"
        : "Server=db.example;User ID=app;Password=secret;SSL Mode=VerifyFull;Connection Timeout=60";

    private static DbDataSource Pool(bool isPostgres, int port) => isPostgres
        ? Samples.DatabaseClients.Postgres(ConnectionString(isPostgres), port)
        : Samples.DatabaseClients.MySql(ConnectionString(isPostgres), port);

    private static string TlsVersionOf(bool isPostgres) => isPostgres
        ? "select version from pg_stat_ssl where pid = pg_backend_pid()"
        : "select variable_value from information_schema.session_status where variable_name = 'Ssl_version'";

    private static async Task<string> AskAsync(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(await command.ExecuteScalarAsync(Cancellation), CultureInfo.InvariantCulture)!;
    }
}

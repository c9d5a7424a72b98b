using System.Data.Common;
using System.Globalization;
using System.Net.Sockets;
using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;

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

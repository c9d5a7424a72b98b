using LucidTls.Interop.Tests.Peers;
using LucidTls.TestSupport;
using Npgsql;

namespace LucidTls.Interop.Tests;

/// <summary>Passwords that are proved to PostgreSQL by SCRAM, through our tunnel and our front.</summary>
public sealed class DatabasePasswordTests(PkiFixture pki)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Npgsql_and_psql_prove_their_password_by_SCRAM_through_a_tunnel()
    {
        using var server = await StartWithAppAsync();
        using var tunnel = await Tool.TunnelAsync("--starttls", "postgres", "--to", $"localhost:{server.Port}", "--roots", pki.RootFile);
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
        using var tunnel = await Tool.TunnelAsync("--starttls", "postgres", "--to", $"localhost:{server.Port}", "--roots", pki.RootFile);
        foreach (var mode in (string[])["Disable", "Prefer"])
            Assert.Contains("SCRAM-SHA-256-PLUS", (await NpgsqlFailureAsync(tunnel.Url.Port, $"SSL Mode={mode};Password=secret"))!.Message, StringComparison.Ordinal);
        var (code, said) = await PsqlAsync(tunnel.Url.Port, "sslmode=prefer channel_binding=require password=secret");
        Assert.NotEqual(0, code);
        Assert.Contains("channel binding", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Channel_binding_through_our_front_is_to_be_had_where_front_and_server_show_the_same_certificate(bool isSame)
    {
        using var server = await StartWithAppAsync();
        var (chain, key) = pki.ServerFiles(isSame ? KeyKind.EcdsaP256 : KeyKind.Rsa2048);
        using var front = await Tool.ConfiguredAsync($"services: [{{listen: '127.0.0.1:0', starttls: postgres, sites: [{{certificate: '{chain}', key: '{key}', to: 'tls://localhost:{server.Port}', upstream: {{starttls: postgres, roots: '{pki.RootFile}'}}}}]}}]");
        foreach (var (binding, isIn) in ((string, bool)[])[("disable", true), ("prefer", isSame), ("require", isSame)])
        {
            var (code, said) = await PsqlAsync(front.Url.Port, $"sslmode=verify-ca sslrootcert={pki.RootFile} channel_binding={binding} password=secret");
            Assert.True(isIn ? code == 0 : said.Contains("SCRAM channel binding check failed", StringComparison.Ordinal), $"{binding}: {said}");
        }
        var failure = await NpgsqlFailureAsync(front.Url.Port, $"SSL Mode=VerifyCA;Root Certificate={pki.RootFile};Channel Binding=Disable;Password=secret");
        Assert.True(failure is null, $"{failure}");
    }

    private async Task<Database> StartWithAppAsync()
    {
        var server = await Database.StartPostgresAsync(pki, hasTls: true);
        await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={server.Port};Username=postgres;Database=postgres;SSL Mode=Require;Timeout=60;Pooling=false");
        await connection.OpenAsync(Cancellation);
        await using var command = new NpgsqlCommand("create user app password 'secret'", connection);
        await command.ExecuteNonQueryAsync(Cancellation);
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
}

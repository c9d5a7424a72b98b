using System.Data.Common;
using MySqlConnector;
using Npgsql;

namespace Samples;

/// <summary>The examples of docs/clients.md about databases, which are reached through <c>lucidtls tunnel</c>.</summary>
internal static class DatabaseClients
{
    public static DbDataSource Postgres(string connectionString, int tunnelPort)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = tunnelPort, SslMode = SslMode.Disable, ChannelBinding = ChannelBinding.Disable };
        return NpgsqlDataSource.Create(settings);
    }

    public static DbDataSource PostgresOverUnixSocket(string connectionString, string folder)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { Host = folder, SslMode = SslMode.Disable, ChannelBinding = ChannelBinding.Disable };
        return NpgsqlDataSource.Create(settings);
    }

    public static DbDataSource MySql(string connectionString, int tunnelPort)
    {
        var settings = new MySqlConnectionStringBuilder(connectionString) { Server = "127.0.0.1", Port = (uint)tunnelPort, SslMode = MySqlSslMode.Disabled };
        return new MySqlDataSource(settings.ConnectionString);
    }

    public static DbDataSource MySqlOverUnixSocket(string connectionString, string socketPath)
    {
        var settings = new MySqlConnectionStringBuilder(connectionString) { Server = socketPath, ConnectionProtocol = MySqlConnectionProtocol.UnixSocket, SslMode = MySqlSslMode.Disabled };
        return new MySqlDataSource(settings.ConnectionString);
    }
}

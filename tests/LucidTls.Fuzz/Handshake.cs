namespace LucidTls.Fuzz;

/// <summary>Whole handshakes with one end real and the other end's bytes changed: the first bytes of the input say where and how.</summary>
internal static class Handshake
{
    /// <summary>The input is what a server sends.</summary>
    public static void AgainstClient(byte[] data)
    {
        using var client = TlsConnection.CreateClient(Seeds.ClientOptions);
        Feed(client, data);
    }

    /// <summary>The input is what a client sends.</summary>
    public static void AgainstServer(byte[] data)
    {
        using var server = TlsConnection.CreateServer(Seeds.ServerOptions);
        Feed(server, data);
    }

    private static void Feed(TlsConnection connection, byte[] data)
    {
        var output = new byte[4096];
        var rest = data.AsSpan();
        while (!rest.IsEmpty)
        {
            var piece = rest[..Math.Min(rest.Length, 1000)];
            connection.Receive(piece);
            rest = rest[piece.Length..];
            while (connection.TakeOutput(output) > 0)
            {
            }
            if (connection.IsAuthenticated)
                throw new InvalidOperationException("A handshake with made-up bytes succeeded.");
        }
        connection.ReceiveEnd();
    }
}

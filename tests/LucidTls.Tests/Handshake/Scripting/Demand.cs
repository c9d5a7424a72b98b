namespace LucidTls.Tests.Handshake.Scripting;

/// <summary>What the end that users get must make of a script.</summary>
internal static class Demand
{
    /// <summary>The client throws that error and the server gets that alert.</summary>
    public static TlsException ClientRefuses(TlsError error, TlsAlert alert, Script script, TlsClientOptions? client = null, TlsServerOptions? server = null) =>
        Refused(error, alert, Duel.OfClient(script, client, server));

    /// <summary>The server throws that error and the client gets that alert.</summary>
    public static TlsException ServerRefuses(TlsError error, TlsAlert alert, Script script, TlsServerOptions? server = null, TlsClientOptions? client = null) =>
        Refused(error, alert, Duel.OfServer(script, server, client));

    public static Outcome ClientAccepts(Script script, TlsClientOptions? client = null, TlsServerOptions? server = null) => Accepted(Duel.OfClient(script, client, server));

    public static Outcome ServerAccepts(Script script, TlsServerOptions? server = null, TlsClientOptions? client = null) => Accepted(Duel.OfServer(script, server, client));

    private static TlsException Refused(TlsError error, TlsAlert alert, Outcome outcome)
    {
        Assert.NotNull(outcome.Failure);
        Assert.True(error == outcome.Failure.Error, $"{error} expected: {outcome.Failure}");
        Assert.Equal(alert, outcome.Failure.Alert);
        Assert.Equal(TlsFailureSource.Local, outcome.Failure.Source);
        Assert.Equal(alert, outcome.AlertSeen);
        return outcome.Failure;
    }

    private static Outcome Accepted(Outcome outcome)
    {
        Assert.Null(outcome.Failure);
        Assert.NotNull(outcome.Session);
        return outcome;
    }
}

using LucidTls.Protocol;

namespace LucidTls.Handshake;

/// <summary>What messages carried, in a few words for people.</summary>
internal static class StepDetails
{
    public static string Certificates(int count) => count switch
    {
        0 => "none",
        1 => "1 certificate",
        _ => $"{count} certificates",
    };

    /// <summary>What a client offers: the suites of TLS 1.3 by name, others by number only, GREASE (RFC 8701) not at all.</summary>
    public static string Offer(IEnumerable<CipherSuite> suites, IEnumerable<NamedGroup> shares, string? serverName)
    {
        var known = new List<CipherSuite>();
        var others = 0;
        foreach (var suite in suites)
        {
            if (suite.Value >> 8 == 0x13)
                known.Add(suite);
            else if (!GreaseValues.Contain(suite.Value))
                others++;
        }
        var older = others == 0 ? "" : $" and {others} for older versions";
        var name = serverName is null ? "" : $"; asks for {serverName}";
        return $"offers {string.Join(", ", known)}{older}; key shares {string.Join(", ", shares.Where(group => !GreaseValues.Contain(group.Value)))}{name}";
    }
}

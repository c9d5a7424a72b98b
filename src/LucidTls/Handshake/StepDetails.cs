using System.Net.Security;
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

    /// <summary>What ServerHello says of pre-shared keys.</summary>
    public static string Psk(bool resumed, TlsPreSharedKey? external) => resumed ? ", resumes the session" : external == null ? "" : $", takes the pre-shared key {external}";

    /// <summary>What EncryptedExtensions say.</summary>
    public static string Answer(SslApplicationProtocol protocol, TlsEarlyDataStatus earlyData, string? refusal = null)
    {
        var early = earlyData switch
        {
            TlsEarlyDataStatus.NotOffered => "",
            TlsEarlyDataStatus.Accepted => "takes the early data",
            TlsEarlyDataStatus.Rejected => $"passes over the early data{(refusal == null ? "" : $": {refusal}")}",
        };
        return string.Join("; ", new[] { protocol.Protocol.IsEmpty ? "" : $"application protocol {protocol}", early }.Where(part => part.Length > 0));
    }

    /// <summary>Suites by name, and what they have in common when none of them is one that this library could speak.</summary>
    public static string Suites(IEnumerable<CipherSuite> suites)
    {
        CipherSuite[] real = [.. suites.Where(suite => !GreaseValues.Contain(suite.Value) && suite != CipherSuite.FallbackScsv && suite != CipherSuite.EmptyRenegotiationInfoScsv)];
        var names = string.Join(", ", real);
        return real.Length > 0 && real.All(IsOld) ? $"{names}, all of them with CBC or RC4, static RSA or finite-field DHE, which this library does not speak" : names;
    }

    /// <summary>What a client offers: the suites of TLS 1.3 by name, others by number only, GREASE (RFC 8701) not at all.</summary>
    public static string Offer(IEnumerable<CipherSuite> suites, IEnumerable<NamedGroup> shares, string? serverName)
    {
        var known = new List<CipherSuite>();
        var others = 0;
        foreach (var suite in suites)
        {
            if (suite.Value >> 8 == 0x13)
                known.Add(suite);
            else if (!GreaseValues.Contain(suite.Value) && suite != CipherSuite.FallbackScsv && suite != CipherSuite.EmptyRenegotiationInfoScsv)
                others++;
        }
        var older = others == 0 ? "" : known.Count == 0 ? $"{others} suites of TLS 1.2 and older" : $" and {others} for older versions";
        var name = serverName is null ? "" : $"; asks for {serverName}";
        var groups = string.Join(", ", shares.Where(group => !GreaseValues.Contain(group.Value)));
        return $"offers {string.Join(", ", known)}{older}{(groups.Length == 0 ? "" : $"; key shares {groups}")}{name}";
    }

    private static bool IsOld(CipherSuite suite)
    {
        var name = suite.ToString();
        return name.Contains("_CBC_", StringComparison.Ordinal) || name.Contains("_RC4_", StringComparison.Ordinal)
            || name.StartsWith("TLS_RSA_", StringComparison.Ordinal) || name.StartsWith("TLS_DHE_", StringComparison.Ordinal);
    }
}

using LucidTls.Protocol;

namespace LucidTls.Tests.Protocol;

/// <summary>RFC 8446 §4.2: where extensions may stand, and that each stands there once.</summary>
public sealed class ExtensionPlaceTests
{
    private static readonly ExtensionPlace[] Places = [.. Enum.GetValues<ExtensionPlace>().Where(place => place is not (ExtensionPlace.None or ExtensionPlace.Tls12ServerHello))];

    /// <summary>The table of RFC 8446 §4.2, in its spelling.</summary>
    public static readonly TheoryData<string, ushort, string> Table = new()
    {
        { "server_name", 0, "CH, EE" },
        { "max_fragment_length", 1, "CH, EE" },
        { "status_request", 5, "CH, CR, CT" },
        { "supported_groups", 10, "CH, EE" },
        { "signature_algorithms", 13, "CH, CR" },
        { "use_srtp", 14, "CH, EE" },
        { "heartbeat", 15, "CH, EE" },
        { "application_layer_protocol_negotiation", 16, "CH, EE" },
        { "signed_certificate_timestamp", 18, "CH, CR, CT" },
        { "client_certificate_type", 19, "CH, EE" },
        { "server_certificate_type", 20, "CH, EE" },
        { "padding", 21, "CH" },
        { "key_share", 51, "CH, SH, HRR" },
        { "pre_shared_key", 41, "CH, SH" },
        { "psk_key_exchange_modes", 45, "CH" },
        { "early_data", 42, "CH, EE, NST" },
        { "cookie", 44, "CH, HRR" },
        { "supported_versions", 43, "CH, SH, HRR" },
        { "certificate_authorities", 47, "CH, CR" },
        { "oid_filters", 48, "CR" },
        { "post_handshake_auth", 49, "CH" },
        { "signature_algorithms_cert", 50, "CH, CR" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void An_extension_is_accepted_where_the_RFC_has_it_and_refused_elsewhere(string name, ushort value, string places)
    {
        var type = new ExtensionType(value);
        Assert.Equal(name, type.ToString());
        foreach (var place in Places)
        {
            if (places.Split(", ").Contains(Abbreviation(place)))
                Assert.True(Parse(place, (type, [])).Contains(type));
            else
                Assert.Equal(TlsError.MisplacedExtension, Assert.Throws<TlsException>(() => Parse(place, (type, []))).Error);
        }
    }

    [Fact]
    public void An_extension_twice_is_refused_everywhere()
    {
        foreach (var place in Places)
        {
            var failure = Assert.Throws<TlsException>(() => Parse(place, (new ExtensionType(0x1234), [1]), (new ExtensionType(0x1235), []), (new ExtensionType(0x1234), [2])));
            Assert.Equal((TlsError.DuplicateExtension, TlsAlert.IllegalParameter), (failure.Error, failure.Alert));
        }
    }

    [Fact]
    public void An_unknown_extension_survives_everywhere()
    {
        foreach (var place in Places)
        {
            var block = Parse(place, (new ExtensionType(0x1234), [1, 2]));
            Assert.True(block.TryGet(new ExtensionType(0x1234), out var data));
            Assert.Equal([1, 2], data.ToArray());
        }
    }

    [Fact]
    public void An_answer_must_have_been_asked_for()
    {
        var offered = Parse(ExtensionPlace.ClientHello, (ExtensionType.ServerName, [0]), (new ExtensionType(0x3A3A), []));
        Parse(ExtensionPlace.EncryptedExtensions, (ExtensionType.ServerName, [])).DemandAllOffered(offered);
        DemandUnsolicited(Parse(ExtensionPlace.EncryptedExtensions, (ExtensionType.SupportedGroups, [])), offered);
        DemandUnsolicited(Parse(ExtensionPlace.EncryptedExtensions, (new ExtensionType(0x3A3A), [])), offered);
    }

    [Fact]
    public void Sixteen_values_are_GREASE()
    {
        var grease = Enumerable.Range(0, 0x10000).Where(value => GreaseValues.Contain((ushort)value)).ToArray();
        Assert.Equal(Enumerable.Range(0, 16).Select(i => i * 0x1010 + 0x0A0A), grease);
    }

    private static void DemandUnsolicited(ExtensionBlock answer, ExtensionBlock offered)
    {
        var failure = Assert.Throws<TlsException>(() => answer.DemandAllOffered(offered));
        Assert.Equal((TlsError.UnsolicitedExtension, TlsAlert.UnsupportedExtension), (failure.Error, failure.Alert));
    }

    private static ExtensionBlock Parse(ExtensionPlace place, params (ExtensionType Type, byte[] Data)[] extensions)
    {
        using var writer = new TlsWriter();
        Handshake.Scripting.Wire.Block(extensions).Write(writer);
        var reader = new TlsReader(writer.ToArray(), "test");
        var block = ExtensionBlock.Parse(ref reader, place);
        reader.End();
        return block;
    }

    private static string Abbreviation(ExtensionPlace place) => place switch
    {
        ExtensionPlace.ClientHello => "CH",
        ExtensionPlace.ServerHello => "SH",
        ExtensionPlace.HelloRetryRequest => "HRR",
        ExtensionPlace.EncryptedExtensions => "EE",
        ExtensionPlace.Certificate => "CT",
        ExtensionPlace.CertificateRequest => "CR",
        ExtensionPlace.NewSessionTicket => "NST",
        _ => throw new ArgumentOutOfRangeException(nameof(place)),
    };
}

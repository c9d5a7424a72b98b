using System.Net.Security;

namespace LucidTls.Protocol;

/// <summary>
/// The client's offer (RFC 8446 §4.1.2). What is written are the raw extensions; the typed properties are what they say,
/// decoded once when parsed so that a malformed extension is refused whether or not anybody looks at it.
/// </summary>
internal sealed class ClientHello : IHandshakeBody
{
    public HandshakeType Type => HandshakeType.ClientHello;

    public ushort LegacyVersion { get; init; } = TlsVersion.Tls12.Value;
    public required ReadOnlyMemory<byte> Random { get; init; }
    public required ReadOnlyMemory<byte> SessionId { get; init; }
    public required IReadOnlyList<CipherSuite> CipherSuites { get; init; }
    public ReadOnlyMemory<byte> CompressionMethods { get; init; } = new byte[] { 0 };
    public required ExtensionBlock Extensions { get; init; }

    public string? ServerName { get; private set; }
    public IReadOnlyList<TlsVersion>? Versions { get; private set; }
    public IReadOnlyList<NamedGroup>? Groups { get; private set; }
    public IReadOnlyList<SignatureScheme>? SignatureSchemes { get; private set; }
    public IReadOnlyList<SignatureScheme>? CertificateSignatureSchemes { get; private set; }
    public IReadOnlyList<KeyShareEntry>? KeyShares { get; private set; }
    public IReadOnlyList<SslApplicationProtocol> ApplicationProtocols { get; private set; } = [];
    public IReadOnlyList<ReadOnlyMemory<byte>> CertificateAuthorities { get; private set; } = [];
    public ReadOnlyMemory<byte>? Cookie { get; private set; }
    public byte[]? PskModes { get; private set; }
    public OfferedPsks? PreSharedKeys { get; private set; }
    public ushort? RecordSizeLimit { get; private set; }

    /// <summary>In bytes of content.</summary>
    public int? MaxFragmentLength { get; private set; }
    public TicketRequest? TicketRequest { get; private set; }
    public bool OffersPostHandshakeAuth { get; private set; }
    public bool OffersEarlyData { get; private set; }

    public static ClientHello Parse(ReadOnlyMemory<byte> body)
    {
        var reader = new TlsReader(body, "ClientHello");
        var version = reader.ReadUInt16();
        var random = reader.ReadBytes(32);
        var sessionId = reader.ReadVector8(0, 32);
        var suites = reader.ReadNested16(2, ushort.MaxValue - 1);
        var hello = new ClientHello
        {
            LegacyVersion = version,
            Random = random,
            SessionId = sessionId,
            CipherSuites = Protocol.Extensions.ReadCodes(ref suites, value => new CipherSuite(value)),
            CompressionMethods = reader.ReadVector8(1),
            // RFC 8446 §4.1.2: a hello of TLS 1.2 may end here, without any extension.
            Extensions = reader.IsEmpty ? new ExtensionBlock() : ExtensionBlock.Parse(ref reader, ExtensionPlace.ClientHello),
        };
        reader.End();
        hello.DecodeExtensions();
        return hello;
    }

    public void Write(TlsWriter writer)
    {
        writer.WriteUInt16(LegacyVersion);
        writer.WriteBytes(Random.Span);
        writer.WriteVector8(SessionId.Span);
        using (writer.Length16())
        {
            foreach (var suite in CipherSuites)
                writer.WriteUInt16(suite.Value);
        }
        writer.WriteVector8(CompressionMethods.Span);
        Extensions.Write(writer);
    }

    private void DecodeExtensions()
    {
        for (var i = 0; i < Extensions.Items.Count; i++)
        {
            var (type, data) = Extensions.Items[i];
            switch (type.Value)
            {
                case 0: ServerName = Protocol.Extensions.ParseServerName(data); break;
                case 1: MaxFragmentLength = Protocol.Extensions.ParseMaxFragmentLength(data); break;
                case 10: Groups = Protocol.Extensions.ParseGroups(data); break;
                case 13: SignatureSchemes = Protocol.Extensions.ParseSignatureSchemes(data); break;
                case 16: ApplicationProtocols = Protocol.Extensions.ParseProtocols(data); break;
                case 28: RecordSizeLimit = Protocol.Extensions.ParseRecordSizeLimit(data); break;
                case 42: Protocol.Extensions.DemandEmpty(data, "early_data"); OffersEarlyData = true; break;
                case 43: Versions = Protocol.Extensions.ParseOfferedVersions(data); break;
                case 44: Cookie = Protocol.Extensions.ParseCookie(data); break;
                case 45: PskModes = Protocol.Extensions.ParsePskModes(data); break;
                case 47: CertificateAuthorities = Protocol.Extensions.ParseAuthorities(data); break;
                case 49: Protocol.Extensions.DemandEmpty(data, "post_handshake_auth"); OffersPostHandshakeAuth = true; break;
                case 50: CertificateSignatureSchemes = Protocol.Extensions.ParseSignatureSchemes(data); break;
                case 51: KeyShares = Protocol.Extensions.ParseClientShares(data); break;
                case 58: TicketRequest = Protocol.Extensions.ParseTicketRequest(data); break;
                default: ExtensionForms.Demand(type, data, ExtensionPlace.ClientHello); break;
                case 41:
                    PreSharedKeys = OfferedPsks.Parse(data);
                    // RFC 8446 §4.2.11: "The 'pre_shared_key' extension MUST be the last extension in the ClientHello".
                    if (i != Extensions.Items.Count - 1)
                        throw new TlsException(TlsError.PreSharedKeyNotLast);
                    break;
            }
        }
    }
}

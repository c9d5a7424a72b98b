using System.Net.Security;
using CsCheck;
using LucidTls.Protocol;

namespace LucidTls.Tests.Protocol;

/// <summary>Random valid messages.</summary>
internal static class Generate
{
    public static readonly Gen<ushort> Code = Gen.UShort;

    public static readonly Gen<CipherSuite[]> Suites = Code.Select(value => new CipherSuite(value)).Array[1, 20];
    public static readonly Gen<NamedGroup[]> Groups = Code.Select(value => new NamedGroup(value)).Array[1, 20];
    public static readonly Gen<SignatureScheme[]> Schemes = Code.Select(value => new SignatureScheme(value)).Array[1, 20];
    public static readonly Gen<TlsVersion[]> Versions = Code.Select(value => new TlsVersion(value)).Array[1, 20];
    public static readonly Gen<SslApplicationProtocol[]> Protocols = Bytes(1, 20).Select(name => new SslApplicationProtocol(name)).Array[1, 5];
    public static readonly Gen<ReadOnlyMemory<byte>[]> Authorities = Bytes(1, 50).Select(name => (ReadOnlyMemory<byte>)name).Array[1, 4];
    public static readonly Gen<KeyShareEntry> Share = Gen.Select(Code, Bytes(1, 200), (group, key) => new KeyShareEntry(new NamedGroup(group), key));
    public static readonly Gen<string> ServerName = Gen.Char['!', '~'].Array[1, 60].Select(letters => new string(letters));

    public static readonly Gen<OfferedPsks> Psks =
        from identities in Gen.Select(Bytes(1, 100), Gen.UInt, (identity, age) => new PskIdentity(identity, age)).Array[1, 4]
        from binders in Bytes(32, 64).Select(binder => (ReadOnlyMemory<byte>)binder).Array[identities.Length]
        select new OfferedPsks { Identities = identities, Binders = binders };

    /// <summary>Extensions that nobody knows, GREASE among them.</summary>
    public static readonly Gen<Extension[]> Unknown = Gen.Select(Code.Where(type => ExtensionPlaces.Of(new ExtensionType(type)) == ExtensionPlace.None), Bytes(0, 30), (type, data) => new Extension(new ExtensionType(type), data))
        .Array[0, 5].Select(extensions => extensions.DistinctBy(extension => extension.Type).ToArray());

    public static readonly Gen<ClientHello> ClientHello =
        from random in Bytes(32, 32)
        from sessionId in Bytes(0, 32)
        from suites in Suites
        from compression in Bytes(1, 4)
        from version in Code
        from known in Known(
            (ExtensionType.ServerName, ServerName.Select(Extensions.BuildServerName)),
            (ExtensionType.SupportedGroups, Groups.Select(groups => Extensions.BuildGroups(groups))),
            (ExtensionType.SignatureAlgorithms, Schemes.Select(schemes => Extensions.BuildSignatureSchemes(schemes))),
            (ExtensionType.SignatureAlgorithmsCert, Schemes.Select(schemes => Extensions.BuildSignatureSchemes(schemes))),
            (ExtensionType.ApplicationLayerProtocolNegotiation, Protocols.Select(protocols => Extensions.BuildProtocols(protocols))),
            (ExtensionType.SupportedVersions, Versions.Select(versions => Extensions.BuildOfferedVersions(versions))),
            (ExtensionType.KeyShare, Share.Array[0, 4].Select(shares => Extensions.BuildClientShares(shares))),
            (ExtensionType.Cookie, Bytes(1, 40).Select(cookie => Extensions.BuildCookie(cookie))),
            (ExtensionType.PskKeyExchangeModes, Bytes(1, 3).Select(modes => Extensions.BuildPskModes(modes))),
            (ExtensionType.CertificateAuthorities, Authorities.Select(names => Extensions.BuildAuthorities(names))),
            (ExtensionType.EarlyData, Gen.Const(Array.Empty<byte>())),
            (ExtensionType.PostHandshakeAuth, Gen.Const(Array.Empty<byte>())),
            (ExtensionType.Padding, Bytes(0, 40)),
            (ExtensionType.StatusRequest, Among([1, 0, 0, 0, 0], [1, 0, 5, 0, 3, 7, 8, 9, 0, 1, 1], [2, 9, 9])))
        from psks in Psks.Array[0, 1]
        select new ClientHello
        {
            LegacyVersion = version,
            Random = random,
            SessionId = sessionId,
            CipherSuites = suites,
            CompressionMethods = compression,
            Extensions = Block(psks.Length == 0 ? known : [.. known, new Extension(ExtensionType.PreSharedKey, psks[0].Build())]),
        };

    public static readonly Gen<ServerHello> ServerHello = HelloOf(Bytes(32, 32), Known(
        (ExtensionType.KeyShare, Share.Select(Extensions.BuildServerShare)),
        (ExtensionType.PreSharedKey, Code.Select(Extensions.BuildSelectedIdentity))));

    public static readonly Gen<ServerHello> HelloRetryRequest = HelloOf(Gen.Const(LucidTls.Protocol.ServerHello.HelloRetryRandom.ToArray()), Known(
        (ExtensionType.KeyShare, Code.Select(group => Extensions.BuildSelectedGroup(new NamedGroup(group)))),
        (ExtensionType.Cookie, Bytes(1, 40).Select(cookie => Extensions.BuildCookie(cookie)))));

    public static readonly Gen<EncryptedExtensions> EncryptedExtensions = Known(
        (ExtensionType.ServerName, Gen.Const(Array.Empty<byte>())),
        (ExtensionType.SupportedGroups, Groups.Select(groups => Extensions.BuildGroups(groups))),
        (ExtensionType.ApplicationLayerProtocolNegotiation, Protocols.Select(protocols => Extensions.BuildProtocols(protocols))),
        (ExtensionType.RecordSizeLimit, Bytes(2, 2))).Select(extensions => new EncryptedExtensions { Extensions = Block(extensions) });

    public static readonly Gen<CertificateRequest> CertificateRequest =
        from context in Bytes(0, 255)
        from schemes in Schemes
        from known in Known(
            (ExtensionType.CertificateAuthorities, Authorities.Select(names => Extensions.BuildAuthorities(names))),
            (ExtensionType.SignatureAlgorithmsCert, Schemes.Select(more => Extensions.BuildSignatureSchemes(more))),
            (ExtensionType.OidFilters, Among([0, 0], [0, 5, 2, 42, 3, 0, 0])))
        select new CertificateRequest { Context = context, Extensions = Block([.. known, new Extension(ExtensionType.SignatureAlgorithms, Extensions.BuildSignatureSchemes(schemes))]) };

    public static readonly Gen<CertificateMessage> Certificate =
        from context in Bytes(0, 255)
        from entries in Gen.Select(Bytes(1, 300), Known((ExtensionType.StatusRequest, Bytes(0, 20)), (ExtensionType.SignedCertificateTimestamp, Bytes(0, 20))), (der, extensions) => new CertificateEntry(der, Block(extensions))).Array[0, 6]
        select new CertificateMessage { Context = context, Entries = entries };

    public static readonly Gen<CertificateVerify> CertificateVerify =
        Gen.Select(Code, Bytes(0, 600), (scheme, signature) => new CertificateVerify { Scheme = new SignatureScheme(scheme), Signature = signature });

    public static readonly Gen<NewSessionTicket> NewSessionTicket =
        from lifetime in Gen.UInt[0, 604_800]
        from ageAdd in Gen.UInt
        from nonce in Bytes(0, 255)
        from ticket in Bytes(1, 400)
        from extensions in Known((ExtensionType.EarlyData, Bytes(4, 4)))
        select new NewSessionTicket { LifetimeSeconds = lifetime, AgeAdd = ageAdd, Nonce = nonce, Ticket = ticket, Extensions = Block(extensions) };

    public static readonly Gen<KeyUpdate> KeyUpdate = Gen.Bool.Select(request => new KeyUpdate { RequestUpdate = request });

    public static Gen<byte[]> Bytes(int least, int most) => Gen.Byte.Array[least, most];

    private static Gen<byte[]> Among(params byte[][] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);

    public static ExtensionBlock Block(IEnumerable<Extension> extensions)
    {
        var block = new ExtensionBlock();
        foreach (var (type, data) in extensions)
            block.Add(type, data);
        return block;
    }

    private static Gen<ServerHello> HelloOf(Gen<byte[]> randoms, Gen<Extension[]> known) =>
        from random in randoms
        from sessionId in Bytes(0, 32)
        from suite in Code
        from compression in Gen.Byte
        from version in Code
        from selected in Code
        from extensions in known
        select new ServerHello
        {
            LegacyVersion = version,
            Random = random,
            SessionId = sessionId,
            CipherSuite = new CipherSuite(suite),
            CompressionMethod = compression,
            Extensions = Block([new Extension(ExtensionType.SupportedVersions, Extensions.BuildSelectedVersion(new TlsVersion(selected))), .. extensions]),
        };

    // Some of the known extensions and some that nobody knows, in any order.
    private static Gen<Extension[]> Known(params (ExtensionType Type, Gen<byte[]> Data)[] known)
    {
        var some = Gen.Const(Array.Empty<Extension>());
        foreach (var (type, data) in known)
            some = Gen.Select(some, Gen.Bool, data, (before, isThere, bytes) => isThere ? [.. before, new Extension(type, bytes)] : before);
        return Gen.Select(some, Unknown, (first, second) => (Extension[])[.. first, .. second]).SelectMany(all => Gen.Shuffle(all));
    }
}

using System.Security.Cryptography;

namespace LucidTls.Protocol;

/// <summary>What an imported pre-shared key is called on the wire (RFC 9258 §5.1): its own name, the context that it is for, the version and the hash.</summary>
internal sealed class ImportedIdentity
{
    private const ushort HkdfSha256 = 1;
    private const ushort HkdfSha384 = 2;

    public required ReadOnlyMemory<byte> ExternalIdentity { get; init; }
    public required ReadOnlyMemory<byte> Context { get; init; }

    /// <summary>SHA-256 or SHA-384: the target_kdf.</summary>
    public required HashAlgorithmName Hash { get; init; }

    /// <returns>The identity for TLS 1.3; null for bytes that are none, which may be any other key's name.</returns>
    public static ImportedIdentity? TryParse(ReadOnlyMemory<byte> identity)
    {
        try
        {
            var reader = new TlsReader(identity, "ImportedIdentity");
            var external = reader.ReadVector16(1);
            var context = reader.ReadVector16();
            var version = reader.ReadUInt16();
            HashAlgorithmName? hash = reader.ReadUInt16() switch
            {
                HkdfSha256 => HashAlgorithmName.SHA256,
                HkdfSha384 => HashAlgorithmName.SHA384,
                _ => null,
            };
            reader.End();
            return version == TlsVersion.Tls13.Value && hash is { } known ? new ImportedIdentity { ExternalIdentity = external, Context = context, Hash = known } : null;
        }
        catch (TlsException)
        {
            return null;
        }
    }

    public byte[] Build() => Extensions.Build(writer =>
    {
        writer.WriteVector16(ExternalIdentity.Span);
        writer.WriteVector16(Context.Span);
        writer.WriteUInt16(TlsVersion.Tls13.Value);
        writer.WriteUInt16(Hash == HashAlgorithmName.SHA384 ? HkdfSha384 : HkdfSha256);
    });
}

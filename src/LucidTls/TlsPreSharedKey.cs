using System.Security.Cryptography;
using System.Text;
using LucidTls.Cryptography;
using LucidTls.Handshake;
using LucidTls.Protocol;
using LucidTls.Sessions;

namespace LucidTls;

/// <summary>
/// A key that both ends were given beforehand, with a name for it that travels in the clear (RFC 8446 §2.2). It proves each to the other without certificates,
/// always together with a fresh key exchange. Only two ends may share it: among three, each can pass for any other (RFC 9257 §4.1).
/// </summary>
public sealed class TlsPreSharedKey
{
    /// <summary>RFC 9257 §6: "Each PSK … MUST be at least 128 bits long".</summary>
    private const int LeastKeyLength = 16;

    /// <summary>Two of them with their binders fit the extension.</summary>
    private const int MostIdentityLength = 16_384;

    private readonly Secret _key;

    private TlsPreSharedKey(ReadOnlySpan<byte> identity, ReadOnlySpan<byte> key, HashAlgorithmName hash, byte[]? context)
    {
        ArgumentOutOfRangeException.ThrowIfZero(identity.Length, nameof(identity));
        if (identity.Length + (context?.Length ?? 0) > MostIdentityLength)
            throw new ArgumentException($"The identity and its context may have {MostIdentityLength} bytes at most.", nameof(identity));
        if (key.Length < LeastKeyLength)
            throw new ArgumentException($"A pre-shared key of {8 * key.Length} bits can be guessed; it must have 128 at least, all of them random (RFC 9257 §6). A password is no such key.", nameof(key));
        if (hash != HashAlgorithmName.SHA256 && hash != HashAlgorithmName.SHA384)
            throw new ArgumentException($"The hash must be SHA256 or SHA384, not {hash.Name}.", nameof(hash));
        Identity = identity.ToArray();
        Hash = hash;
        IsImported = context != null;
        Context = context;
        _key = new Secret(key);
    }

    /// <summary>The key's name as both ends know it.</summary>
    public ReadOnlyMemory<byte> Identity { get; }

    /// <summary>The hash that goes with the key: SHA-256 or SHA-384. A key that is used as it is fits suites with that hash only; an imported one fits all.</summary>
    public HashAlgorithmName Hash { get; }

    /// <summary>Whether the key goes through the importer of RFC 9258.</summary>
    public bool IsImported { get; }

    /// <summary>What an imported key is for; empty otherwise.</summary>
    public ReadOnlyMemory<byte> Context { get; }

    /// <summary>A key that is imported (RFC 9258): a key of its own is made from it for each hash and context, so that it is safe with any suite. Both ends must import it.</summary>
    /// <param name="identity">Its name, 1 byte at least. It travels in the clear.</param>
    /// <param name="key">The key: 16 random bytes at least.</param>
    /// <param name="context">What it is for, the same at both ends: the two ends' roles and names for example, so that nobody's own message can be played back to him (RFC 9258 §A). It travels in the clear.</param>
    /// <param name="hash">The hash that goes with the key; SHA-256 when none is named.</param>
    /// <exception cref="ArgumentException">The key is too short, a name is too long or the hash is another.</exception>
    public static TlsPreSharedKey Imported(ReadOnlySpan<byte> identity, ReadOnlySpan<byte> key, ReadOnlySpan<byte> context = default, HashAlgorithmName? hash = null) =>
        new(identity, key, hash ?? HashAlgorithmName.SHA256, context.ToArray());

    /// <summary>A key that is used as it is (RFC 8446 §4.2.11), for peers that know no importer. It must be used with no other protocol and no other version of TLS.</summary>
    /// <param name="identity">Its name, 1 byte at least. It travels in the clear.</param>
    /// <param name="key">The key: 16 random bytes at least.</param>
    /// <param name="hash">The hash that goes with the key; SHA-256 when none is named.</param>
    /// <exception cref="ArgumentException">The key is too short, the name is too long or the hash is another.</exception>
    public static TlsPreSharedKey External(ReadOnlySpan<byte> identity, ReadOnlySpan<byte> key, HashAlgorithmName? hash = null) =>
        new(identity, key, hash ?? HashAlgorithmName.SHA256, context: null);

    /// <summary>The name, and never the key.</summary>
    public override string ToString() => Name(Identity.Span);

    /// <summary>32 bytes that say nothing of the key, and that no other key has: by them a session knows the key that it was made with.</summary>
    internal byte[] Fingerprint()
    {
        var fingerprint = new byte[32];
        Hmac.HashData(HashAlgorithmName.SHA256, _key, "LucidTls session"u8, fingerprint);
        return fingerprint;
    }

    internal PskKind Kind => IsImported ? PskKind.Imported : PskKind.External;

    /// <summary>Whether there is a key for suites with that hash.</summary>
    internal bool Fits(HashAlgorithmName hash) => IsImported || hash == Hash;

    /// <summary>What the key for suites with that hash is called on the wire.</summary>
    internal ReadOnlyMemory<byte> WireIdentity(HashAlgorithmName hash) =>
        IsImported ? new ImportedIdentity { ExternalIdentity = Identity, Context = Context, Hash = hash }.Build() : Identity;

    /// <summary>The key for suites with that hash.</summary>
    internal Secret KeyFor(HashAlgorithmName hash)
    {
        if (!IsImported)
            return new Secret(_key.Span);
        // RFC 9258 §5.1: epskx = HKDF-Extract(0, epsk), ipskx = HKDF-Expand-Label(epskx, "derived psk", Hash(ImportedIdentity), L)
        using var extracted = new Secret(Hmac.LengthOf(Hash));
        Hkdf.Extract(Hash, Hkdf.NoSalt, _key.Span, extracted);
        Span<byte> identityHash = stackalloc byte[Hmac.MaxLength];
        var length = CryptographicOperations.HashData(Hash, WireIdentity(hash).Span, identityHash);
        var imported = new Secret(Hmac.LengthOf(hash));
        Hkdf.ExpandLabel(Hash, extracted, "derived psk"u8, identityHash[..length], imported.Span);
        return imported;
    }

    /// <summary>A name for people: as text where it is that, and not longer than a line.</summary>
    internal static string Name(ReadOnlySpan<byte> identity)
    {
        const int Most = 64;
        var shown = identity[..Math.Min(identity.Length, Most)];
        var rest = identity.Length > Most ? "…" : "";
        return shown.ContainsAnyExceptInRange((byte)0x20, (byte)0x7E) ? Convert.ToHexStringLower(shown) + rest : $"\"{Encoding.ASCII.GetString(shown)}{rest}\"";
    }
}

/// <summary>A client's wish to prove itself with a pre-shared key, by which a server finds the key.</summary>
public sealed class TlsPreSharedKeyRequest
{
    internal TlsPreSharedKeyRequest(ReadOnlyMemory<byte> identity, ImportedIdentity? imported, string? serverName)
    {
        Identity = imported?.ExternalIdentity ?? identity;
        Context = imported?.Context ?? default;
        IsImported = imported != null;
        ServerName = serverName;
    }

    internal TlsPreSharedKeyRequest(SessionKeyProof proof, string? serverName)
    {
        Identity = proof.Identity;
        Context = proof.Context;
        IsImported = proof.IsImported;
        ServerName = serverName;
    }

    /// <summary>The key's name, as in <see cref="TlsPreSharedKey.Identity"/>. Anybody can ask for any name; the key is proven afterwards.</summary>
    public ReadOnlyMemory<byte> Identity { get; }

    /// <summary>Whether an imported key is wanted (<see cref="TlsPreSharedKey.Imported"/>): an answer of the other kind counts for none.</summary>
    public bool IsImported { get; }

    /// <summary>The context of an imported key: an answer with another one counts for none.</summary>
    public ReadOnlyMemory<byte> Context { get; }

    /// <summary>The DNS name that the client asks for (SNI), or null.</summary>
    public string? ServerName { get; }
}

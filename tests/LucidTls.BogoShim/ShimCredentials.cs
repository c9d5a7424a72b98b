using System.Security.Cryptography;
using LucidTls.Protocol;

namespace LucidTls.BogoShim;

/// <summary>The certificates and keys that a test gives the shim.</summary>
internal sealed class ShimCredentials
{
    /// <summary>The number by which the runner knows what was set outside of -new-x509-credential.</summary>
    private const int Legacy = -1;

    private readonly List<(int Number, TlsIdentity Identity)> _identities = [];

    private ShimCredentials()
    {
    }

    private readonly List<(int Number, TlsPreSharedKey Key)> _keys = [];

    /// <summary>In order of preference, which what was set outside of -new-x509-credential ends.</summary>
    public IReadOnlyList<TlsIdentity> Identities => [.. _identities.OrderBy(one => (uint)one.Number).Select(one => one.Identity)];

    /// <summary>The pre-shared keys in order of preference.</summary>
    public IReadOnlyList<TlsPreSharedKey> Keys => [.. _keys.Select(one => one.Key)];

    public static ShimCredentials From(ShimFlags flags)
    {
        var credentials = new ShimCredentials();
        var draft = new Draft();
        var number = Legacy;
        foreach (var (name, value) in flags.All)
        {
            switch (name)
            {
                case "-new-x509-credential" or "-new-psk-credential":
                    credentials.Add(number++, draft);
                    draft = new Draft();
                    break;
                case "-psk-importer-key":
                    draft.Key = Convert.FromBase64String(value);
                    break;
                case "-psk-importer-identity":
                    draft.KeyIdentity = Convert.FromBase64String(value);
                    break;
                case "-psk-importer-context":
                    draft.KeyContext = Convert.FromBase64String(value);
                    break;
                case "-psk-importer-sha384":
                    draft.KeyHash = HashAlgorithmName.SHA384;
                    break;
                case "-cert-file":
                    draft.CertificateFile = value;
                    break;
                case "-key-file":
                    draft.KeyFile = value;
                    break;
                case "-ocsp-response":
                    draft.Staple = Convert.FromBase64String(value);
                    break;
                case "-signed-cert-timestamps":
                    draft.Timestamps = Convert.FromBase64String(value);
                    break;
                case "-signing-prefs":
                    draft.Schemes.Add(new SignatureScheme(ushort.Parse(value, System.Globalization.CultureInfo.InvariantCulture)));
                    break;
            }
        }
        credentials.Add(number, draft);
        return credentials;
    }

    /// <summary>Which of the credentials was used; null for none.</summary>
    public int? NumberOf(TlsSessionInfo session)
    {
        foreach (var (number, key) in _keys)
        {
            if (session.PreSharedKeyIdentity?.Span.SequenceEqual(key.Identity.Span) == true)
                return number;
        }
        var chain = session.LocalCertificates;
        foreach (var (number, identity) in _identities)
        {
            if (chain.Count > 0 && identity.Chain[0].Span.SequenceEqual(chain[0].Span))
                return number;
        }
        return null;
    }

    /// <summary>The certificates of a PEM file in DER, in order.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> ReadCertificates(string path)
    {
        var found = new List<ReadOnlyMemory<byte>>();
        ReadOnlySpan<char> rest = File.ReadAllText(path);
        while (PemEncoding.TryFind(rest, out var fields))
        {
            if (rest[fields.Label] is "CERTIFICATE")
                found.Add(Convert.FromBase64String(rest[fields.Base64Data].ToString()));
            rest = rest[fields.Location.End..];
        }
        return found;
    }

    private void Add(int number, Draft draft)
    {
        if (draft.Key != null)
            _keys.Add((number, TlsPreSharedKey.Imported(draft.KeyIdentity, draft.Key, draft.KeyContext, draft.KeyHash)));
        if (draft.CertificateFile == null || draft.KeyFile == null)
            return;
        var identity = TlsIdentity.FromPemFile(draft.CertificateFile, draft.KeyFile);
        if (draft.Schemes.Count > 0)
            identity = identity.WithSchemes(draft.Schemes);
        if (draft.Timestamps != null)
            identity = identity.WithUncheckedTimestamps(SplitTimestamps(draft.Timestamps));
        if (draft.Staple != null)
            identity.Staples = [draft.Staple];
        _identities.Add((number, identity));
    }

    // RFC 6962 §3.3: a SignedCertificateTimestampList.
    private static List<ReadOnlyMemory<byte>> SplitTimestamps(byte[] list)
    {
        var timestamps = new List<ReadOnlyMemory<byte>>();
        var reader = new TlsReader(list, "signed_certificate_timestamp");
        var entries = reader.ReadNested16(1);
        while (!entries.IsEmpty)
            timestamps.Add(entries.ReadVector16(1));
        return timestamps;
    }

    private sealed class Draft
    {
        public byte[]? Key { get; set; }
        public byte[] KeyIdentity { get; set; } = [];
        public byte[] KeyContext { get; set; } = [];
        public HashAlgorithmName KeyHash { get; set; } = HashAlgorithmName.SHA256;
        public string? CertificateFile { get; set; }
        public string? KeyFile { get; set; }
        public byte[]? Staple { get; set; }
        public byte[]? Timestamps { get; set; }
        public List<SignatureScheme> Schemes { get; } = [];
    }
}

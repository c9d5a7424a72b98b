using System.Security.Cryptography;
using System.Text;
using LucidTls.Cryptography;

namespace LucidTls.Certificates.Parsing;

/// <summary>
/// The certificates and private keys of one or more files, whatever they are: PEM with any mix in any order, DER, PKCS#7, PKCS#12.
/// Then the leaf is the certificate that fits a key, and the chain is put in order.
/// </summary>
internal sealed class IdentityParts
{
    private const long MostBytes = 16 * 1024 * 1024;
    private const int MostKeys = 16;
    private const int MostCertificates = 256;

    private readonly List<Certificate> _certificates = [];
    private readonly List<(SigningKey Key, string Where)> _keys = [];
    private readonly List<string> _names = [];

    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="FormatException">It is too large, or a part of it cannot be read; the message names the file and the line.</exception>
    public void AddFile(string path, string? password)
    {
        var length = new FileInfo(path).Length;
        if (length > MostBytes)
            throw new FormatException($"{path} has {length} bytes; more than {MostBytes} are not read.");
        var bytes = File.ReadAllBytes(path);
        using var wiping = new Wiping(bytes);
        Add(bytes, path, password);
    }

    /// <summary>Adds what a file holds, told by its content.</summary>
    public void Add(ReadOnlyMemory<byte> content, string name, string? password)
    {
        if (content.Span is not [0x30, ..])
        {
            AddPem(Encoding.UTF8.GetString(content.Span), name, password);
            return;
        }
        if (Pkcs12.IsLikely(content))
            AddPkcs12(content, name, password);
        else if (Pkcs7.IsLikely(content))
            Reading(name, () => Pkcs7.Certificates(content).ToList().ForEach(der => AddCertificate(der, name)));
        else if (PrivateKeyReader.LabelOf(content) != null)
            AddKey(() => PrivateKeyReader.Read(content, password), name);
        else
            AddCertificate(content, name);
        _names.Add(name);
    }

    public void AddPem(string pem, string name, string? password)
    {
        _names.Add(name);
        List<PemBlock> blocks = [];
        Reading(name, () => blocks = PemBlock.Read(pem, label => PemReader.IsCertificate(label) || PrivateKeyReader.IsPrivateKey(label)));
        try
        {
            foreach (var block in blocks)
            {
                if (PrivateKeyReader.IsPrivateKey(block.Label))
                    AddKey(() => PrivateKeyReader.Read(block.Label, block.Data, password), $"{name}, line {block.Line}");
                else
                    Reading(name, () => PemReader.CertificatesIn([block]).ForEach(der => AddCertificate(der, $"{name}, line {block.Line}")));
            }
        }
        finally
        {
            foreach (var block in blocks)
                CryptographicOperations.ZeroMemory(block.Data);
        }
    }

    public void AddPkcs12(ReadOnlyMemory<byte> content, string name, string? password)
    {
        Pkcs12? parts = null;
        Reading(name, () => parts = Pkcs12.Read(content, password));
        using (parts)
        {
            foreach (var der in parts!.Certificates)
                AddCertificate(der, name);
            foreach (var key in parts.Keys)
                AddKey(() => PrivateKeyReader.Read("PRIVATE KEY", key, null), name);
        }
    }

    /// <summary>The leaf with the certificates above it but the root, and its key.</summary>
    /// <exception cref="FormatException">There is no certificate or no key.</exception>
    /// <exception cref="ArgumentException">No key fits a certificate.</exception>
    public (IReadOnlyList<ReadOnlyMemory<byte>> Chain, SigningKey Key) Take()
    {
        var names = string.Join(" or ", _names.Distinct());
        if (_certificates.Count == 0)
            throw new FormatException($"There is no certificate (\"-----BEGIN CERTIFICATE-----\") in {names}.");
        if (_keys.Count == 0)
            throw new FormatException($"There is no private key (\"-----BEGIN PRIVATE KEY-----\") in {names}.");
        foreach (var (key, _) in _keys)
        {
            if (_certificates.Find(certificate => Fits(key, certificate)) is { } leaf)
                return ([.. ChainOf(leaf).Select(certificate => certificate.Der)], key);
        }
        var (first, where) = _keys[0];
        // A single one is most likely the right certificate, and its own fault more telling than the key's.
        if (_certificates is [var only] && LeafKey.Of(only.Der) == null)
            throw new ArgumentException($"The certificate of {only} cannot be used for TLS: its key is {only.KeyFacts.Text}, or its key usage forbids signatures.");
        throw new ArgumentException($"The private key ({where}; it signs with {first.Schemes[0]}) is not the key of {Describe()}.");
    }

    private static bool Fits(SigningKey key, Certificate certificate)
    {
        byte[] probe = [1, 2, 3, 4];
        return LeafKey.Of(certificate.Der) is { } publicKey && publicKey.Verify(key.Schemes[0], probe, key.Sign(key.Schemes[0], probe));
    }

    // RFC 8446 §4.4.2: each certifies the one before it; the root may be left out, and nobody needs it.
    private List<Certificate> ChainOf(Certificate leaf)
    {
        var chain = new List<Certificate> { leaf };
        for (var i = 0; i < chain.Count; i++)
            chain.AddRange(_certificates.Where(one => !one.IsSelfIssued && Issued(one, chain[i]) && !chain.Contains(one)).ToList());
        return chain;
    }

    // Another authority may have the same name. A signature of a kind that we cannot check is left to the peer.
    private static bool Issued(Certificate issuer, Certificate certificate) =>
        issuer.Subject.Equals(certificate.Issuer)
        && (CertificateSignature.SchemeOf(certificate.SignatureAlgorithm) is not { } scheme || CertificateSignature.Verifies(certificate, issuer, scheme));

    private void AddCertificate(ReadOnlyMemory<byte> der, string where)
    {
        if (_certificates.Count == MostCertificates)
            throw new FormatException($"{where}: there are more than {MostCertificates} certificates.");
        if (!Certificate.TryParse(der.ToArray(), out var certificate, out var problem))
            throw new FormatException($"{where}: the certificate {problem}.");
        if (!_certificates.Exists(known => known.Der.Span.SequenceEqual(der.Span)))
            _certificates.Add(certificate);
    }

    private void AddKey(Func<SigningKey> read, string where)
    {
        if (_keys.Count == MostKeys)
            throw new FormatException($"{where}: there are more than {MostKeys} private keys.");
        Reading(where, () => _keys.Add((read(), where)));
    }

    private static void Reading(string where, Action read)
    {
        try
        {
            read();
        }
        catch (FormatException exception) when (!exception.Message.StartsWith(where, StringComparison.Ordinal))
        {
            var isLine = exception.Message.StartsWith("line ", StringComparison.Ordinal);
            throw new FormatException($"{where}{(isLine ? ", " : ": ")}{exception.Message.TrimEnd('.')}.", exception);
        }
    }

    private string Describe() => _certificates is [var only] ? $"the certificate of {only} ({only.KeyFacts.Text})"
        : $"any of the {_certificates.Count} certificates: {string.Join("; ", _certificates.Take(4).Select(one => $"{one} ({one.KeyFacts.Text})"))}{(_certificates.Count > 4 ? "; …" : "")}";
}

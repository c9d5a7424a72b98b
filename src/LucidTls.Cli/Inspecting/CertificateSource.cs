using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using LucidTls.Certificates;
using LucidTls.Certificates.Parsing;
using LucidTls.Cli.Connecting;
using LucidTls.Cli.Reporting;

namespace LucidTls.Cli.Inspecting;

/// <summary>Certificates and where they are from.</summary>
/// <param name="Name">The file, or HOST:PORT.</param>
/// <param name="Host">The host when it was a server; null otherwise.</param>
/// <param name="Certificates">In DER, in their order.</param>
internal sealed record LoadedCertificates(string Name, string? Host, IReadOnlyList<ReadOnlyMemory<byte>> Certificates)
{
    /// <summary>The OCSP response that a server stapled for the first one, empty when it did not; null when nobody was asked.</summary>
    public ReadOnlyMemory<byte>? Staple { get; init; }

    /// <summary>The timestamps that a server sent beside its certificates; empty without any.</summary>
    public ReadOnlyMemory<byte> Timestamps { get; init; }
}

/// <summary>Gets certificates from wherever a user has them: files in PEM, DER, PKCS#12 or PKCS#7, folders of those, servers, standard input.</summary>
internal static class CertificateSource
{
    private const int MostBytes = 16 * 1024 * 1024;
    private const int MostCertificates = 2000;
    private const int DefaultPort = 443;

    /// <param name="source">A file, a folder, HOST:PORT, or - for standard input.</param>
    /// <param name="passwordFile">The file with the password of PKCS#12 files; null for none.</param>
    /// <param name="verifier">Who will judge what a server sends: it is asked for all that this one looks at. Null to ask for its certificates alone.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CliException">There is nothing of that name, or no certificate in it.</exception>
    public static async Task<IReadOnlyList<LoadedCertificates>> LoadAsync(string source, string? passwordFile, CertificateVerifier? verifier, CancellationToken cancellationToken)
    {
        try
        {
            if (source == "-")
                return [new("standard input", null, Parse(await ReadAsync(Console.OpenStandardInput(), cancellationToken), passwordFile, "standard input"))];
            if (File.Exists(source))
                return [await LoadFileAsync(source, passwordFile, cancellationToken)];
            if (Directory.Exists(source))
                return await LoadFolderAsync(source, passwordFile, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{source} cannot be read: {failure.Message}", failure);
        }
        if (!source.Contains('/') && !source.Contains('\\') && HostPort.TryParse(source, DefaultPort, out var target) && target.Port != 0)
            return [await AskServerAsync(target, verifier, cancellationToken)];
        throw new CliException(ExitCode.Usage, $"{source} is neither a file, nor a folder, nor a HOST:PORT.");
    }

    private static async Task<LoadedCertificates> LoadFileAsync(string path, string? passwordFile, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        return new(path, null, Parse(await ReadAsync(file, cancellationToken), passwordFile, path));
    }

    // What is no certificate is passed over: folders hold keys and notes as well.
    private static async Task<IReadOnlyList<LoadedCertificates>> LoadFolderAsync(string folder, string? passwordFile, CancellationToken cancellationToken)
    {
        var loaded = new List<LoadedCertificates>();
        foreach (var path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            if (new FileInfo(path).Length > MostBytes)
                continue;
            try
            {
                loaded.Add(await LoadFileAsync(path, passwordFile, cancellationToken));
            }
            catch (NoCertificateException)
            {
                continue;
            }
        }
        return loaded.Count > 0 ? loaded : throw new CliException(ExitCode.Usage, $"There is no certificate in the folder {folder}.");
    }

    private static async Task<byte[]> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            all.Write(buffer, 0, read);
            if (all.Length > MostBytes)
                throw new IOException($"it has more than {MostBytes >> 20} MiB.");
        }
        return all.ToArray();
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>> Parse(byte[] data, string? passwordFile, string name)
    {
        try
        {
            var found = data.AsSpan().IndexOf("-----BEGIN "u8) >= 0 ? ParsePem(Encoding.UTF8.GetString(data)) : ParseDer(data, passwordFile, name);
            if (found.Count > MostCertificates)
                throw new CliException(ExitCode.Usage, $"{name} holds more than {MostCertificates} certificates.");
            return found.Count > 0 ? found : throw new NoCertificateException($"There is no certificate in {name}.");
        }
        catch (Exception failure) when (failure is FormatException)
        {
            throw new NoCertificateException($"There is no certificate in {name} that can be read: {failure.Message}", failure);
        }
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>> ParsePem(string pem)
    {
        var found = new List<ReadOnlyMemory<byte>>();
        var rest = pem.AsMemory();
        while (PemEncoding.TryFind(rest.Span, out var fields))
        {
            var label = rest.Span[fields.Label];
            if (label is "CERTIFICATE" or "TRUSTED CERTIFICATE" or "X509 CERTIFICATE")
                found.Add(Convert.FromBase64String(rest.Span[fields.Base64Data].ToString()));
            else if (label is "PKCS7" or "CMS")
                found.AddRange(ParsePkcs7(Convert.FromBase64String(rest.Span[fields.Base64Data].ToString())));
            rest = rest[fields.Location.End..];
        }
        return found;
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>> ParseDer(byte[] data, string? passwordFile, string name)
    {
        if (Certificate.TryParse(data) != null)
            return [data];
        if (Pkcs12.IsLikely(data))
            return ParsePkcs12(data, passwordFile, name);
        return ParsePkcs7(data);
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>> ParsePkcs7(byte[] data) => LeafFirst(Pkcs7.Certificates(data));

    // These files have their certificates in any order; whoever issued another is not the leaf.
    private static IReadOnlyList<ReadOnlyMemory<byte>> LeafFirst(IReadOnlyList<ReadOnlyMemory<byte>> certificates)
    {
        var parsed = certificates.Select(der => Certificate.TryParse(der)).ToArray();
        return [.. certificates.Zip(parsed).OrderBy(pair => parsed.Any(other => other != null && !other.IsSelfIssued && other.Issuer.Equals(pair.Second?.Subject))).Select(pair => pair.First)];
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>> ParsePkcs12(byte[] data, string? passwordFile, string name)
    {
        if (passwordFile is not null)
            return FromPkcs12(data, KeyPassword.Read(CertCommand.PasswordFileName, passwordFile).Password, name);
        try
        {
            return FromPkcs12(data, null, name);
        }
        catch (NoCertificateException failure) when (PasswordException.In(failure) is { IsMissing: true } && PasswordPrompt.IsPossible)
        {
            return FromPkcs12(data, PasswordPrompt.Ask(name), name);
        }
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>> FromPkcs12(byte[] data, string? password, string name)
    {
        try
        {
            using var parts = Pkcs12.Read(data, password);
            return LeafFirst(parts.Certificates);
        }
        catch (FormatException failure)
        {
            throw new NoCertificateException($"The PKCS#12 file {name} cannot be opened: {failure.Message}{(PasswordException.In(failure) is { IsMissing: true } ? $" Give it with {CertCommand.PasswordFileName}." : "")}", failure);
        }
    }

    // The handshake goes on only to learn the chain, and nothing is sent over the connection; if it fails after that, the chain is still there.
    private static async Task<LoadedCertificates> AskServerAsync(HostPort target, CertificateVerifier? verifier, CancellationToken cancellationToken)
    {
        var connection = await Dialer.ConnectAsync(target, cancellationToken);
        await using var tls = new TlsStream(new NetworkStream(connection.Socket, ownsSocket: true));
        try
        {
            // What comes beside the certificates does not come again when a session is resumed.
            var options = new TlsClientOptions { TargetHost = target.Host, SessionCache = null, DangerousAcceptAnyCertificate = true, JudgesAfterwards = verifier != null };
            if (verifier != null)
                options.CertificateVerifier = verifier;
            await tls.AuthenticateAsClientAsync(options, cancellationToken);
            return new(target.ToString(), target.Host, tls.Session.PeerCertificates) { Staple = verifier == null ? default(ReadOnlyMemory<byte>?) : tls.Peer.Staple, Timestamps = tls.Peer.Timestamps };
        }
        catch (Exception failure) when (failure.InnerException is TlsException tlsFailure && failure is AuthenticationException or IOException)
        {
            return tlsFailure.PeerCertificates.Count > 0 ? new(target.ToString(), target.Host, tlsFailure.PeerCertificates) : throw new CliException(ExitCode.Of(tlsFailure), FailureText.Of(tlsFailure), failure);
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            throw new CliException(ExitCode.Network, $"The connection to {target} broke: {failure.Message}", failure);
        }
    }

    private sealed class NoCertificateException(string message, Exception? inner = null) : CliException(Cli.ExitCode.Usage, message, inner);
}

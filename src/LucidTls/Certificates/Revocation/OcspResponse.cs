using System.Formats.Asn1;
using LucidTls.Certificates.Parsing;
using LucidTls.Cryptography;

namespace LucidTls.Certificates.Revocation;

/// <summary>OCSPResponseStatus (RFC 6960 §4.2.1).</summary>
internal enum OcspResponseStatus
{
    Successful = 0,
    MalformedRequest = 1,
    InternalError = 2,
    TryLater = 3,
    SigRequired = 5,
    Unauthorized = 6,
}

/// <summary>
/// An OCSP response taken apart (RFC 6960 §4.2); the slices refer to the input. Whose word it is gets found out for each path; the answer is
/// kept, as responses come with every handshake of a server.
/// </summary>
internal sealed class OcspResponse
{
    /// <summary>Responses with whole chains inside stay far below.</summary>
    public const int MostBytes = 64 * 1024;

    private const int LargestKept = 8 * 1024;
    private const int MostResponses = 64;
    private const int MostCertificates = 16;

    private static readonly BytesCache<OcspResponse> Known = new(1024);

    private OcspAuthorization? _authorization;

    private OcspResponse(ReadOnlyMemory<byte> der)
    {
        Der = der;
        var outer = new DerReader(der);
        var fields = outer.ReadSequence();
        outer.End();
        Status = (OcspResponseStatus)fields.ReadEnumerated();
        if (!Enum.IsDefined(Status) || fields.IsEmpty != (Status != OcspResponseStatus.Successful))
            throw new AsnContentException();
        if (fields.IsEmpty)
            return;
        var explicitly = fields.ReadContext(0);
        fields.End();
        var bytes = explicitly.ReadSequence();
        explicitly.End();
        if (!bytes.ReadOid().Span.SequenceEqual(Oids.BasicOcspResponse))
            throw new AsnContentException();
        var basic = new DerReader(bytes.ReadOctetString());
        bytes.End();
        ReadBasic(basic.ReadSequence());
        basic.End();
    }

    public ReadOnlyMemory<byte> Der { get; }
    public OcspResponseStatus Status { get; }
    public ReadOnlyMemory<byte> Signed { get; private set; }
    public ReadOnlyMemory<byte> SignatureAlgorithm { get; private set; }
    public ReadOnlyMemory<byte> Signature { get; private set; }

    /// <summary>The responder's name; null when it is known by its key.</summary>
    public X501Name? ResponderName { get; private set; }

    /// <summary>The SHA-1 of the responder's key; empty when it is known by its name.</summary>
    public ReadOnlyMemory<byte> ResponderKeyHash { get; private set; }
    public DateTimeOffset ProducedAt { get; private set; }
    public IReadOnlyList<OcspSingleResponse> Responses { get; private set; } = [];

    /// <summary>The nonce (RFC 9654 §2.1); null when there is none.</summary>
    public ReadOnlyMemory<byte>? Nonce { get; private set; }

    /// <summary>A critical extension that is not understood, or null.</summary>
    public string? UnknownCritical { get; private set; }

    /// <summary>The certificates that came along, those that can be read.</summary>
    public IReadOnlyList<Certificate> Certificates { get; private set; } = [];

    /// <summary>Reads a response, or finds one that was read before.</summary>
    /// <param name="der">The bytes; they are copied when they are kept.</param>
    /// <returns>The response, or null when it is not exactly one in strict DER.</returns>
    public static OcspResponse? TryParse(ReadOnlySpan<byte> der)
    {
        if (Known.TryGet(der, out var known))
            return known;
        if (der.Length > MostBytes)
            return null;
        try
        {
            return new OcspResponse(der.ToArray());
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    /// <summary>Whose word the response is, when it is that of somebody who may speak for the authority.</summary>
    public OcspAuthorization? AuthorizedBy(Certificate issuer)
    {
        if (_authorization is { } found && found.IsFor(issuer))
            return found;
        if (OcspAuthorization.Find(this, issuer) is not { } authorization)
            return null;
        _authorization = authorization;
        if (Der.Length <= LargestKept)
            Known.Add(Der.Span, this);
        return authorization;
    }

    private void ReadBasic(DerReader fields)
    {
        Signed = fields.ReadEncoded();
        SignatureAlgorithm = fields.ReadEncoded();
        Signature = fields.ReadBitString(out var unusedBits);
        if (unusedBits != 0)
            throw new AsnContentException();
        if (fields.NextIsContext(0))
            ReadCertificates(fields.ReadContext(0));
        fields.End();
        var signed = new DerReader(Signed);
        ReadData(signed.ReadSequence());
        signed.End();
    }

    private void ReadData(DerReader fields)
    {
        if (fields.NextIsContext(0))
        {
            var version = fields.ReadContext(0);
            if (version.ReadSmallInteger() != 0)
                throw new AsnContentException();
            version.End();
        }
        if (fields.NextIsContext(1))
        {
            ResponderName = new X501Name(fields.ReadContent(new Asn1Tag(TagClass.ContextSpecific, 1, isConstructed: true)));
        }
        else
        {
            var hash = fields.ReadContext(2);
            ResponderKeyHash = hash.ReadOctetString();
            hash.End();
        }
        ProducedAt = fields.ReadGeneralizedTime();
        ReadResponses(fields.ReadSequence());
        if (fields.NextIsContext(1))
            (Nonce, UnknownCritical) = CertificateExtension.ReadList(fields.ReadContext(1), Oids.OcspNonce);
        fields.End();
    }

    private void ReadResponses(DerReader list)
    {
        var responses = new List<OcspSingleResponse>(1);
        while (!list.IsEmpty)
        {
            if (responses.Count == MostResponses)
                throw new AsnContentException();
            responses.Add(new OcspSingleResponse(list.ReadSequence()));
        }
        Responses = responses;
    }

    private void ReadCertificates(DerReader explicitly)
    {
        var list = explicitly.ReadSequence();
        explicitly.End();
        var certificates = new List<Certificate>(1);
        for (var count = 0; !list.IsEmpty; count++)
        {
            if (count == MostCertificates)
                throw new AsnContentException();
            if (Certificate.TryParse(list.ReadEncoded()) is { } certificate)
                certificates.Add(certificate);
        }
        Certificates = certificates;
    }
}

using System.Formats.Asn1;
using System.Text;

namespace LucidTls.StartTls;

/// <summary>LDAP's StartTLS (RFC 4511 §4.14).</summary>
internal sealed class LdapStartTls() : StartTlsProtocol("ldap", 389, "LDAP")
{
    private const string StartTls = "1.3.6.1.4.1.1466.20037";
    private const int MostRequests = 4;
    private const byte Sequence = 0x30;
    private const int ConfidentialityRequired = 13;

    private static readonly Asn1Tag ExtendedRequest = new(TagClass.Application, 23, isConstructed: true);
    private static readonly Asn1Tag ExtendedResponse = new(TagClass.Application, 24, isConstructed: true);
    private static readonly Asn1Tag BindRequest = new(TagClass.Application, 0, isConstructed: true);
    private static readonly Asn1Tag BindResponse = new(TagClass.Application, 1, isConstructed: true);
    private static readonly Asn1Tag RequestName = new(TagClass.ContextSpecific, 0);

    private protected override async ValueTask AskAsync(PlainLink link, string host, CancellationToken cancellationToken)
    {
        await link.WriteAsync(Message(1, ExtendedRequest, writer => writer.WriteOctetString(Encoding.ASCII.GetBytes(StartTls), RequestName)), cancellationToken).ConfigureAwait(false);
        var (id, operation, body) = await ReadMessageAsync(link, cancellationToken).ConfigureAwait(false);
        // An unsolicited notification has the number 0.
        if (id is not (0 or 1) || !operation.HasSameClassAndValue(ExtendedResponse))
            throw PlainLink.Malformed("the server answers another question");
        var (code, diagnosis) = ReadResult(body);
        if (code != 0 || id == 0)
            throw PlainLink.Refused($"the server answers with the result {code}{(diagnosis.Length > 0 ? $", \"{PlainLink.Shown(diagnosis)}\"" : "")}");
        link.DemandNothingMore();
    }

    private protected override async ValueTask GrantAsync(PlainLink link, string host, CancellationToken cancellationToken)
    {
        for (var i = 0; i < MostRequests; i++)
        {
            var (id, operation, body) = await ReadMessageAsync(link, cancellationToken).ConfigureAwait(false);
            if (operation.HasSameClassAndValue(ExtendedRequest) && IsStartTls(body))
            {
                link.DemandNothingMore();
                await link.WriteAsync(Message(id, ExtendedResponse, writer => WriteResult(writer, 0, "")), cancellationToken).ConfigureAwait(false);
                return;
            }
            var isBind = operation.HasSameClassAndValue(BindRequest);
            if (!isBind && !operation.HasSameClassAndValue(ExtendedRequest))
                throw PlainLink.Refused("the client began without asking for TLS");
            await link.WriteAsync(Message(id, isBind ? BindResponse : ExtendedResponse, writer => WriteResult(writer, ConfidentialityRequired, "TLS is required: send StartTLS first")), cancellationToken).ConfigureAwait(false);
        }
        throw PlainLink.Refused($"the client sent {MostRequests} requests and asked for no TLS");
    }

    // RFC 4511 §5.1: BER with definite lengths.
    private static async ValueTask<(int Id, Asn1Tag Operation, AsnReader Body)> ReadMessageAsync(PlainLink link, CancellationToken cancellationToken)
    {
        if (await link.ReadByteAsync(cancellationToken).ConfigureAwait(false) != Sequence)
            throw PlainLink.Malformed("what came is no message of LDAP");
        var length = (int)await link.ReadByteAsync(cancellationToken).ConfigureAwait(false);
        if (length is 0x80 or > 0x83)
            throw PlainLink.Malformed("a message of LDAP without a length, or with a huge one");
        if (length > 0x80)
        {
            var bytes = await link.ReadBytesAsync(length - 0x80, cancellationToken).ConfigureAwait(false);
            length = bytes.Aggregate(0, (sum, value) => sum << 8 | value);
        }
        var content = await link.ReadBytesAsync(length, cancellationToken).ConfigureAwait(false);
        return Reading(() =>
        {
            var reader = new AsnReader(content, AsnEncodingRules.BER);
            if (!reader.TryReadInt32(out var id) || id < 0)
                throw PlainLink.Malformed("a message of LDAP without a number");
            var operation = reader.PeekTag();
            // RFC 4511 §4.1.1: each operation has a tag of the class application.
            if (operation.TagClass != TagClass.Application)
                throw PlainLink.Malformed("a message of LDAP without an operation");
            if (!operation.IsConstructed)
                return (id, operation, reader);
            return (id, operation, reader.ReadSequence(operation));
        });
    }

    private static bool IsStartTls(AsnReader body) => Reading(() =>
        body.HasData && body.PeekTag().HasSameClassAndValue(RequestName) && Encoding.ASCII.GetString(body.ReadOctetString(RequestName)) == StartTls);

    private static (int Code, string Diagnosis) ReadResult(AsnReader body) => Reading(() =>
    {
        var code = body.ReadEnumeratedBytes();
        body.ReadOctetString();
        var diagnosis = Encoding.UTF8.GetString(body.ReadOctetString());
        return code.Length == 1 ? ((int)code.Span[0], diagnosis) : throw PlainLink.Malformed("a result of LDAP that is no number of a byte");
    });

    private static T Reading<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (AsnContentException exception)
        {
            throw new TlsException(TlsError.StartTlsMalformed, "what came is no message of LDAP", exception);
        }
    }

    private static byte[] Message(int id, Asn1Tag operation, Action<AsnWriter> writeBody)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(id);
            using (writer.PushSequence(operation))
                writeBody(writer);
        }
        return writer.Encode();
    }

    private enum ResultCode
    {
        Success,
    }

    private static void WriteResult(AsnWriter writer, int code, string diagnosis)
    {
        writer.WriteEnumeratedValue((ResultCode)code);
        writer.WriteOctetString([]);
        writer.WriteOctetString(Encoding.ASCII.GetBytes(diagnosis));
    }
}

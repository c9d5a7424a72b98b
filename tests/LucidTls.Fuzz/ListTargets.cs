using System.Formats.Asn1;
using LucidTls.Certificates.Revocation;
using LucidTls.TestSupport;

namespace LucidTls.Fuzz;

/// <summary>Revocation lists that were changed, as they are and signed anew, each with the complete or delta lists that it needs to count.</summary>
internal static class ListTargets
{
    private static readonly CertificateRevocationList[] CompleteLists = [.. RevocationSeeds.CompleteLists.Select(list => CertificateRevocationList.FromDer(list))];
    private static readonly CertificateRevocationList[] DeltaLists = [.. RevocationSeeds.DeltaLists.Select(list => CertificateRevocationList.FromDer(list))];

    public static IReadOnlyList<byte[]> Seeds { get; } = [.. RevocationSeeds.CompleteLists, .. RevocationSeeds.DeltaLists];

    /// <summary>The signed part of the same, after the byte that picks the signer.</summary>
    public static IReadOnlyList<byte[]> SignedSeeds { get; } = [.. CompleteLists.Concat(DeltaLists).Select((list, i) => (byte[])[(byte)(i % 2), .. list.Signed.Span])];

    /// <summary>A list that was changed tells no status, whatever it says.</summary>
    public static void Changed(byte[] data)
    {
        if (!CertificateRevocationList.TryParse(data, out var list, out _))
            return;
        var isSeed = Seeds.Any(seed => data.AsSpan().SequenceEqual(seed));
        if (KindOf(With(list)) != (isSeed ? CertificateStatusKind.Good : CertificateStatusKind.Unknown))
            throw new InvalidOperationException("A changed revocation list was believed, or the right one was not.");
    }

    /// <summary>What lies behind the signature: the order of lists makes no difference to what they say together.</summary>
    public static void Signed(byte[] data)
    {
        if (data.Length == 0 || !AsnDecoder.TryReadEncodedValue(data.AsSpan(1), AsnEncodingRules.DER, out _, out _, out _, out var length) || length != data.Length - 1)
            return;
        var signer = data[0] % 2 == 0 ? RevocationSeeds.Authority : RevocationSeeds.Lister;
        if (!CertificateRevocationList.TryParse(TestList.Sign(data[1..], signer), out var list, out _))
            return;
        var lists = With(list);
        if (KindOf(lists) != KindOf([.. lists.Reverse()]))
            throw new InvalidOperationException("Lists in another order say something else.");
    }

    private static CertificateRevocationList[] With(CertificateRevocationList list) => [list, .. list.IsDelta ? CompleteLists : DeltaLists];

    private static CertificateStatusKind KindOf(CertificateRevocationList[] lists) =>
        Targets.Statuses(new RevocationOptions { GivenLists = lists, Lists = RevocationMode.HardFail, ListIssuers = [RevocationSeeds.Lister.Der], ClockSkew = TimeSpan.Zero }, null)[^1].Kind;
}

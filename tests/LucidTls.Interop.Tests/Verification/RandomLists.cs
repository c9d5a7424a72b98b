using LucidTls.Certificates.Revocation;
using LucidTls.TestSupport;
using static LucidTls.TestSupport.X509Extensions;

namespace LucidTls.Interop.Tests.Verification;

/// <summary>A complete list, direct or indirect, with none to two delta lists: numbers, ages and entries are left to chance.</summary>
internal sealed class RandomLists
{
    private readonly Random _random;
    private readonly bool _isIndirect;

    public RandomLists(int seed)
    {
        _random = new Random(seed);
        _isIndirect = Chance(2);
        var lists = new List<TestList> { Complete() };
        for (var deltas = _random.Next(3); deltas > 0; deltas--)
            lists.Add(Delta());
        Scene = new ListScene(_isIndirect ? ListScenes.Indirect : ListScenes.Direct, null, [.. lists.OrderBy(_ => _random.Next())]);
    }

    public ListScene Scene { get; }

    public bool HasSeveralDeltas => Scene.Lists.Length > 2;

    /// <summary>Whether what an old list says need not be so any more.</summary>
    public bool HasOldHold => Scene.Lists.Any(list => list.NextUpdate < TestAuthority.Now && list.Entries.Any(entry => entry.Reason is RevocationReason.CertificateHold or RevocationReason.RemoveFromCrl));

    private TestList Complete() =>
        Fill((_isIndirect ? ListScenes.IndirectComplete : ListScenes.Complete) with { Number = TestList.NumberOf(_random.Next(4, 7)) }, RevocationReason.KeyCompromise, RevocationReason.CertificateHold);

    private TestList Delta()
    {
        var delta = _isIndirect ? ListScenes.IndirectDelta : ListScenes.Delta;
        return Fill(delta with { Number = TestList.NumberOf(_random.Next(4, 9)), Extensions = [DeltaFrom(_random.Next(3, 8)), .. delta.Extensions.Skip(1)] }, RevocationReason.KeyCompromise, RevocationReason.CertificateHold, RevocationReason.RemoveFromCrl);
    }

    private TestList Fill(TestList list, params ReadOnlySpan<RevocationReason> reasons)
    {
        if (Chance(4))
            list = ListScenes.Old(list);
        if (Chance(2))
            list = _isIndirect ? list.ListingOf(Chance(2) ? ListScenes.Root.Name : ListScenes.Stranger.Name, ListScenes.Other) : list.Listing(ListScenes.Other);
        if (Chance(2))
            return list;
        var (leaf, reason) = (_isIndirect ? ListScenes.Indirect : ListScenes.Direct, reasons[_random.Next(reasons.Length)]);
        return _isIndirect && Chance(2) ? list.ListingOf(ListScenes.Root.Name, leaf, reason) : list.Listing(leaf, reason);
    }

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;
}

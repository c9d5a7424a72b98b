namespace LucidTls.Interop.Tests.Verification;

/// <summary>Complete, delta and indirect revocation lists, each judged by <c>openssl verify</c> and by ours: where the two differ the test says why.</summary>
public sealed class OpenSslListTests
{
    private const int Sets = 300;

    public static TheoryData<string> Names => [.. ListScenes.Deltas.Keys, .. ListScenes.Indirects.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Both_judge_lists_alike_but_for_what_is_explained(string name)
    {
        var scene = (ListScenes.Deltas.GetValueOrDefault(name) ?? ListScenes.Indirects[name])();
        var (ours, explanation) = await scene.OursAsync();
        var (theirs, output) = await scene.TheirsAsync();
        Assert.True(scene.Answer == ours, $"ours: {explanation}");
        Assert.True((scene.Theirs?.Answer ?? scene.Answer) == theirs, $"OpenSSL: {output}\nours: {explanation}");
        Assert.NotEqual(scene.Answer, scene.Theirs?.Answer);
    }

    [Fact]
    public async Task Both_judge_hundreds_of_sets_of_lists_alike_but_for_what_is_explained()
    {
        var unexplained = new List<string>();
        var agreed = new Dictionary<ListAnswer, int>();
        for (var seed = 0; seed < Sets; seed++)
        {
            var lists = new RandomLists(seed);
            var (ours, explanation) = await lists.Scene.OursAsync();
            var (theirs, output) = await lists.Scene.TheirsAsync();
            if (ours == theirs)
                agreed[ours] = agreed.GetValueOrDefault(ours) + 1;
            // Ours believes the latest delta list, and no list that is out of date about a hold (RFC 5280 §6.3.3 (a)): see the scenes.
            else if (!lists.HasSeveralDeltas && !lists.HasOldHold)
                unexplained.Add($"seed {seed}\n  OpenSSL: {output}\n  ours: {explanation}");
        }
        Assert.True(unexplained.Count == 0, $"{unexplained.Count} differences without an explanation:\n{string.Join('\n', unexplained.Take(12))}");
        // The test would say little if nearly all sets gave the same answer, or were explained away.
        Assert.InRange(agreed.Values.Sum(), Sets * 3 / 4, Sets);
        Assert.All(Enum.GetValues<ListAnswer>(), answer => Assert.InRange(agreed.GetValueOrDefault(answer), Sets / 10, Sets));
    }
}

using LucidTls.Handshake;

namespace LucidTls.Tests.Handshake;

public sealed class SharedTextsTests
{
    [Fact]
    public void Equal_texts_are_kept_in_one_copy()
    {
        var first = SharedTexts.Of(string.Concat("offers ", nameof(Equal_texts_are_kept_in_one_copy)));
        Assert.Same(first, SharedTexts.Of(string.Concat("offers ", nameof(Equal_texts_are_kept_in_one_copy))));
    }

    [Fact]
    public void Every_text_comes_back_as_it_is_however_many_there_are()
    {
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 5000; i++)
            {
                var text = $"asks for host-{i}.example";
                Assert.Equal(text, SharedTexts.Of(text));
            }
        }
    }

    [Fact]
    public void A_text_too_long_to_be_repeated_is_not_kept()
    {
        var text = new string('a', 10_000);
        Assert.Same(text, SharedTexts.Of(text));
        var copy = new string('a', 10_000);
        Assert.Same(copy, SharedTexts.Of(copy));
    }
}

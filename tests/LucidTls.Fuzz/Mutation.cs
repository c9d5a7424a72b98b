namespace LucidTls.Fuzz;

/// <summary>Changes an input in the ways that find parser bugs: bits, bytes, lengths, cuts, repeats.</summary>
internal static class Mutation
{
    public static byte[] Of(byte[] seed, Random random)
    {
        var data = new List<byte>(seed);
        // Now and then the seed itself, so that its path stays covered.
        for (var changes = random.Next(5); changes > 0 && data.Count > 0; changes--)
            Change(data, random);
        // Whole handshakes need a change to fail.
        return data.SequenceEqual(seed) ? [.. seed, 0] : [.. data];
    }

    private static void Change(List<byte> data, Random random)
    {
        var at = random.Next(data.Count);
        switch (random.Next(7))
        {
            case 0: data[at] ^= (byte)(1 << random.Next(8)); break;
            case 1: data[at] = (byte)random.Next(256); break;
            case 2: data[at] = random.Next(2) == 0 ? (byte)0 : (byte)0xFF; break;
            case 3: data.RemoveRange(at, random.Next(data.Count - at) + 1); break;
            case 4: data.InsertRange(at, data.GetRange(at, random.Next(Math.Min(64, data.Count - at)) + 1)); break;
            case 5: data.Insert(at, (byte)random.Next(256)); break;
            default: data[at] += (byte)(random.Next(2) == 0 ? 1 : 255); break;
        }
    }
}

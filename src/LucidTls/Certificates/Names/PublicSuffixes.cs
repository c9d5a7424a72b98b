using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace LucidTls.Certificates.Names;

/// <summary>Which part of the Public Suffix List names a suffix.</summary>
internal enum SuffixSection
{
    /// <summary>It is no public suffix.</summary>
    None,
    /// <summary>Run by a registry: "com", "co.uk".</summary>
    Registry,
    /// <summary>Run by a private owner who lets others have names below: "github.io".</summary>
    Private,
}

/// <summary>
/// The Public Suffix List (publicsuffix.org, MPL 2.0), as of August 2026: under which names anybody can register one. It is read when the
/// first certificate with a wildcard is judged, and kept as sorted 64-bit hashes, 80 KB in place of a megabyte of strings.
/// </summary>
internal sealed class PublicSuffixes
{
    private static readonly Lazy<PublicSuffixes> Embedded = new(Load);

    private readonly Rules _registry = new();
    private readonly Rules _private = new();

    /// <summary>The list that is part of this library.</summary>
    public static PublicSuffixes Default => Embedded.Value;

    /// <param name="name">A DNS name with A-labels in lower case.</param>
    public SuffixSection SectionOf(string name)
    {
        if (_registry.Contains(name))
            return SuffixSection.Registry;
        if (_private.Contains(name))
            return SuffixSection.Private;
        // The list's rule "*": a top-level domain that it does not know is a suffix too.
        return name.Contains('.') ? SuffixSection.None : SuffixSection.Registry;
    }

    internal static PublicSuffixes Parse(TextReader lines)
    {
        var suffixes = new PublicSuffixes();
        var section = suffixes._registry;
        var idn = new IdnMapping();
        while (lines.ReadLine() is { } line)
        {
            if (line.Contains("===BEGIN PRIVATE DOMAINS===", StringComparison.Ordinal))
                section = suffixes._private;
            var rule = line.AsSpan().Trim();
            if (rule.IsEmpty || rule.StartsWith("//"))
                continue;
            section.Add(Ascii.IsValid(rule) ? rule : ToAscii(idn, rule.ToString()));
        }
        suffixes._registry.Sort();
        suffixes._private.Sort();
        return suffixes;
    }

    private static string ToAscii(IdnMapping idn, string rule) =>
        rule.StartsWith("*.", StringComparison.Ordinal) ? "*." + idn.GetAscii(rule[2..]) : rule[0] == '!' ? "!" + idn.GetAscii(rule[1..]) : idn.GetAscii(rule);

    private static PublicSuffixes Load()
    {
        using var resource = typeof(PublicSuffixes).Assembly.GetManifestResourceStream("public_suffix_list.dat.gz")!;
        using var lines = new StreamReader(new GZipStream(resource, CompressionMode.Decompress), Encoding.UTF8);
        return Parse(lines);
    }

    /// <summary>The rules of one section: names, names under which every label is a suffix ("*.ck"), and exceptions to those ("!www.ck").</summary>
    private sealed class Rules
    {
        private List<ulong> _names = [];
        private List<ulong> _wildcards = [];
        private List<ulong> _exceptions = [];

        public void Add(ReadOnlySpan<char> rule)
        {
            if (rule.StartsWith("*."))
                _wildcards.Add(Hash(rule[2..]));
            else if (rule[0] == '!')
                _exceptions.Add(Hash(rule[1..]));
            else
                _names.Add(Hash(rule));
        }

        public void Sort()
        {
            _names = Sorted(_names);
            _wildcards = Sorted(_wildcards);
            _exceptions = Sorted(_exceptions);
        }

        public bool Contains(ReadOnlySpan<char> name)
        {
            var hash = Hash(name);
            if (_names.BinarySearch(hash) >= 0)
                return true;
            var dot = name.IndexOf('.');
            return dot > 0 && _wildcards.BinarySearch(Hash(name[(dot + 1)..])) >= 0 && _exceptions.BinarySearch(hash) < 0;
        }

        private static List<ulong> Sorted(List<ulong> hashes)
        {
            hashes.Sort();
            hashes.TrimExcess();
            return hashes;
        }

        // FNV-1a over 64 bits, then mixed. Nobody gains from a collision: it could only have a certificate refused.
        private static ulong Hash(ReadOnlySpan<char> name)
        {
            var hash = 0xCBF29CE484222325UL;
            foreach (var letter in name)
                hash = (hash ^ char.ToLowerInvariant(letter)) * 0x100000001B3UL;
            hash ^= hash >> 32;
            return hash * 0x9E3779B97F4A7C15UL;
        }
    }
}

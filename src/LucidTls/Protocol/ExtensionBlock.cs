namespace LucidTls.Protocol;

/// <summary>One extension as it stands on the wire.</summary>
internal readonly record struct Extension(ExtensionType Type, ReadOnlyMemory<byte> Data);

/// <summary>A message's extensions in their order, unknown ones included, so that what is parsed is written back to the byte.</summary>
internal sealed class ExtensionBlock
{
    /// <summary>More extensions than any honest message carries.</summary>
    private const int MostExtensions = 64;

    private readonly List<Extension> _extensions = [];

    public IReadOnlyList<Extension> Items => _extensions;

    /// <param name="reader">Where the block comes next.</param>
    /// <param name="place">The message that it stands in; none when <see cref="DemandPlaces"/> follows.</param>
    public static ExtensionBlock Parse(ref TlsReader reader, ExtensionPlace place)
    {
        var block = new ExtensionBlock();
        var list = reader.ReadNested16();
        while (!list.IsEmpty)
        {
            var type = new ExtensionType(list.ReadUInt16());
            var data = list.ReadVector16();
            if (block._extensions.Count == MostExtensions)
                throw list.Malformed($"more than {MostExtensions} extensions");
            // RFC 8446 §4.2: "There MUST NOT be more than one extension of the same type in a given extension block."
            if (block.Contains(type))
                throw new TlsException(TlsError.DuplicateExtension, $"{type} in {place}");
            if (place != ExtensionPlace.None)
                DemandPlace(type, place);
            block._extensions.Add(new Extension(type, data));
        }
        return block;
    }

    /// <summary>Checks what <see cref="Parse"/> left unchecked.</summary>
    public void DemandPlaces(ExtensionPlace place)
    {
        foreach (var extension in _extensions)
            DemandPlace(extension.Type, place);
    }

    public void Write(TlsWriter writer)
    {
        using (writer.Length16())
        {
            foreach (var extension in _extensions)
            {
                writer.WriteUInt16(extension.Type.Value);
                writer.WriteVector16(extension.Data.Span);
            }
        }
    }

    public bool Contains(ExtensionType type) => IndexOf(type) >= 0;

    public bool TryGet(ExtensionType type, out ReadOnlyMemory<byte> data)
    {
        var index = IndexOf(type);
        data = index < 0 ? default : _extensions[index].Data;
        return index >= 0;
    }

    public void Add(ExtensionType type, ReadOnlyMemory<byte> data) => _extensions.Add(new Extension(type, data));

    /// <summary>Replaces an extension in its place, or adds it at the end.</summary>
    public void Set(ExtensionType type, ReadOnlyMemory<byte> data)
    {
        var index = IndexOf(type);
        if (index < 0)
            Add(type, data);
        else
            _extensions[index] = new Extension(type, data);
    }

    /// <summary>RFC 8446 §4.2: an answer to an extension that was not sent is an unsupported_extension.</summary>
    /// <param name="offered">What was sent.</param>
    /// <param name="exception">An extension that may come unasked; HelloRetryRequest's cookie.</param>
    public void DemandAllOffered(ExtensionBlock offered, ExtensionType? exception = null)
    {
        foreach (var extension in _extensions)
        {
            // RFC 8701 §3.1: a GREASE value was sent, and must still not be answered.
            if ((!offered.Contains(extension.Type) && extension.Type != exception) || GreaseValues.Contain(extension.Type.Value))
                throw new TlsException(TlsError.UnsolicitedExtension, extension.Type.ToString());
        }
    }

    // RFC 8446 §4.2: a recognised extension that is not specified for its message is an illegal_parameter.
    private static void DemandPlace(ExtensionType type, ExtensionPlace place)
    {
        var places = ExtensionPlaces.Of(type);
        if (places != ExtensionPlace.None && (places & place) == 0)
            throw new TlsException(TlsError.MisplacedExtension, $"{type} in {place}");
    }

    private int IndexOf(ExtensionType type)
    {
        for (var i = 0; i < _extensions.Count; i++)
        {
            if (_extensions[i].Type == type)
                return i;
        }
        return -1;
    }
}

namespace LucidTls.Protocol;

/// <summary>Code points without a meaning that keep peers tolerant of the unknown (RFC 8701 §2): 0x0A0A, 0x1A1A … 0xFAFA.</summary>
internal static class GreaseValues
{
    public static bool Contain(ushort value) => (value & 0x0F0F) == 0x0A0A && value >> 8 == (value & 0xFF);
}

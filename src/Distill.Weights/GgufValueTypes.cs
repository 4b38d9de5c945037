namespace Distill.Weights;

/// <summary>GGUF's codes for the types of metadata values.</summary>
internal static class GgufValueTypes
{
    public const uint String = 8;
    public const uint Array = 9;

    private static readonly Dictionary<Type, uint> Codes = new()
    {
        [typeof(byte)] = 0,
        [typeof(sbyte)] = 1,
        [typeof(ushort)] = 2,
        [typeof(short)] = 3,
        [typeof(uint)] = 4,
        [typeof(int)] = 5,
        [typeof(float)] = 6,
        [typeof(bool)] = 7,
        [typeof(string)] = String,
        [typeof(ulong)] = 10,
        [typeof(long)] = 11,
        [typeof(double)] = 12,
    };

    /// <summary>Whether a value of this .NET type, or an array of it, can be stored.</summary>
    public static bool IsKnown(Type type) => Codes.ContainsKey(type.IsArray ? type.GetElementType()! : type);

    /// <summary>The code of a scalar type.</summary>
    public static uint Code(Type scalar) => Codes[scalar];
}

namespace Distill.Verification.Code;

/// <summary>Languages whose programs can be run.</summary>
internal enum CodeLanguage
{
    /// <summary>Python 3, by the machine's interpreter.</summary>
    Python,

    /// <summary>C#, by the compiler of the .NET SDK.</summary>
    CSharp,
}

namespace Distill.Training;

/// <summary>How the optimizer keeps its moments.</summary>
public enum MomentFormat
{
    /// <summary>32 bits each: 8 bytes per trained value.</summary>
    Float32,

    /// <summary>8 bits each in blocks with a scale: 2 bytes per trained value.</summary>
    Int8,
}

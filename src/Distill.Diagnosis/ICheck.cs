namespace Distill.Diagnosis;

/// <summary>One thing that can be wrong. A check relies on no other; what it needs and cannot be read, another check has told of.</summary>
internal interface ICheck
{
    /// <summary>Short name, as findings carry it.</summary>
    string Name { get; }

    /// <summary>Looks for it.</summary>
    IEnumerable<Finding> Look(Patient patient);
}

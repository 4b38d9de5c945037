namespace Distill.Runs;

/// <summary>
/// Options of a stage that can tell by themselves, without reading a file, that they cannot be meant. They are asked as soon as the options are
/// known, so that a pipeline does not find out after hours, and before a folder is taken for the result.
/// </summary>
public interface ICheckedOptions
{
    /// <summary>Checks every value that needs no file and no machine: options may be written here and run elsewhere.</summary>
    /// <exception cref="InputException">A value is out of range, or two contradict each other.</exception>
    void Check();
}

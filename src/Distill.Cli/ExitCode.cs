namespace Distill.Cli;

/// <summary>What the process ends with; documented for scripts.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>The user can mend it: wrong flag, missing file, full disk, failed check.</summary>
    public const int UserError = 1;

    /// <summary>A mistake in distill itself.</summary>
    public const int Unexpected = 2;

    /// <summary>An endpoint refused the key.</summary>
    public const int Credentials = 3;

    /// <summary>Stopped by Ctrl-C or SIGTERM, as shells report it; the same command goes on.</summary>
    public const int Interrupted = 130;
}

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Distill.Runs;

namespace Distill.Serving;

/// <summary>
/// A program with everything that it starts, ended together. Engines leave their workers behind when they crash, and those hold the
/// accelerators' memory: so the whole group is ended, not the tree that can still be seen.
/// </summary>
internal sealed partial class ProcessGroup : IDisposable
{
    private const int Terminate = 15, Kill = 9, Probe = 0;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private readonly Process _leader;
    private readonly string _record;
    private readonly EventHandler _onExit;

    private ProcessGroup(Process leader, string record)
    {
        (_leader, _record) = (leader, record);
        _onExit = (_, _) => Signal(Id, Kill); // a second Ctrl-C leaves no time for anything else
        AppDomain.CurrentDomain.ProcessExit += _onExit;
    }

    /// <summary>Number of the group, which is that of its first process.</summary>
    public int Id => _leader.Id;

    /// <summary>Starts a script of bash in a group of its own, with its words in a log file.</summary>
    /// <param name="script">The script.</param>
    /// <param name="log">File that its output is added to.</param>
    /// <param name="record">File that remembers the group, so that a later process can end what a killed one left.</param>
    public static ProcessGroup Start(string script, string log, string record)
    {
        // The output goes to the file without this process: an engine whose reader is gone would end at its next line.
        var start = new ProcessStartInfo("setsid", ["bash", "-c", "exec bash \"$0\" >>\"$1\" 2>&1", Path.GetFullPath(script), Path.GetFullPath(log)]) { RedirectStandardInput = true };
        Process leader = Process.Start(start)!;
        leader.StandardInput.Close();
        AtomicFile.WriteText(record, new JsonObject { ["group"] = leader.Id, ["started"] = StartOf(leader.Id), ["boot"] = Boot() }.ToJsonString() + "\n");
        return new(leader, record);
    }

    /// <summary>Ends the group that a killed process has left, if there is one.</summary>
    /// <returns>Its number, or null.</returns>
    public static async Task<int?> EndLeftoverAsync(string record, TimeSpan grace)
    {
        if (!File.Exists(record)) return null;
        (int group, string started, string boot) = Read(record);
        // The number may belong to somebody else by now: while a group lives, no new process gets its number.
        bool isOurs = group > 1 && boot == Boot() && StartOf(group) is var now && (now.Length == 0 || now == started) && Signal(group, Probe);
        if (isOurs) await EndAsync(group, grace);
        File.Delete(record);
        return isOurs ? group : null;
    }

    /// <summary>Waits for the first process to end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitAsync(CancellationToken cancellation)
    {
        await _leader.WaitForExitAsync(cancellation);
        return _leader.ExitCode;
    }

    /// <summary>Ends every process of the group: asks, and after a while tells.</summary>
    public async Task EndAsync(TimeSpan grace)
    {
        await EndAsync(Id, grace);
        File.Delete(_record);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= _onExit;
        _leader.Dispose();
    }

    private static async Task EndAsync(int group, TimeSpan grace)
    {
        Signal(group, Terminate);
        for (TimeSpan waited = TimeSpan.Zero; waited < grace && Signal(group, Probe); waited += Step) await Task.Delay(Step);
        Signal(group, Kill);
    }

    private static bool Signal(int group, int signal) => kill(-group, signal) == 0;

    private static (int Group, string Started, string Boot) Read(string record)
    {
        try
        {
            return JsonFile.Read(record) is { } json && json["group"] is JsonValue value && value.TryGetValue(out int group) ? (group, json["started"]?.ToString() ?? "", json["boot"]?.ToString() ?? "") : (0, "", "");
        }
        catch (InputException)
        {
            return (0, "", ""); // not ours, or torn: nothing is ended on its word
        }
    }

    // Field 22 of /proc/<id>/stat; the name in field 2 may hold anything but ends with the last parenthesis.
    private static string StartOf(int process)
    {
        try
        {
            string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            return stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(19) ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string Boot() => File.Exists("/proc/sys/kernel/random/boot_id") ? File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() : "";

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int process, int signal);
}

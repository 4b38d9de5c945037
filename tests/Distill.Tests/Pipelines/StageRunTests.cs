using System.Text.Json.Nodes;
using Distill.Inspection;
using Distill.Pipelines;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Pipelines;

public sealed class StageRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeStages _stages = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ACommandByItselfLeavesAManifestAndIsNotRepeated()
    {
        var (manifest, wasDone) = await Run("a");
        Assert.False(wasDone);
        Assert.Equal("a", (string)manifest.Options["text"]!);

        var (again, wasDoneAgain) = await Run("a");

        Assert.True(wasDoneAgain);
        Assert.Equal(manifest.Fingerprint, again.Fingerprint);
        Assert.Single(_stages.Ran);
    }

    [Fact]
    public async Task AResultOfOtherOptionsIsReplacedOnlyOnRequest()
    {
        await Run("a");

        var error = await Assert.ThrowsAsync<InputException>(() => Run("b"));
        Assert.EndsWith("holds the result of other options or inputs: text was a, now b", error.Message);
        Assert.Equal("a1", File.ReadAllText(_folder["out/made.txt"]));

        await Run("b", replace: true);
        Assert.Equal("b1", File.ReadAllText(_folder["out/made.txt"]));
    }

    [Fact]
    public async Task WorkThatWasCutOffNamesWhatDiffersToo()
    {
        _stages.Midway = _ => throw new OperationCanceledException();
        await Assert.ThrowsAsync<OperationCanceledException>(() => Run("a"));
        JsonObject unfinished = Inspector.Inspect(_folder["out"], withTensors: false).Facts;
        Assert.Equal((false, 1, 2, "parts"), ((bool)unfinished["finished"]!, (int)unfinished["completed"]!, (int)unfinished["total"]!, (string?)unfinished["unit"]));
        var error = await Assert.ThrowsAsync<InputException>(() => Run("b"));
        Assert.EndsWith(": text was a, now b", error.Message);
    }

    [Fact]
    public async Task WhatFailedBeforeItMadeAnythingStandsInNobodysWay()
    {
        _stages.First = folder =>
        {
            Directory.CreateDirectory(Path.Combine(folder, "parts"));
            throw new InputException("unusable", "use another");
        };
        await Assert.ThrowsAsync<InputException>(() => Run("a"));
        _stages.First = _ => { };

        await Run("b");

        Assert.Equal("b1", File.ReadAllText(_folder["out/made.txt"]));
        Assert.False(Directory.Exists(_folder["out/parts"]));
    }

    [Fact]
    public async Task AFolderOfTheUsersIsLeftAlone()
    {
        Directory.CreateDirectory(_folder["out"]);
        File.WriteAllText(_folder["out/mine.txt"], "precious");

        await Assert.ThrowsAsync<InputException>(() => Run("a", replace: true));

        Assert.Equal("precious", File.ReadAllText(_folder["out/mine.txt"]));
    }

    [Fact]
    public async Task AFullDiskIsTheUsersToMend()
    {
        _stages.Midway = _ => throw new IOException("No space left on device", 28);

        var error = await Assert.ThrowsAsync<InputException>(() => Run("a"));

        Assert.Contains("disk is full", error.Message);
        Assert.Equal(1, error.ExitCode);
    }

    [Fact]
    public async Task AFileInTheFoldersPlaceIsNamed()
    {
        File.WriteAllText(_folder["out"], "");

        var error = await Assert.ThrowsAsync<InputException>(() => Run("a"));

        Assert.StartsWith(_folder["out"], error.Message);
        Assert.Contains("is a file", error.Message);
    }

    [Fact]
    public async Task AFolderBelowAFileIsNamed()
    {
        File.WriteAllText(_folder["file"], "");

        var error = await Assert.ThrowsAsync<InputException>(() => Run("a", folder: "file/a/b"));

        Assert.StartsWith(_folder["file"] + ": is a file", error.Message);
    }

    private Task<(RunManifest Manifest, bool WasDone)> Run(string text, bool replace = false, string folder = "out") => StageRun.RunAloneAsync(
        _stages.Kinds[0],
        [new OptionValue("text", [text], "--text"), new OptionValue("out", [_folder[folder]], "--out")],
        replace, new Progress<ProgressEvent>(), TimeProvider.System, TestContext.Current.CancellationToken);
}

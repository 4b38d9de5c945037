using System.Diagnostics;
using TorchSharp;
using Xunit;

namespace Distill.Tests.Models;

public sealed class TorchRuntimeTests
{
    // Optimized, TorchSharp lets the garbage collector free what libtorch still reads: the build changes it (build/KeepArgumentsAlive.cs).
    [Fact]
    public void WhatTorchSharpPassesToLibtorchLivesUntilTheCallReturns() =>
        Assert.True(((DebuggableAttribute)Attribute.GetCustomAttribute(typeof(torch).Assembly, typeof(DebuggableAttribute))!).IsJITOptimizerDisabled);
}

using System.Runtime.InteropServices;
using Distill.Models;
using Xunit;
using static TorchSharp.torch;
using Processor = System.Runtime.InteropServices.Architecture;

namespace Distill.Tests.Models;

public sealed unsafe class TensorMemoryTests
{
    public TensorMemoryTests() => TorchRuntime.Initialize();

    [Fact]
    public void LargeTensorsHaveARangeOfTheirOwnAndSmallOnesDoNot()
    {
        Assert.Equal(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Processor.X64, TensorMemory.IsInstalled);
        using Tensor large = zeros(1 << 20), small = zeros(1 << 10);
        Assert.Equal(TensorMemory.IsInstalled, TensorMemory.Holds(Aten.Data(large)));
        Assert.False(TensorMemory.Holds(Aten.Data(small)));
    }

    [Fact]
    public void ValuesStayAcrossReleasingAndOtherTensors()
    {
        using Tensor numbers = arange(100_000, ScalarType.Int64);
        using (Tensor other = full([200_000], 7L, ScalarType.Int64)) Assert.Equal(1_400_000, other.sum().item<long>());
        TorchRuntime.ReleaseFreeMemory();
        Assert.Equal(4_999_950_000, numbers.sum().item<long>());
    }

    [Theory]
    [InlineData(1L << 44)] // more than the range
    [InlineData(1L << 37)] // within it, and more than a machine that runs tests has
    public void WhatCannotBeMetIsLibtorchsOwnErrorAndTheNextTensorIsThere(long values)
    {
        const string overcommit = "/proc/sys/vm/overcommit_memory";
        Assert.SkipWhen(values < 1L << 40 && File.Exists(overcommit) && File.ReadAllText(overcommit).Trim() == "1", "this system promises more memory than it has");
        Exception error = Assert.ThrowsAny<Exception>(() => empty(values).Dispose());
        Assert.NotNull(Distill.Training.OutOfMemory.Explain(error, new() { Student = "tiny-qwen" }));
        using Tensor next = ones(1 << 20);
        Assert.Equal(1 << 20, next.sum().item<float>());
    }

    [Fact]
    public void ManyThreadsTakeAndGiveBack()
    {
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 4 }, thread =>
        {
            var random = new Random(thread);
            for (int turn = 0; turn < 200; turn++)
            {
                using Tensor tensor = full([random.Next(20_000, 200_000)], thread, ScalarType.Int32);
                Assert.True(tensor.eq(thread).all().item<bool>());
            }
        });
    }
}

using Distill.Models;
using Xunit;
using static Distill.Tests.Models.SkinnyProductTests;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

/// <summary>The number of threads belongs to the whole process.</summary>
[Collection(nameof(AloneCollection))]
public sealed class SkinnyProductThreadsTests
{
    [Fact]
    public void ARowComesOutTheSameBitsInEveryBatchAndWithAnyNumberOfThreads()
    {
        using var none = no_grad();
        using Tensor input = Drawn(1, 19, 896), weight = Drawn(2, 1000, 896);
        using Tensor all = SkinnyProduct.Of(input, (weight, null))[0];
        int threads = get_num_threads();
        try
        {
            set_num_threads(1);
            for (int row = 0; row < 19; row++)
            {
                using Tensor one = SkinnyProduct.Of(input.narrow(0, row, 1), (weight, null))[0];
                Assert.True(one.equal(all.narrow(0, row, 1)).all().item<bool>());
            }
        }
        finally
        {
            set_num_threads(threads);
        }
    }
}

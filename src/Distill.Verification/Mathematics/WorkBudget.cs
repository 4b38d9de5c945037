namespace Distill.Verification.Mathematics;

/// <summary>Counts the steps of one check. A count, unlike a clock, gives the same verdict on a busy machine.</summary>
internal sealed class WorkBudget(long steps)
{
    /// <summary>Steps of one check, some tens of milliseconds.</summary>
    public const long OneCheck = 600_000;

    private long _left = steps;

    /// <summary>Takes steps, of about ten nanoseconds each.</summary>
    /// <exception cref="WorkExceededException">None are left.</exception>
    public void Charge(long steps)
    {
        if ((_left -= steps) < 0) throw new WorkExceededException();
    }

    /// <summary>Charges a product of two integers by their lengths.</summary>
    public void ChargeProduct(long leftBits, long rightBits) => Charge(8 + leftBits * rightBits / (64 * 64 * 8));
}

using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Which device holds which part of a model: consecutive layers together, the embedding with the first of them, the last norm and the
/// head with the last. With one device everything is there.
/// </summary>
public sealed class DeviceMap
{
    private readonly Device[] _devices;

    /// <summary>Makes a map.</summary>
    /// <param name="devices">The devices, in the order in which a token passes through them.</param>
    public DeviceMap(params IEnumerable<Device> devices)
    {
        _devices = [.. devices];
        ArgumentOutOfRangeException.ThrowIfZero(_devices.Length, nameof(devices));
    }

    /// <summary>The devices, first to last.</summary>
    public IReadOnlyList<Device> Devices => _devices;

    /// <summary>Where tokens enter: the embedding.</summary>
    public Device First => _devices[0];

    /// <summary>Where hidden states leave: the last norm and the head.</summary>
    public Device Last => _devices[^1];

    /// <summary>
    /// Whether embedding, projections and head stay in the computer's memory, and each comes to its device when it is used. Everything else, some
    /// thousandths of a model, is on the devices.
    /// </summary>
    public bool MatricesOnCpu { get; init; }

    /// <summary>Everything on one device.</summary>
    public static implicit operator DeviceMap(Device device) => new(device);

    /// <summary>The map of a model: as many devices as it has layers at most, for the others would hold nothing but the last norm and the head.</summary>
    /// <param name="numLayers">Layers of the model.</param>
    public DeviceMap Of(int numLayers) => _devices.Length <= numLayers ? this : new DeviceMap(_devices.Take(numLayers)) { MatricesOnCpu = MatricesOnCpu };

    /// <summary>Where a layer is; the shares of two devices differ by one layer at most.</summary>
    /// <param name="layer">Index of the layer.</param>
    /// <param name="numLayers">Layers of the model.</param>
    public Device OfLayer(int layer, int numLayers) => _devices[(int)((long)layer * _devices.Length / numLayers)];
}

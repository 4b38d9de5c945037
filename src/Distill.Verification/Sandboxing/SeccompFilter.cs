using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Distill.Verification.Sandboxing;

/// <summary>
/// The system calls that a program in the sandbox is refused, as a classic BPF program of <c>seccomp(2)</c>: network, other
/// processes' memory, namespaces and mounts, kernel interfaces that programs for tests do not need, and memory that no limit counts.
/// Source: Linux, Documentation/userspace-api/seccomp_filter.rst; <c>struct seccomp_data</c> in include/uapi/linux/seccomp.h.
/// </summary>
internal static partial class SeccompFilter
{
    private const ushort LoadWord = 0x20, JumpIfEqual = 0x15, JumpIfAtLeast = 0x35, JumpIfAnyBit = 0x45, Return = 0x06;
    private const uint NumberOffset = 0, ArchitectureOffset = 4, FirstArgumentOffset = 16, SecondArgumentOffset = 24;
    private const uint Allow = 0x7fff0000, KillProcess = 0x80000000, FailWith = 0x00050000;
    private const uint NotPermitted = 1, NotImplemented = 38;

    // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
    private const uint NamespaceFlags = 0x7e020000;
    private const uint PushBackInput = 0x5412, ConsoleControl = 0x541c; // TIOCSTI, TIOCLINUX
    private const uint FirstX32Call = 0x40000000;

    /// <summary>Whether the filter is known for this processor.</summary>
    public static bool IsSupported => RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>The filter's bytes, an array of <c>struct sock_filter</c>.</summary>
    public static byte[] ToBytes()
    {
        bool x64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;
        var program = new List<(ushort Code, byte IfTrue, byte IfFalse, uint Value)>
        {
            (LoadWord, 0, 0, ArchitectureOffset),
            (JumpIfEqual, 1, 0, x64 ? 0xc000003e : 0xc00000b7), // AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64
            (Return, 0, 0, KillProcess),
            (LoadWord, 0, 0, NumberOffset),
        };
        if (x64) program.AddRange([(JumpIfAtLeast, 0, 1, FirstX32Call), (Return, 0, 0, KillProcess)]);
        foreach (uint call in x64 ? DeniedOnX64 : DeniedOnArm64) program.AddRange([(JumpIfEqual, 0, 1, call), (Return, 0, 0, FailWith | NotPermitted)]);
        // The C library then falls back to clone, whose flags can be read.
        program.AddRange([(JumpIfEqual, 0, 1, Clone3), (Return, 0, 0, FailWith | NotImplemented)]);
        program.AddRange(
        [
            (JumpIfEqual, 0, 3, x64 ? CloneOnX64 : CloneOnArm64),
            (LoadWord, 0, 0, FirstArgumentOffset),
            (JumpIfAnyBit, 5, 0, NamespaceFlags), // to the refusal
            (Return, 0, 0, Allow),
            (JumpIfEqual, 0, 4, x64 ? IoctlOnX64 : IoctlOnArm64),
            (LoadWord, 0, 0, SecondArgumentOffset),
            (JumpIfEqual, 1, 0, PushBackInput),
            (JumpIfEqual, 0, 1, ConsoleControl),
            (Return, 0, 0, FailWith | NotPermitted),
            (Return, 0, 0, Allow),
        ]);
        byte[] bytes = new byte[program.Count * 8];
        for (int i = 0; i < program.Count; i++)
        {
            Span<byte> instruction = bytes.AsSpan(i * 8);
            BinaryPrimitives.WriteUInt16LittleEndian(instruction, program[i].Code);
            instruction[2] = program[i].IfTrue;
            instruction[3] = program[i].IfFalse;
            BinaryPrimitives.WriteUInt32LittleEndian(instruction[4..], program[i].Value);
        }
        return bytes;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Processor = System.Runtime.InteropServices.Architecture;

namespace Distill.Models;

/// <summary>
/// Memory of large CPU tensors, in a range of addresses of its own. glibc aligns a tensor by cutting a few bytes off its block, which small objects
/// then occupy, so that the place of a freed tensor is too small for the next one of its size: a training took up to 1.7 times what was in use.
/// The allocator that libtorch asks (<c>c10::Allocator</c>, libtorch 2.10) is replaced by one that hands small requests, and those that cannot be met,
/// on to the one before, whose errors are libtorch's own. Linux on x64; elsewhere everything stays as it is.
/// </summary>
internal static unsafe class TensorMemory
{
    private const int SmallestLarge = 64 << 10;
    private const long Range = 1L << 40, Growth = 64 << 20;
    private const ulong SupportedVersion = 0x02_0A; // major and minor of libtorch: the layouts below are its
    private const int TableLength = 8, AllocateSlot = 2, DeleterSlot = 4; // virtual functions: two destructors, allocate, is_simple_data_ptr, raw_deleter, copy_data

    private static readonly Lock Gate = new();
    private static readonly BlockHeap Heap = new(Range);
    private static byte* range;
    private static long committed;

    // c10::DataPtr: where the data is, who frees it, what it is freed by, and the device: type 0, no number.
    private struct DataPointer
    {
        public void* Data;
        public delegate* unmanaged[Cdecl]<void*, void> Deleter;
        public void* Context;
        public short Device;
    }

    /// <summary>Whether large tensors are placed here.</summary>
    public static bool IsInstalled { get; private set; }

    /// <summary>The most bytes that large tensors took at once while something ran, beyond what was there before, in the whole process.</summary>
    public static long PeakOf(Action work)
    {
        long before;
        lock (Gate)
        {
            Heap.ForgetPeak();
            before = Heap.InUse;
        }
        work();
        lock (Gate) return Heap.Peak - before;
    }

    /// <summary>Places large tensors here from now on, if this system and this libtorch are known; once a process.</summary>
    public static void Install()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Processor.X64) return;
        try
        {
            if (aoti_torch_abi_version() >> 48 != SupportedVersion) return;
            void** before = GetCPUAllocator();
            if (!HasKnownLayout(before)) return;
            range = (byte*)mmap(null, Range, Protection.None, Mapping, -1, 0);
            if ((nint)range == -1) return; // a limit on addresses
            void* replacement = Replacement(before);
            if (replacement is null) return;
            SetCPUAllocator(replacement, byte.MaxValue);
            IsInstalled = true;
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException) { } // memory only: the allocator before does the same
    }

    /// <summary>Whether an address lies in the range.</summary>
    public static bool Holds(void* address) => address >= range && address < range + Range;

    /// <summary>Gives the memory of tensors that are gone back to the system.</summary>
    public static void ReleaseFree()
    {
        if (!IsInstalled) return;
        lock (Gate)
        {
            foreach ((long start, long length) in Heap.Free) _ = madvise(range + start, length, AdviceDontNeed);
        }
    }

    // What the allocator before makes of a small request tells whether a DataPtr is what it is taken for.
    private static bool HasKnownLayout(void** allocator)
    {
        void** table = (void**)*allocator;
        var allocate = (delegate* unmanaged[Cdecl]<DataPointer*, void*, ulong, DataPointer*>)table[AllocateSlot];
        DataPointer small = default;
        allocate(&small, allocator, 64);
        void* deleter = ((delegate* unmanaged[Cdecl]<void*, void*>)table[DeleterSlot])(allocator);
        bool known = small.Data != null && small.Data == small.Context && small.Deleter == deleter && small.Device == CpuDevice;
        if (known) small.Deleter(small.Context);
        return known;
    }

    // An object with the table of virtual functions of the one before, but for two; null where no code can be made.
    private static void* Replacement(void** before)
    {
        void** old = (void**)*before;
        void* allocate = EntryCode(before, old[AllocateSlot]);
        if (allocate is null) return null;
        void** table = (void**)NativeMemory.Alloc(TableLength + 2, (nuint)sizeof(void*));
        for (int i = 0; i < TableLength; i++) table[i] = old[i - 2]; // type information stands before the functions
        table += 2;
        table[AllocateSlot] = allocate;
        table[DeleterSlot] = (delegate* unmanaged[Cdecl]<void*, void*>)&DeleterOf;
        void** allocator = (void**)NativeMemory.Alloc((nuint)sizeof(void*));
        *allocator = table;
        return allocator;
    }

    // An exception must not pass through managed code, so whether a request is met here is decided in front of it: DataPtr* (rdi), allocator (rsi) and
    // bytes (rdx) go to Allocate, and on to the allocator before if that gives 0.
    private static void* EntryCode(void* before, void* allocateBefore)
    {
        byte[] code =
        [
            0x48, 0x81, 0xFA, .. BitConverter.GetBytes(SmallestLarge), //     cmp  rdx, SmallestLarge
            0x72, 0x20,                                                //     jb   on
            0x57, 0x52, 0x48, 0x83, 0xEC, 0x08,                        //     push rdi; push rdx; sub rsp, 8
            0x48, 0xB8, .. Address((delegate* unmanaged[Cdecl]<DataPointer*, void*, ulong, int>)&Allocate), // mov rax, Allocate
            0xFF, 0xD0,                                                //     call rax
            0x48, 0x83, 0xC4, 0x08, 0x5A, 0x5F,                        //     add  rsp, 8; pop rdx; pop rdi
            0x85, 0xC0, 0x74, 0x04,                                    //     test eax, eax; jz on
            0x48, 0x89, 0xF8, 0xC3,                                    //     mov  rax, rdi; ret
            0x48, 0xBE, .. Address(before),                            // on: mov  rsi, before
            0x48, 0xB8, .. Address(allocateBefore), 0xFF, 0xE0,        //     mov  rax, allocateBefore; jmp rax
        ];
        void* memory = mmap(null, code.Length, Protection.Read | Protection.Write, Mapping, -1, 0);
        if ((nint)memory == -1) return null;
        code.CopyTo(new Span<byte>(memory, code.Length));
        return mprotect(memory, code.Length, Protection.Read | Protection.Execute) == 0 ? memory : null; // some systems let nobody make code

        static byte[] Address(void* pointer) => BitConverter.GetBytes((long)pointer);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Allocate(DataPointer* result, void* allocator, ulong bytes)
    {
        if (bytes > Range) return 0;
        lock (Gate)
        {
            if (Heap.Take((long)bytes) is not { } start) return 0;
            if (!Commit(start + (long)bytes))
            {
                Heap.Give(start);
                return 0;
            }
            void* data = range + start;
            *result = new DataPointer { Data = data, Deleter = &Delete, Context = data, Device = CpuDevice };
            return 1;
        }
    }

    private static bool Commit(long end)
    {
        if (end <= committed) return true;
        long target = (end + Growth - 1) / Growth * Growth;
        if (mprotect(range + committed, target - committed, Protection.Read | Protection.Write) != 0) return false;
        committed = target;
        return true;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void* DeleterOf(void* allocator) => (delegate* unmanaged[Cdecl]<void*, void>)&Delete;

    // Also reached for small blocks that were taken through raw_deleter.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Delete(void* data)
    {
        if (!Holds(data))
        {
            NativeMemory.Free(data);
            return;
        }
        lock (Gate) Heap.Give((byte*)data - range);
    }

    private const short CpuDevice = unchecked((short)0xFF00);
    private const int Mapping = 0x2 | 0x20; // MAP_PRIVATE, MAP_ANONYMOUS
    private const int AdviceDontNeed = 4;

    [Flags]
    private enum Protection
    {
        None = 0,
        Read = 1,
        Write = 2,
        Execute = 4,
    }

    [DllImport("libc", ExactSpelling = true)]
    private static extern void* mmap(void* address, long length, Protection protection, int flags, int file, long offset);

    [DllImport("libc", ExactSpelling = true)]
    private static extern int mprotect(void* address, long length, Protection protection);

    [DllImport("libc", ExactSpelling = true)]
    private static extern int madvise(void* address, long length, int advice);

    [DllImport("torch_cpu", ExactSpelling = true)]
    private static extern ulong aoti_torch_abi_version();

    [DllImport("c10", EntryPoint = "_ZN3c1015GetCPUAllocatorEv", ExactSpelling = true)]
    private static extern void** GetCPUAllocator();

    [DllImport("c10", EntryPoint = "_ZN3c1015SetCPUAllocatorEPNS_9AllocatorEh", ExactSpelling = true)]
    private static extern void SetCPUAllocator(void* allocator, byte priority);
}

namespace Distill.Verification.Sandboxing;

// Numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux.
internal static partial class SeccompFilter
{
    private const uint Clone3 = 435, CloneOnX64 = 56, CloneOnArm64 = 220, IoctlOnX64 = 16, IoctlOnArm64 = 29;

    private static readonly uint[] DeniedOnX64 =
    [
        // socket, connect, bind, listen, accept, accept4
        41, 42, 49, 50, 43, 288,
        // ptrace, process_vm_readv, process_vm_writev, process_madvise, process_mrelease, kcmp, pidfd_getfd
        101, 310, 311, 440, 448, 312, 438,
        // unshare, setns, mount, umount2, pivot_root, chroot, fsopen, fsconfig, fsmount, fspick, move_mount, open_tree, mount_setattr, open_by_handle_at, name_to_handle_at
        272, 308, 165, 166, 155, 161, 430, 431, 432, 433, 429, 428, 442, 304, 303,
        // bpf, perf_event_open, userfaultfd, io_uring_setup, io_uring_enter, io_uring_register, keyctl, add_key, request_key, fanotify_init, lookup_dcookie
        321, 298, 323, 425, 426, 427, 250, 248, 249, 300, 212,
        // kexec_load, kexec_file_load, init_module, finit_module, delete_module, create_module, query_module, get_kernel_syms
        246, 320, 175, 313, 176, 174, 178, 177,
        // iopl, ioperm, modify_ldt, personality, syslog, acct, swapon, swapoff, reboot, quotactl, quotactl_fd, nfsservctl, uselib, ustat, sysfs, _sysctl, vhangup
        172, 173, 154, 135, 103, 163, 167, 168, 169, 179, 443, 180, 134, 136, 139, 156, 153,
        // sethostname, setdomainname, settimeofday, clock_settime, adjtimex, clock_adjtime
        170, 171, 164, 227, 159, 305,
        // memfd_create, memfd_secret, shmget, msgget, semget, mq_open, move_pages, migrate_pages, mbind, set_mempolicy
        319, 447, 29, 68, 64, 240, 279, 256, 237, 238,
    ];

    private static readonly uint[] DeniedOnArm64 =
    [
        // socket, connect, bind, listen, accept, accept4
        198, 203, 200, 201, 202, 242,
        // ptrace, process_vm_readv, process_vm_writev, process_madvise, process_mrelease, kcmp, pidfd_getfd
        117, 270, 271, 440, 448, 272, 438,
        // unshare, setns, mount, umount2, pivot_root, chroot, fsopen, fsconfig, fsmount, fspick, move_mount, open_tree, mount_setattr, open_by_handle_at, name_to_handle_at
        97, 268, 40, 39, 41, 51, 430, 431, 432, 433, 429, 428, 442, 265, 264,
        // bpf, perf_event_open, userfaultfd, io_uring_setup, io_uring_enter, io_uring_register, keyctl, add_key, request_key, fanotify_init, lookup_dcookie
        280, 241, 282, 425, 426, 427, 219, 217, 218, 262, 18,
        // kexec_load, kexec_file_load, init_module, finit_module, delete_module
        104, 294, 105, 273, 106,
        // personality, syslog, acct, swapon, swapoff, reboot, quotactl, quotactl_fd, nfsservctl, vhangup
        92, 116, 89, 224, 225, 142, 60, 443, 42, 58,
        // sethostname, setdomainname, settimeofday, clock_settime, adjtimex, clock_adjtime
        161, 162, 170, 112, 171, 266,
        // memfd_create, memfd_secret, shmget, msgget, semget, mq_open, move_pages, migrate_pages, mbind, set_mempolicy
        279, 447, 194, 186, 190, 180, 239, 238, 235, 237,
    ];
}

namespace Distill.Tests.Verification.Sandboxing;

/// <summary>
/// What hostile programs try. Each prints ESCAPED if it succeeds; <c>CANARY</c>, <c>SECRET</c> and <c>HOST</c> are a file outside, an environment
/// variable's value and the process number of the tests.
/// </summary>
internal static class SandboxAttempts
{
    private const string Call = """
        import ctypes, os
        library = ctypes.CDLL(None, use_errno=True)
        def call(*arguments):
            result = library.syscall(*arguments)
            return result if result >= 0 else -ctypes.get_errno()

        """;

    /// <summary>Programs that try to get out.</summary>
    public static readonly IReadOnlyDictionary<string, string> Escapes = new Dictionary<string, string>
    {
        ["tcp connection"] = """
            import socket
            try:
                socket.create_connection(("127.0.0.1", 22), 1)
                print("ESCAPED")
            except OSError: pass
            """,
        ["udp datagram"] = """
            import socket
            try:
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("8.8.8.8", 53))
                print("ESCAPED")
            except OSError: pass
            """,
        ["unix socket"] = """
            import socket
            try:
                socket.socket(socket.AF_UNIX).connect("\0abstract")
                print("ESCAPED")
            except PermissionError: pass
            """,
        ["netlink socket"] = """
            import socket
            try:
                socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
                print("ESCAPED")
            except OSError: pass
            """,
        ["name lookup"] = """
            import socket
            try:
                print("ESCAPED", socket.getaddrinfo("example.com", 80))
            except OSError: pass
            """,
        ["network by io_uring"] = Call + "if call(425, 8, ctypes.create_string_buffer(256)) != -1: print('ESCAPED')",
        ["network interfaces"] = "import os\nif any(not name.startswith('lo') for name in os.listdir('/sys/class/net')) if os.path.exists('/sys') else False: print('ESCAPED')",
        ["passwords"] = "import os\nif os.path.exists('/etc/passwd') or os.path.exists('/etc/shadow'): print('ESCAPED')",
        ["home folders"] = "import os\nif os.path.exists('/root') or os.path.exists('/home'): print('ESCAPED')",
        ["a file outside"] = "import os\nif os.path.exists('CANARY'): print('ESCAPED')",
        ["a file outside by /proc/1/root"] = "import os\nif os.path.exists('/proc/1/root' + 'CANARY') or os.path.exists('/proc/1/root/etc/passwd'): print('ESCAPED')",
        ["a file outside by /proc/1/cwd"] = "import os\nif os.path.exists('/proc/1/cwd/' + '../' * 20 + 'CANARY'): print('ESCAPED')",
        ["a symbolic link to outside"] = """
            import os
            os.symlink("CANARY", "/tmp/link")
            os.symlink("../../../../../../etc/passwd", "/tmp/other")
            if os.path.exists("/tmp/link") or os.path.exists("/tmp/other"): print("ESCAPED")
            """,
        ["a hard link to the system"] = """
            import os
            try:
                os.link("/usr/bin/env", "/tmp/env")
                print("ESCAPED")
            except OSError: pass
            """,
        ["writing to the system"] = """
            for path in ["/usr/x", "/usr/bin/python3", "/usr/lib/x", "/bin/x"]:
                try:
                    open(path, "a")
                    print("ESCAPED")
                except OSError: pass
            """,
        ["writing to the root"] = """
            import os
            for path in ["/x", "/dev/x", "/job/x"]:
                try:
                    os.mkdir(path)
                    print("ESCAPED")
                except OSError: pass
            """,
        ["deleting /job"] = """
            import os, shutil
            shutil.rmtree("/job", ignore_errors=True)
            try:
                os.rename("/job", "/tmp/job")
                print("ESCAPED")
            except OSError: pass
            if not os.path.exists("/job/main.py"): print("ESCAPED")
            """,
        ["changing the program"] = """
            try:
                open("/job/main.py", "a").write("x")
                print("ESCAPED")
            except OSError: pass
            """,
        ["the parent's environment"] = """
            import glob, os
            if "SECRET" in str(os.environ): print("ESCAPED")
            for path in glob.glob("/proc/[0-9]*/environ"):
                try:
                    if b"SECRET" in open(path, "rb").read(): print("ESCAPED")
                except OSError: pass
            """,
        ["the init's memory"] = """
            try:
                regions = [line.split()[0].split("-") for line in open("/proc/1/maps") if "rw" in line]
                memory = open("/proc/1/mem", "rb", 0)
                for start, end in regions:
                    memory.seek(int(start, 16))
                    if b"SECRET"[:3] + b"SECRET"[3:] in memory.read(int(end, 16) - int(start, 16)): print("ESCAPED")
            except OSError: pass
            """,
        ["inherited descriptors"] = """
            import os
            extra = [fd for fd in os.listdir("/proc/self/fd") if int(fd) > 2]
            for fd in extra:
                try:
                    target = os.readlink("/proc/self/fd/" + fd)
                    if not target.startswith("/proc/"): print("ESCAPED", target)
                except OSError: pass
            """,
        ["the init's descriptors"] = """
            import os
            try:
                for fd in os.listdir("/proc/1/fd"):
                    target = os.readlink("/proc/1/fd/" + fd)
                    if target.startswith("/") and target != "/dev/null": print("ESCAPED", target)
            except OSError: pass
            """,
        ["other processes"] = "import os\nif sum(name.isdigit() for name in os.listdir('/proc')) > 5: print('ESCAPED')",
        ["kernel settings"] = """
            for path in ["/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger", "/proc/sys/kernel/hostname"]:
                try:
                    open(path, "w").write("x")
                    print("ESCAPED", path)
                except OSError: pass
            """,
        ["device nodes"] = """
            import os, stat
            for kind, number in [(stat.S_IFBLK, (8, 0)), (stat.S_IFCHR, (1, 1)), (stat.S_IFBLK, (254, 0))]:
                try:
                    os.mknod("/tmp/device", kind | 0o600, os.makedev(*number))
                    print("ESCAPED")
                except OSError: pass
            """,
        ["raw devices"] = "import os\nif any(os.path.exists(p) for p in ['/dev/mem', '/dev/sda', '/dev/vda', '/dev/kmsg', '/dev/fuse', '/dev/kvm']): print('ESCAPED')",
        ["chroot"] = "import os\ntry:\n    os.chroot('/tmp')\n    print('ESCAPED')\nexcept OSError: pass",
        ["mount"] = Call + "if call(165, b'none', b'/tmp', b'tmpfs', 0, None) != -1: print('ESCAPED')",
        ["remount"] = Call + "if call(165, None, b'/usr', None, 32, None) != -1: print('ESCAPED')",
        ["unmount"] = Call + "if call(166, b'/usr', 2) != -1: print('ESCAPED')",
        ["pivot_root"] = Call + "if call(155, b'/tmp', b'/tmp') != -1: print('ESCAPED')",
        ["new mount calls"] = Call + "if call(430, b'tmpfs', 0) != -1 or call(428, -100, b'/usr', 1) != -1: print('ESCAPED')",
        ["files by handle"] = Call + "if call(304, -100, ctypes.create_string_buffer(64), 0) != -1: print('ESCAPED')",
        ["becoming root"] = """
            import os
            for act in [lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgid(0), lambda: os.setgroups([0])]:
                try:
                    act()
                    print("ESCAPED")
                except OSError: pass
            """,
        ["setuid programs"] = """
            import subprocess
            for program in [["/usr/bin/su", "-c", "id"], ["/usr/bin/mount"], ["/usr/bin/passwd", "-S"]]:
                try:
                    if "uid=0" in subprocess.run(program, capture_output=True, text=True, timeout=5).stdout: print("ESCAPED")
                except (OSError, subprocess.TimeoutExpired): pass
            """,
        ["capabilities"] = "if any(int(line.split()[1], 16) for line in open('/proc/self/status') if line.startswith(('CapEff', 'CapPrm', 'CapAmb'))): print('ESCAPED')",
        ["new user namespace"] = Call + "if call(272, 0x10000000) != -1 or call(272, 0x00020000) != -1: print('ESCAPED')",
        ["namespace by clone"] = Call + "if call(56, 0x10000000 | 17, None, None, None, None) != -1: print('ESCAPED')",
        ["namespace by clone3"] = Call + "if call(435, ctypes.create_string_buffer(88), 88) != -38: print('ESCAPED')",
        ["joining a namespace"] = Call + "fd = os.open('/proc/1/ns/mnt', 0)\nif call(308, fd, 0) != -1: print('ESCAPED')",
        ["a sandbox in the sandbox"] = """
            import subprocess
            try:
                done = subprocess.run(["/usr/bin/bwrap", "--unshare-all", "--ro-bind", "/", "/", "/bin/true"], capture_output=True)
                if done.returncode == 0: print("ESCAPED")
            except OSError: pass
            """,
        ["ptrace"] = Call + "if call(101, 16, 1, None, None) != -1 or call(101, 0, 0, None, None) != -1: print('ESCAPED')",
        ["another process's memory"] = Call + "if call(310, 1, None, 0, None, 0, 0) != -1: print('ESCAPED')",
        ["another process's descriptors"] = Call + "fd = call(434, 1, 0)\nif call(438, fd, 0, 0) != -1: print('ESCAPED')",
        ["kernel programs"] = Call + "if call(321, 0, ctypes.create_string_buffer(128), 128) != -1: print('ESCAPED')",
        ["performance events"] = Call + "if call(298, ctypes.create_string_buffer(128), 0, -1, -1, 0) != -1: print('ESCAPED')",
        ["kernel keys"] = Call + "if call(250, 0, -3, 1) != -1 or call(248, b'user', b'x', b'y', 1, -3) != -1: print('ESCAPED')",
        ["page faults by hand"] = Call + "if call(323, 0) != -1: print('ESCAPED')",
        ["typing into the terminal"] = """
            import fcntl
            for command in [0x5412, 0x541c]:
                try:
                    fcntl.ioctl(0, command, b"x")
                    print("ESCAPED")
                except PermissionError: pass
            """,
        ["reboot, clock and host name"] = Call + "if any(call(*c) != -1 for c in [(169, 0xfee1dead, 672274793, 0, None), (164, None, None), (170, b'x', 1), (227, 0, None)]): print('ESCAPED')",
        ["memory that no limit counts"] = Call + "if call(319, b'x', 0) != -1 or call(29, 0, 1 << 20, 0o1600) != -1: print('ESCAPED')",
        ["raising the limits"] = """
            import resource
            for limit in [resource.RLIMIT_NPROC, resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE]:
                try:
                    resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                    print("ESCAPED")
                except (OSError, ValueError): pass
            """,
        ["killing the tests"] = "import os\ntry:\n    os.kill(HOST, 9)\n    print('ESCAPED')\nexcept ProcessLookupError: pass",
        ["killing the init"] = "import os, time\nos.kill(1, 9)\ntime.sleep(0.05)\nos.kill(1, 0)",
        ["a planted module"] = "import sys\nopen('/tmp/colorsys.py', 'w').write('print(\"ESCAPED\")')\nif '' in sys.path or '/tmp' in sys.path: print('ESCAPED')\nimport colorsys",
    };

    /// <summary>Programs that die of a forbidden way into the kernel; x64 only.</summary>
    public static readonly IReadOnlyDictionary<string, string> Fatal = new Dictionary<string, string>
    {
        ["32-bit system calls"] = """
            import ctypes, mmap
            page = mmap.mmap(-1, 4096, prot=7)
            page.write(bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]))
            ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
            print("ESCAPED")
            """,
        ["x32 system calls"] = "import ctypes\nctypes.CDLL(None).syscall(0x40000000 + 39)\nprint('ESCAPED')",
    };
}

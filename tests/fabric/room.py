"""The process that holds a fabric's namespaces: it makes hosts on request and takes them with it.

It runs alone as ``python -I -S room.py``, reads one JSON request a line on its standard input and
answers each with one line. It ends with its input, and by signal when its parent dies; every host
is a child of it and dies in the same way.
"""

from __future__ import annotations

import contextlib
import ctypes
import encodings.idna  # noqa: F401 - socket wants it where the interpreter's files may be gone
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_NEWNS, _NEWUTS, _NEWIPC, _NEWPID, _NEWNET = 0x20000, 0x4000000, 0x8000000, 0x20000000, 0x40000000
_NEWCGROUP = 0x2000000
_NEWTIME = 0x00000080
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = (
    *(1, 2, 4, 8, 32, 4096, 16384),
    1 << 18,
)
_DETACH = 2
_SET_PDEATHSIG, _CAPBSET_DROP = 1, 24
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
# What could change the machine itself or undo the read-only mounts: sys_module, sys_rawio,
# sys_ptrace, sys_admin, sys_boot, sys_nice, sys_time, mknod, syslog, wake_alarm, bpf, perfmon.
_DANGEROUS = (16, 17, 19, 21, 22, 23, 25, 27, 34, 35, 38, 39)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _unshare(flags: int) -> None:
    _check(_LIBC.unshare(flags), "unshare")


def _boot_an_hour_ago() -> None:
    """Give the children a clock of their own: what happens often depends on how long a host is up.

    Counters begin with the namespace, and the machine may have been up for months.
    """
    up = float(Path("/proc/uptime").read_text().split()[0])
    Path("/proc/self/timens_offsets").write_text(f"boottime {3600 - int(up)} 0\n")


def _mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    result = _LIBC.mount(
        source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()
    )
    _check(result, f"mount {source} on {target}")


def _bind(source: str, target: str, flags: int = 0) -> None:
    _mount(source, target, flags=_BIND)
    _mount("none", target, flags=_REMOUNT | _BIND | flags)


def _die_with_parent() -> None:
    _check(_LIBC.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def _ip(script: str) -> None:
    done = subprocess.run(
        ["ip", "-batch", "-"],
        input=script.encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise OSError(f"ip: {done.stderr.decode()}: {script}")


def _fork(work: Callable[[], None]) -> int:
    """Run a function in a child that dies with this process."""
    alive_reading, alive_writing = os.pipe()
    child = os.fork()
    if child:
        os.close(alive_reading)
        os.write(alive_writing, b"x")
        os.close(alive_writing)
        return child
    try:
        _die_with_parent()
        os.close(alive_writing)
        # A parent that died before prctl() wrote nothing; getppid() cannot tell that in a new
        # PID namespace.
        if os.read(alive_reading, 1) != b"x":
            os._exit(1)
        os.close(alive_reading)
        work()
    except BaseException as error:  # noqa: BLE001 - the child must never return
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)
    os._exit(0)


# --- the root file system of a host


def _make_root(request: dict[str, Any]) -> None:
    _mount("none", "/", flags=_REC | _PRIVATE)
    _mount("tmpfs", "/tmp", "tmpfs", data="mode=0755")
    disk = request.get("disk") or "/tmp"
    for name in (f"{disk}/upper", f"{disk}/work", "/tmp/root"):
        Path(name).mkdir(exist_ok=True)
    root = "/tmp/root"
    _mount(
        "overlay",
        root,
        "overlay",
        data=f"lowerdir=/,upperdir={disk}/upper,workdir={disk}/work",
    )
    for name in ("proc", "sys", "dev", "run", "tmp", "root"):
        Path(root, name).mkdir(exist_ok=True)
    _mount("tmpfs", f"{root}/run", "tmpfs", _NOSUID | _NODEV, "mode=0755")
    _mount("tmpfs", f"{root}/tmp", "tmpfs", _NOSUID | _NODEV, "mode=1777")
    _mount("tmpfs", f"{root}/root", "tmpfs", _NOSUID | _NODEV, "mode=0700")
    _mount("sysfs", f"{root}/sys", "sysfs", _RDONLY | _NOSUID | _NODEV | _NOEXEC)
    _mount("tmpfs", f"{root}/dev", "tmpfs", _NOSUID, "mode=0755")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        Path(root, "dev", name).touch()
        _mount(f"/dev/{name}", f"{root}/dev/{name}", flags=_BIND)
    Path(root, "dev/pts").mkdir()
    _mount("devpts", f"{root}/dev/pts", "devpts", _NOSUID, "newinstance,ptmxmode=0666,mode=0620")
    Path(root, "dev/ptmx").symlink_to("pts/ptmx")
    Path(root, "dev/fd").symlink_to("/proc/self/fd")
    _make_proc(f"{root}/proc")
    os.chdir(root)
    _check(_LIBC.syscall(_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    _check(_LIBC.umount2(b".", _DETACH), "umount")
    os.chdir("/")
    if request.get("again"):
        return
    _clear_settings()
    for name, text in request["files"].items():
        _write(name, text)
    for name, target in request["links"].items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).symlink_to(target)


def _make_proc(proc: str) -> None:
    _mount("proc", proc, "proc", _NOSUID | _NODEV | _NOEXEC)
    _bind(f"{proc}/sys", f"{proc}/sys", _RDONLY)
    _bind(f"{proc}/sys/net", f"{proc}/sys/net")
    for name in ("sysrq-trigger", "kcore", "kmsg", "timer_list"):
        if Path(proc, name).exists():
            _mount("/dev/null", f"{proc}/{name}", flags=_BIND)
    for name in ("irq", "bus", "scsi", "acpi", "fs"):
        if Path(proc, name).is_dir():
            _bind(f"{proc}/{name}", f"{proc}/{name}", _RDONLY)


def _clear_settings() -> None:
    """Leave no sysctl file of the machine in sight."""
    for folder in ("/etc", "/run", "/usr/local/lib", "/usr/lib"):
        for name in ("sysctl.d", "modules-load.d"):
            place = Path(folder, name)
            if place.is_dir():
                for path in place.iterdir():
                    path.unlink()
            else:
                place.mkdir(parents=True)
    for name in ("/etc/sysctl.conf", "/etc/ufw/sysctl.conf", "/etc/tuned/active_profile"):
        Path(name).unlink(missing_ok=True)


def _write(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    if name.startswith("/etc/sudoers"):
        path.chmod(0o440)
    elif name == "/etc/ssh/fabric_host_key":
        path.chmod(0o600)


def _add_users(users: list[dict[str, Any]]) -> None:
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.restype = ctypes.c_char_p
    for number, user in enumerate(users, start=2000):
        name = user["name"]
        secret = "*"  # noqa: S105 - no password at all
        if user["password"]:
            secret = crypt(user["password"].encode(), b"$5$rounds=1000$fabric").decode()
        if name == "root":
            _replace("/etc/passwd", f"root:x:0:0:root:/root:{user['shell']}")
            _replace("/etc/shadow", f"root:{secret}:19000:0:99999:7:::")
            continue
        home = Path("/home", name)
        home.mkdir(parents=True, exist_ok=True)
        os.chown(home, number, number)
        _replace("/etc/passwd", f"{name}:x:{number}:{number}::{home}:{user['shell']}")
        _replace("/etc/shadow", f"{name}:{secret}:19000:0:99999:7:::")
        _replace("/etc/group", f"{name}:x:{number}:")


def _replace(path: str, line: str) -> None:
    start = line.partition(":")[0] + ":"
    kept = [old for old in Path(path).read_text().splitlines() if not old.startswith(start)]
    Path(path).write_text("\n".join([*kept, line, ""]))


def _set(sysctls: dict[str, str]) -> None:
    for key, value in sysctls.items():
        if not key.startswith("net."):
            raise OSError(f"{key} is not a setting of a network namespace")
        Path("/proc/sys", key.replace(".", "/")).write_text(value)


def _mask(masks: dict[str, str]) -> None:
    for path, how in masks.items():
        if how == "empty":
            _mount("tmpfs", path, "tmpfs", _RDONLY, "mode=0755")
        elif how == "closed":
            _mount("tmpfs", path, "tmpfs", _RDONLY, "mode=0000")
        elif how == "readonly":
            _bind(path, path, _RDONLY)
        else:
            raise OSError(f"no such mask: {how}")


# --- what runs in a host


def _listen(request: dict[str, Any], ready: int) -> None:
    """Hold listeners and connections that are made on purpose."""
    address = request["address"]
    backlog = request["backlog"]
    held = [socket.create_server((address, it), backlog=backlog) for it in request["listeners"]]
    for number, server_closes in request["time_wait"]:
        server = held[0]
        for _ in range(number):
            client = socket.create_connection(server.getsockname())
            accepted, _ = server.accept()
            first, second = (accepted, client) if server_closes else (client, accepted)
            first.shutdown(socket.SHUT_WR)
            second.recv(1)
            second.close()
            first.recv(1)
            first.close()
    os.write(ready, b"x")
    os.close(ready)
    crowd = [_crowd(address) for _ in range(request["crowd"])]
    while True:
        signal.pause()
        crowd.clear()


def _crowd(address: str) -> socket.socket:
    """Return a connection to sshd that never logs in."""
    while True:
        with contextlib.suppress(OSError):
            return socket.create_connection((address, 22))
        time.sleep(0.01)


def _live(request: dict[str, Any], ready: int) -> None:
    """Become the first process of a host."""
    socket.sethostname(request["name"])
    os.setsid()
    _make_root(request)
    if not request.get("again"):
        _add_users(request["users"])
    route = f"addr add {request['address']}/16 dev eth0\nlink set lo up\nlink set eth0 up\n"
    _ip(route)
    if not request.get("again"):
        _set(request["sysctls"])
    if request["listeners"] or request["crowd"]:
        reading, writing = os.pipe()
        _fork(lambda: _listen(request, writing))
        os.close(writing)
        if os.read(reading, 1) != b"x":
            raise OSError("the listeners of the host did not start")
        os.close(reading)
    _mask(request["masks"])
    if request.get("systemd"):
        _prepare_systemd(request)
    for capability in _DANGEROUS:
        _LIBC.prctl(_CAPBSET_DROP, capability, 0, 0, 0)
    Path("/run/sshd").mkdir(mode=0o755)
    if request.get("boot"):
        subprocess.run(request["boot"], stdout=subprocess.DEVNULL, check=False)
    null = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1):
        os.dup2(null, number)
    log = os.open("/dev/null" if not request["log"] else "/run/sshd.log", os.O_RDWR | os.O_CREAT)
    os.set_inheritable(ready, False)
    if request.get("systemd"):
        program = [_SYSTEMD, "--show-status=0"]
    elif request["sshd"]:
        os.dup2(log, 2)
        program = ["/usr/sbin/sshd", "-D", "-e", "-f", "/etc/ssh/fabric_config"]
    else:
        program = ["/bin/sleep", "1000000"]
    os.write(ready, b"ok\n")
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    if request.get("systemd"):
        environment["container"] = "fabric"
    os.execve(program[0], program, environment)  # noqa: S606 - no shell wanted


_SYSTEMD = "/lib/systemd/systemd"
_UNITS = {
    "fabric.target": "[Unit]\nRequires=sysinit.target\nAfter=sysinit.target\nWants=sshd.service\n",
    "sshd.service": "[Service]\nExecStart=/usr/sbin/sshd -D -e -f /etc/ssh/fabric_config\n",
}


def _prepare_systemd(request: dict[str, Any]) -> None:
    """Let a systemd with no more rights than the rest of the host be its first process."""
    _mount("cgroup2", "/sys/fs/cgroup", "cgroup2", _NOSUID | _NODEV | _NOEXEC)
    for name in ("/dev/shm", "/run/lock"):
        Path(name).mkdir(exist_ok=True)
        _mount("tmpfs", name, "tmpfs", _NOSUID | _NODEV)
    if not request.get("again"):
        units = Path("/etc/systemd/system")
        subprocess.run(["rm", "-rf", units], check=True)
        units.mkdir(parents=True)
        for name, text in _UNITS.items():
            (units / name).write_text(text)
        (units / "default.target").symlink_to("fabric.target")
        Path("/etc/fstab").write_text("")
        Path("/etc/hostname").write_text(f"{request['name']}\n")
        Path("/etc/machine-id").unlink(missing_ok=True)
        Path("/etc/machine-id").write_text(f"{request['number']:032x}\n")
    # systemd wants to open a console; whatever it says there is thrown away
    master, slave = os.openpty()
    Path("/dev/console").touch()
    _bind(os.ttyname(slave), "/dev/console")

    def drain() -> None:
        with contextlib.suppress(OSError):
            while True:
                os.read(master, 4096)
        os.close(slave)

    _fork(drain)


def _cgroup(request: dict[str, Any]) -> str:
    """Make a control group for a host's systemd, and return where."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            group = Path(place, f"fabric-{os.getpid()}-{request['name']}")
            group.mkdir(exist_ok=True)
            return str(group)
    raise OSError("no cgroup2 is mounted")


def _remove_cgroup(group: str) -> None:
    """Remove a control group once its last process is gone."""
    for _ in range(200):
        folders = sorted(Path(group).rglob("*/"), reverse=True)
        with contextlib.suppress(OSError):
            for folder in [*folders, Path(group)]:
                folder.rmdir()
            return
        time.sleep(0.02)


_groups: dict[int, str] = {}  # of a host, by its outer process


_disks: set[str] = set()


def _disk(request: dict[str, Any]) -> str:
    """Return the folder of a disk that outlives its host's processes."""
    name = f"/mnt/{request['name']}"
    if not _disks:
        _mount("tmpfs", "/mnt", "tmpfs", data="mode=0755")
    if name not in _disks:
        _disks.add(name)
        Path(name).mkdir()
        _mount("tmpfs", name, "tmpfs", data=f"mode=0755,size={request['size']}")
    return name


def _expect(word: bytes, pipe: int) -> None:
    """Read one message of a host that is starting; anything else than the word is its error."""
    said = os.read(pipe, 4096)
    if said != word:
        raise OSError(said.decode("utf-8", "replace").strip() or "the host did not start")


def _add(request: dict[str, Any]) -> dict[str, Any]:
    group = _cgroup(request) if request.get("systemd") else ""
    if request.get("size"):
        request["disk"] = _disk(request)
    up_reading, up_writing = os.pipe()
    go_reading, go_writing = os.pipe()

    def outer() -> None:
        os.close(up_reading)
        os.close(go_writing)
        if group:
            Path(group, "cgroup.procs").write_text("0")
        _unshare(
            _NEWNET | _NEWNS | _NEWUTS | _NEWIPC | _NEWPID | _NEWTIME | (_NEWCGROUP if group else 0)
        )
        _boot_an_hour_ago()
        os.write(up_writing, b"made\n")
        os.read(go_reading, 1)
        os.close(go_reading)
        os.dup2(up_writing, 2)
        child = _fork(lambda: _live(request, up_writing))
        os.close(up_writing)
        os.dup2(1, 2)
        os.waitpid(child, 0)

    child = _fork(outer)
    os.close(up_writing)
    os.close(go_reading)
    try:
        _expect(b"made\n", up_reading)
        number = request["number"]
        wire = f"v{number}"
        # a host that starts again keeps its hardware address, which its neighbours remember
        hardware = f"02:00:00:01:{number >> 8:02x}:{number & 255:02x}"
        _ip(
            f"link add {wire} type veth peer name eth0 address {hardware} netns {child}\n"
            f"link set {wire} master br0 up\n"
        )
        os.write(go_writing, b"x")
        _expect(b"ok\n", up_reading)
    except OSError:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    finally:
        os.close(up_reading)
        os.close(go_writing)
    inner = Path(f"/proc/{child}/task/{child}/children").read_text().split()
    if group:
        _groups[child] = group
    return {"pid": int(inner[0]), "outer": child, "wire": f"v{request['number']}"}


# --- addresses where something else than sshd answers


def _answer(behaviour: str, connection: socket.socket) -> None:
    if behaviour == "garbage banner":
        connection.sendall(b"\x00\xff\x16\x03\x01 HTTP/1.1 400 \x1b[31mBad\x1b[0m\r\n" * 200)
    elif behaviour == "silent after banner":
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    elif behaviour == "closes after banner":
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        connection.shutdown(socket.SHUT_RDWR)
        return
    elif behaviour == "closes at once":
        # Without this the kernel would say RST, which is another case.
        connection.shutdown(socket.SHUT_WR)
    elif behaviour == "resets":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        return
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


def _fake(request: dict[str, Any]) -> dict[str, Any]:
    address = request["address"]
    behaviour = request["behaviour"]
    if behaviour == "blackhole":
        _ip(f"neigh add {address} lladdr 02:00:00:00:00:99 dev br0 nud permanent\n")
        return {}
    _ip(f"addr add {address}/32 dev br0\n")
    if behaviour == "refuses":
        return {}
    listener = socket.create_server((address, 22))

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=(behaviour, connection), daemon=True).start()

    child = _fork(serve)
    listener.close()
    return {"pid": child}


# --- requests


def _runs(pid: str) -> bool:
    """Tell whether a process is more than an entry that waits to be reaped."""
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def _stop(request: dict[str, Any]) -> dict[str, Any]:
    outer = request["outer"]
    inner = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()
    os.kill(outer, signal.SIGKILL)
    os.waitpid(outer, 0)
    for pid in inner:
        while _runs(pid):
            time.sleep(0.002)
    with contextlib.suppress(OSError):  # the kernel takes it away too, but only when it has time
        _ip(f"link del {request['wire']}\n")
    if outer in _groups:
        _remove_cgroup(_groups.pop(outer))
    return {}


_ACTIONS = {"add": _add, "fake": _fake, "stop": _stop}


def main() -> None:
    """Make the control namespace, then do as asked."""
    _die_with_parent()
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
    _unshare(_NEWNET | _NEWNS | _NEWUTS)
    _mount("none", "/", flags=_REC | _PRIVATE)
    socket.sethostname("control")
    # A bridge with an address only of its own, and no spanning tree: ports forward at once.
    _ip(
        "link set lo up\n"
        "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n"
        "addr add 10.77.0.1/16 dev br0\n"
        "link set br0 up\n"
    )
    print(json.dumps({"pid": os.getpid()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = _ACTIONS[request["do"]](request)
        except (OSError, subprocess.SubprocessError) as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)
    for outer in list(_groups):
        _stop({"outer": outer, "wire": "none"})


if __name__ == "__main__":
    main()

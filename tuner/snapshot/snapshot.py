"""One host at one moment: what it said, and what it could not or did not say.

A reading is a value or the reason why there is none. ``None`` in a field means that the source
cannot know it (a bare ``sysctl -a`` has no files and no counters); a rule that asks for it gets
``Unreadable`` and is reported as not judged, never as passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tuner.errors import Unreadable
from tuner.lazy import lazy
from tuner.snapshot.boots import Given, boot_of
from tuner.snapshot.facts import Facts
from tuner.snapshot.programs import Programs, choose_programs
from tuner.snapshot.system import System
from tuner.sysctl.boot import Boot, Writer
from tuner.sysctl.files import Entry
from tuner.sysctl.key import Key
from tuner.sysctl.loaders import Program
from tuner.sysctl.value import Value, parse_value
from tuner.sysctl.version import KernelVersion


class Missing(StrEnum):
    """Why there is no value."""

    ABSENT = "absent"  # the kernel has no such key here
    DENIED = "denied"  # the key is there, and we may not read it
    UNASKED = "unasked"  # the source says nothing of it


Reading = Value | Missing


class Source(StrEnum):
    """Where a snapshot comes from, which says how complete it can be."""

    PROBE = "probe"
    SYSCTL_A = "sysctl -a"
    SOSREPORT = "sosreport"
    ROOT = "root file system"
    FILES = "files"  # settings files alone, of no host


@dataclass(slots=True)  # not frozen: that makes it three times as long, hundreds of times a host
class Flow:
    """Connections counted together.

    Outbound: all sockets from ``local`` to ``remote``:``remote_port``, whatever their local port.
    Inbound (the local port is a listener): all sockets on ``local``:``local_port``, whatever their
    remote end; ``remote`` is then empty and ``remote_port`` 0.
    """

    state: str  # as ss(8) names it: ESTAB, TIME-WAIT …
    local: str
    local_port: int  # 0 for outbound
    remote: str
    remote_port: int
    count: int

    @property
    def outbound(self) -> bool:
        """Whether this host chose the local port."""
        return self.local_port == 0

    @property
    def loopback(self) -> bool:
        """Whether both ends are this host, seen by a loopback address."""
        return self.local.startswith("127.") or self.local == "::1"


@dataclass(frozen=True, slots=True)
class Listener:
    """A TCP listener: its accept queue and the backlog in force (ss(8) Recv-Q and Send-Q)."""

    address: str
    port: int
    queued: int = 0
    backlog: int = 0
    drops: int = 0  # connections that it has lost since it listens (the socket's sk_drops)


@dataclass(frozen=True, slots=True)
class Owner:
    """A program that holds sockets: those in CLOSE-WAIT, or a listener whose queue is full."""

    state: str
    port: int  # of the listener; 0 for CLOSE-WAIT
    program: str
    count: int


@dataclass(frozen=True)
class Sockets:
    """TCP sockets of one host. ``truncated``: there were too many to look at each."""

    states: Mapping[str, int]  # ss(8) state name → count
    listeners: tuple[Listener, ...]
    flows: tuple[Flow, ...]  # the busiest groups of each state, largest first
    truncated: bool = False
    owners: tuple[Owner, ...] = ()  # where the probe could see them

    @lazy
    def destinations(self) -> Mapping[tuple[str, str, int], Mapping[str, int]]:
        """Connections that this host opened: local address, remote address, its port → by state."""
        found: dict[tuple[str, str, int], dict[str, int]] = {}
        for flow in self.flows:
            if flow.local_port == 0:
                states = found.setdefault((flow.local, flow.remote, flow.remote_port), {})
                states[flow.state] = states.get(flow.state, 0) + flow.count
        return found


@dataclass(frozen=True, slots=True)
class Counters:
    """Kernel counters at the second sample, and how fast they grow.

    Names are ``FILE.Counter`` as in ``TcpExt.ListenDrops``, ``Tcp.ActiveOpens``,
    ``sockstat.TCP.tw``, ``softnet.dropped``, ``conntrack.insert_failed``,
    ``conntrack.entries``. ``rates`` are per second over ``seconds``.
    """

    totals: Mapping[str, int]
    rates: Mapping[str, float]
    seconds: float


@dataclass(frozen=True)
class Snapshot:
    """Everything one host said of itself, and what was declared of it."""

    host: str
    kernel: KernelVersion
    source: Source = Source.PROBE
    taken: str = ""  # RFC 3339, by the host's clock; empty where unknown
    system: System = field(default_factory=System)
    live: Mapping[Key, str | Missing] = field(default_factory=dict)
    complete: frozenset[str] = frozenset({"net"})  # first components of which every key was asked
    files: tuple[Entry, ...] | None = None  # sysctl.d entries and /etc/sysctl.conf
    later_files: tuple[Entry, ...] = ()  # applied after them: ufw's file, TuneD's profile
    modules_load: tuple[Entry, ...] = ()  # what loads modules, and tuner's own udev rule
    profiles: tuple[Entry, ...] = ()  # TuneD's, the included first
    reapply: bool = True  # TuneD applies the host's files once more
    writers: tuple[Writer, ...] = ()  # who may write keys later
    credential: bytes | None = None  # sysctl.extra, which systemd hands to its loader
    read_only: tuple[str, ...] = ()  # paths below /proc/sys that are mounted read-only
    fixed: frozenset[Key] = frozenset()  # keys that nobody may write
    loadable: frozenset[str] = frozenset()  # modules that were loaded, and are not built in
    cmdline: str = ""
    counters: Counters | None = None
    sockets: Sockets | None = None
    facts: Facts = field(default_factory=Facts)

    def reading(self, key: Key) -> Reading:
        """Return what the host shows for the key, or why it shows nothing."""
        raw = self.live.get(key)
        if type(raw) is str:  # the commonest first: rules ask this hundreds of times
            return parse_value(raw)
        return self._why_not(key) if raw is None else Missing(raw)

    def _why_not(self, key: Key) -> Missing:
        """Return why nothing is known of a key: a closed folder hides what is in it."""
        folder = key.rpartition(".")[0]
        while folder:
            if self.live.get(Key(folder)) is Missing.DENIED:
                return Missing.DENIED
            folder = folder.rpartition(".")[0]
        return Missing.ABSENT if key.partition(".")[0] in self.complete else Missing.UNASKED

    def value(self, key: Key) -> Value | None:
        """Return the live value, None where the kernel has no such key here.

        Raises:
            Unreadable: we could not see whether it has, or what it says.
        """
        reading = self.reading(key)
        if isinstance(reading, Value):
            return reading
        if reading is Missing.ABSENT:
            return None
        raise Unreadable(f"{key} ({reading})")

    def number(self, key: Key) -> int | None:
        """Return the live value as one whole number, None where the key is absent.

        Raises:
            Unreadable: the key could not be read, or holds no single number.
        """
        value = self.value(key)
        if value is None:
            return None
        number = value.int()
        if number is None:
            raise Unreadable(f"{key} (not a number: {value})")
        return number

    @lazy
    def boot(self) -> Boot | None:
        """What the files will set at the next boot; None where the source has no files."""
        return None if self.files is None else self._boot(self.programs.boot, at_boot=True)

    def boot_by(self, program: Program) -> Boot:
        """Return what the files set if that loader applies them, and nobody after it.

        Raises:
            Unreadable: the source has no files.
        """
        if self.files is None:
            raise Unreadable("sysctl.d files")
        return self._boot(program, at_boot=program == self.programs.boot)

    def _boot(self, program: Program, *, at_boot: bool) -> Boot:
        given = Given(
            entries=self.files or (),
            cmdline=self.cmdline,
            later=self.later_files if at_boot else (),
            program=program,
            version=self.kernel,
            lib_is_usr_lib=self.system.merged_usr,
            credential=self.credential,
            read_only=self.read_only,
            fixed=self.fixed,
            modules_load=self.modules_load,
            complete=self.complete,
            profiles=self.profiles if at_boot else (),
            reapply=self.reapply,
            writers=self.writers if at_boot else (),
        )
        return boot_of(given, self.live)

    @lazy
    def programs(self) -> Programs:
        """The loader that boots this host, and the one that an administrator types."""
        return choose_programs(self.system)

    @lazy
    def interfaces(self) -> tuple[str, ...]:
        """The names of the network interfaces but the loopback one, sorted; empty for unknown."""
        prefix, suffix = "net.ipv4.conf.", ".rp_filter"
        ending = [key for key in self.live if key.endswith(suffix)]
        shown = {key[len(prefix) : -len(suffix)] for key in ending if key.startswith(prefix)}
        shown = {name for name in shown if "." not in name}  # a file's misspelt key, eth0.100
        return tuple(sorted(shown - {"all", "default", "lo"}))

    def require_boot(self) -> Boot:
        """Return what the files will set.

        Raises:
            Unreadable: the source has no files, or one that takes part could not be read.
        """
        if self.boot is None:
            raise Unreadable("sysctl.d files")
        if self.boot.unreadable:
            raise Unreadable(self.boot.unreadable[0])
        return self.boot

    def require_counters(self) -> Counters:
        """Return the counters.

        Raises:
            Unreadable: the source has none.
        """
        if self.counters is None:
            raise Unreadable("kernel counters")
        return self.counters

    def require_sockets(self) -> Sockets:
        """Return the sockets.

        Raises:
            Unreadable: the source has none, or there were too many to look at each.
        """
        if self.sockets is None or self.sockets.truncated:
            raise Unreadable("TCP sockets")
        return self.sockets

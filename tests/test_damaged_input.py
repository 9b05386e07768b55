"""Whatever a file holds, it is read or refused: no input is a traceback."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import random
import tarfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tuner.errors import TunerError
from tuner.inventory.host import Host
from tuner.inventory.load import load_inventory
from tuner.policy.policy import Policy
from tuner.policy.profile import parse_profile
from tuner.policy.resolve import load_profiles, resolve
from tuner.remote.known_hosts import KnownHosts
from tuner.remote.offline import read
from tuner.remote.ssh_config import SshConfig
from tuner.remote.ssh_options import make_route
from tuner.rules._check import check, registry
from tuner.rules._state import key_states

CHECKOUT = Path(__file__).resolve().parent.parent
TIMES = 60  # of each kind; a longer run found nothing more
ROLES = ("public-server", "client-heavy", "nat-gateway")
PIECES = [
    *"[]{}():=,'\"\\\n\t #!&*-|>%@`~$.09az\0\x1b\xe9\u202e/",
    *("{{", "}}", "{%", "!vault", "!!python/object:os.system", "<<", "&a", "*a", "9" * 30),
    *("1e999", ".inf", "-0x1", "0777", "2024-13-45", "null", "tuner_roles", "ansible_host"),
]
INI = """\
[web]
web[01:03] ansible_host=1.2.3.4 tuner_facts={'nat':'yes'}
[web:vars]
tuner_waivers=[{'rule':'a','reason':'b','owner':'c','until':'2030-01-01'}]
[prod:children]
web
"""
YAML = """\
all:
  hosts:
    h: {tuner_roles: [a], tuner_facts: {nat: yes}, tuner_dump: x, ansible_port: 22}
  children:
    w:
      hosts: {'x[1:3]': {a: '{{ b }}', b: 1, ansible_host: '{{ a }}'}}
      vars: {c: !vault x, ansible_become: true, ansible_become_flags: -H}
"""
LISTING = (
    '{"_meta":{"hostvars":{"a":{"ansible_host":"{{ inventory_hostname }}"}}},'
    '"g":{"hosts":["a"],"vars":{"tuner_roles":"x"},"children":["k"]}}'
)
LIMITS = ("", "~h[", "h[9]", "a:&b", "@x", "!h", "*[1:2]", "[", ":", ",", "h[x]", "&", "~")
CONFIG = """\
Host web* !web1
  HostName %h.x
  ProxyJump a,b
Match user bob host x
  Port 22
Include x*
  IdentityFile ~/.ssh/%r
"""
ARGUMENTS = "-o ProxyJump=a -F x -J b -p 2 -o 'User c'"
KNOWN_HOSTS = "|1|c2FsdA==|ZGln|x ssh-ed25519 AAAA\n@revoked *.x ssh-rsa AAAA\n[h]:2,i ecdsa A\n"
SYSCTL_A = "kernel.osrelease = 4.9.0\nnet.ipv4.tcp_rmem = 4096\t1 2\nnet.core.somaxconn = 128\n"


def damaged(dice: random.Random, text: str) -> str:
    letters = list(text)
    for _ in range(dice.randint(1, 6)):
        at, other = dice.randrange(len(letters) + 1), dice.randrange(len(letters) + 1)
        match dice.randrange(4):
            case 0:
                letters[at:at] = dice.choice(PIECES)
            case 1:
                del letters[at : at + dice.randint(1, 8)]
            case 2:
                letters[at:at] = letters[other : other + dice.randint(1, 30)]
            case _:
                letters[at : at + 1] = dice.choice(PIECES)
    return "".join(letters)


def damaged_bytes(dice: random.Random, data: bytes) -> bytes:
    found = bytearray(data)
    for _ in range(dice.randint(0, 4)):
        at, other = dice.randrange(len(found)), dice.randrange(len(found))
        match dice.randrange(3):
            case 0:
                found[at : at + dice.randint(0, 50)] = dice.randbytes(dice.randint(0, 20))
            case 1:
                found[at:at] = found[other : other + dice.randint(1, 3000)]
            case _:
                found[at : at + 1] = dice.choice((b"\n", b"9" * 30, b"@@ ", b" -> ", b"==> /x <=="))
    return bytes(found)


@cache
def policies() -> tuple[Policy, ...]:
    profiles = load_profiles([CHECKOUT / "profiles"])
    return tuple(resolve(profiles, [role]) for role in ROLES)


def inventory(text: str, name: str) -> Callable[[random.Random, Path], None]:
    def one(dice: random.Random, folder: Path) -> None:
        path = folder / name
        path.write_text(damaged(dice, text))
        load_inventory(path, limit=dice.choice(LIMITS))

    return one


def ssh_config(dice: random.Random, folder: Path) -> None:
    path = folder / "config"
    path.write_text(damaged(dice, CONFIG))
    config = SshConfig([path])
    host = Host("web2", ssh_common_args=damaged(dice, ARGUMENTS))
    make_route(host, lambda _: config, accept_new=False, warn=lambda _: None)


def known_hosts(dice: random.Random, folder: Path) -> None:
    path = folder / "known_hosts"
    path.write_text(damaged(dice, KNOWN_HOSTS))
    known = KnownHosts([path])
    known.judge(["h", "[h]:2"], "ssh-ed25519", b"\0\0")
    known.kinds(["h"])


def sysctl_a(dice: random.Random, folder: Path) -> None:
    path = folder / "host.txt"
    path.write_text(damaged(dice, SYSCTL_A))
    read(path)


def profile(dice: random.Random, folder: Path) -> None:
    text = (CHECKOUT / "profiles" / f"{dice.choice(ROLES)}.yml").read_text()
    parse_profile("x", damaged(dice, text), file="x.yml")


def dump(dice: random.Random, folder: Path) -> None:
    path = folder / "host.dump"
    path.write_bytes(damaged_bytes(dice, (CHECKOUT / "tests/readme/web1.dump").read_bytes()))
    snapshot = read(path)
    for policy in policies():
        check(snapshot, policy, registry().values())
        key_states(snapshot, policy)


def sosreport(dice: random.Random, folder: Path) -> None:
    files = {"sos_commands/kernel/sysctl_-a": SYSCTL_A, "etc/sysctl.d/x.conf": "a=1\n"}
    pack = dice.choice((bytes, gzip.compress, lzma.compress, bz2.compress))
    with io.BytesIO() as buffer:
        with tarfile.open(fileobj=buffer, mode="w:") as archive:
            for name, text in files.items():
                member = tarfile.TarInfo(f"sos/{name}")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        data = pack(buffer.getvalue())
    path = folder / "sos.tar"
    path.write_bytes(damaged_bytes(dice, data))
    read(path)


KINDS: dict[str, Callable[[random.Random, Path], None]] = {
    "ini": inventory(INI, "hosts"),
    "yaml": inventory(YAML, "hosts.yml"),
    "listing": inventory(LISTING, "hosts.json"),
    "ssh_config": ssh_config,
    "known_hosts": known_hosts,
    "sysctl -a": sysctl_a,
    "profile": profile,
    "dump": dump,
    "sosreport": sosreport,
}


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_input_is_read_or_refused(kind: str, tmp_path: Path) -> None:
    refused = 0
    for seed in range(TIMES):
        dice = random.Random(f"{kind} {seed}")  # noqa: S311 - repeatable on purpose
        with contextlib.suppress(TunerError):
            KINDS[kind](dice, tmp_path)
            continue
        refused += 1
    if kind != "known_hosts":  # what is no line of it is passed over
        assert refused
    assert refused < TIMES

"""What ssh_config means is what the real ssh makes of it: ``ssh -G`` is asked about each file."""

from __future__ import annotations

import os
import pwd
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tuner.errors import ConnectError
from tuner.inventory.host import Host
from tuner.remote.ssh_config import SshConfig, words
from tuner.remote.ssh_options import Route, make_route

NAMES = ("web1", "web2.example.com", "db1", "Bastion", "10.0.0.7")
PATTERNS = (
    *("web*", "web?", "*", "!web1", "db1", "*.example.com", "bastion", "web1", "10.0.0.*"),
    *("!*.example.com", "nothing", "real.*"),
)
VALUES = {
    "HostName": ("1.2.3.4", "%h.internal", "real.host", "h%%x", "'127.0.1.1'"),
    "User": ("alice", "bob", '"carol"', "'carol'", "b'o'b", "a\\'b # x"),
    "Port": ("22", "2222", "10022"),
    "IdentityFile": ("/keys/%r_%h", "none", '"/keys/with space"', "/keys/a"),
    "IdentitiesOnly": ("yes", "no"),
    "ProxyJump": ("none", "j1", "u@j1:2022,j2"),
    "ProxyCommand": ("none", "nc %h %p", "exec ssh -W [%h]:%p %r@gw # x"),
    "UserKnownHostsFile": ("/dev/null", "/k/1 /k/2", "none", "/k/%h"),
    "GlobalKnownHostsFile": ("/g1 /g2", "none"),
    "StrictHostKeyChecking": ("yes", "no", "accept-new", "ask", "off"),
    "HostKeyAlias": ("al1", "al2"),
    "CertificateFile": ("/c/a-cert.pub", "/c/%h"),
    "ConnectTimeout": ("5", "17", "3s", "1m30s", "2H", "none"),
    "AddressFamily": ("any", "inet", "inet6"),
    "BindAddress": ("127.0.0.1", "10.1.1.1"),
    "HashKnownHosts": ("yes", "no"),
    "PubkeyAuthentication": ("yes", "no"),
    "PasswordAuthentication": ("yes", "no"),
    "IdentityAgent": ("none", "SSH_AUTH_SOCK", "/agent", "$FOO"),
}


def settings(dice: random.Random, number: int) -> list[str]:
    chosen = [dice.choice([*VALUES]) for _ in range(number)]
    return [f"  {key}{dice.choice((' ', '=', ' = '))}{dice.choice(VALUES[key])}" for key in chosen]


def condition(dice: random.Random) -> str:
    patterns = dice.sample(PATTERNS, dice.randint(1, 3))
    if dice.random() < 0.5:
        return "Host " + " ".join(patterns)
    criteria = (
        *("all", "final", "canonical", f"user {dice.choice(('alice', 'bob,carol', 'root'))}"),
        *(f"host {','.join(patterns)}", f"originalhost {','.join(patterns)}"),
        *(f'exec "{test}"' for test in ("true", "false", "test %n = web1", "test %h = 1.2.3.4")),
    )
    chosen = dice.choice(criteria)
    single = chosen in {"all", "final", "canonical"}
    return "Match " + ("" if single else dice.choice(("", "", "!"))) + chosen


def write(dice: random.Random, folder: Path, depth: int = 0) -> Path:
    lines = settings(dice, dice.randrange(2))
    for _ in range(dice.randint(1, 4)):
        lines += [condition(dice), *settings(dice, dice.randint(1, 4))]
        if depth < 2 and dice.random() < 0.3:
            inner = write(dice, folder, depth + 1)
            lines += [f"  Include {folder}/*{inner.name[-6:]}", *settings(dice, 1)]
    path = folder / f"{len(list(folder.iterdir())):02}.conf"
    path.write_text("\n".join(lines) + "\n")
    return path


def ask_ssh(file: Path, host: Host) -> dict[str, list[str]] | None:
    """What ssh makes of it, None where it refuses."""
    command = ["ssh", "-G", "-F", str(file)]
    command += ["-l", host.user] if host.user else []
    command += ["-p", str(host.port)] if host.port else []
    done = subprocess.run([*command, host.name], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        key, _, value = line.partition(" ")
        found.setdefault(key, []).append(value)
    return found


def ours(route: Route) -> dict[str, Any]:
    return {
        "hostname": route.address,
        "user": route.user,
        "port": str(route.port),
        "hostkeyalias": route.alias,
        "proxyjump": ",".join(route.jumps),
        "proxycommand": route.proxy_command,
        "identityfile": [str(path) for path in route.identities] if route.chosen else None,
        "certificatefile": [str(path) for path in route.certificates],
        "known_hosts": [str(path) for path in route.known_hosts],
        "identitiesonly": route.identities_only,
        "identityagent": route.agent,
        "connecttimeout": route.connect_timeout,
        "addressfamily": route.family,
        "bindaddress": route.bind,
        "hashknownhosts": route.hash_names,
        "pubkeyauthentication": route.with_keys,
        "passwordauthentication": route.with_password,
        "accept-new": route.accept_new,
    }


def theirs(said: dict[str, list[str]], route: Route, home: str) -> dict[str, Any]:
    def one(key: str) -> str:
        return said.get(key, [""])[0]

    def filled(text: str) -> str:
        for token, value in (("h", route.address), ("r", route.user), ("p", str(route.port))):
            text = text.replace(f"%{token}", value)
        return text

    def paths(*keys: str) -> list[str]:
        return [filled(text) for key in keys for text in said.get(key, []) if text != "none"]

    return {
        **{key: one(key) for key in ("hostname", "user", "port", "hostkeyalias", "bindaddress")},
        "proxyjump": one("proxyjump").replace("none", ""),
        "proxycommand": filled(one("proxycommand").replace("none", "").removeprefix("exec ")),
        "identityfile": paths("identityfile") if route.chosen else None,
        "certificatefile": paths("certificatefile"),
        "known_hosts": [
            file.replace("~", home)
            for key in ("userknownhostsfile", "globalknownhostsfile")
            for file in filled(one(key)).split()
            if file != "none"
        ],
        "identitiesonly": one("identitiesonly") == "yes",
        "identityagent": one("identityagent"),
        "connecttimeout": None if one("connecttimeout") == "none" else float(one("connecttimeout")),
        "addressfamily": one("addressfamily"),
        "hashknownhosts": one("hashknownhosts") == "yes",
        "pubkeyauthentication": one("pubkeyauthentication") not in {"no", "false"},
        "passwordauthentication": one("passwordauthentication") == "yes",
        "accept-new": one("stricthostkeychecking") in {"accept-new", "false", "no"},
    }


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_any_file_means_what_ssh_takes_it_for(
    first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # ssh(1) takes the home from the account, whatever $HOME says.
    home = pwd.getpwuid(os.getuid()).pw_dir
    monkeypatch.setenv("HOME", home)
    compared = 0
    for seed in range(first, first + 20):
        dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
        folder = tmp_path / str(seed)
        folder.mkdir()
        file = write(dice, folder)
        host = Host(dice.choice(NAMES), user=dice.choice(("", "dave")), port=dice.choice((None, 9)))
        said = ask_ssh(file, host)
        if said is None:
            continue
        route = make_route(host, reader(file), accept_new=False, warn=lambda _: None)
        assert ours(route) == theirs(said, route, home), (seed, host, file.read_text())
        compared += 1
    assert compared > 15


def reader(file: Path) -> Callable[[Path | None], SshConfig]:
    config = SshConfig([file])
    return lambda _: config


def test_a_file_that_includes_itself(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(f"Host *\n  Include {file}\n")
    with pytest.raises(ConnectError, match=rf"{file}:2: Include is nested too deeply") as caught:
        SshConfig([file])
    assert "does a file include itself?" in caught.value.hint


def test_any_argument_is_split_as_ssh_splits_it(tmp_path: Path) -> None:
    dice = random.Random(5)  # noqa: S311 - repeatable on purpose
    compared = 0
    file = tmp_path / "config"
    for _ in range(150):
        text = "".join(
            dice.choice("ab#'\"\\ ") for _ in range(dice.randint(1, 9))
        ).rstrip()  # as files are read
        file.write_text(f"UserKnownHostsFile x{text}\n")
        said = ask_ssh(file, Host("web1"))
        if said is not None:
            assert " ".join(words(f"x{text}")) == said["userknownhostsfile"][0], text
            compared += 1
    assert compared > 50


@pytest.mark.parametrize("text", ["3x", "-1", "soon"])
def test_a_time_that_ssh_refuses(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config"
    file.write_text(f"ConnectTimeout {text}\n")
    assert ask_ssh(file, Host("web1")) is None
    with pytest.raises(ConnectError, match=f"web1: ConnectTimeout '{text}' is not a time"):
        make_route(Host("web1"), reader(file), accept_new=False, warn=lambda _: None)


def route_of(text: str, tmp_path: Path) -> tuple[Route, list[str]]:
    """The way to web1 by such a file, and what is said of it."""
    file = tmp_path / "config"
    file.write_text(text)
    said: list[str] = []
    host = Host("web1", password=SecretStr("hunter2"))
    return make_route(host, reader(file), accept_new=False, warn=said.append), said


def test_every_option_that_ssh_has_is_known(tmp_path: Path) -> None:
    listed = subprocess.run(["ssh", "-F", "none", "-G", "x"], capture_output=True, check=True)
    keys = [line.split()[0] for line in listed.stdout.decode().splitlines()]
    assert len(keys) > 50
    _, said = route_of("".join(f"{key} none\n" for key in keys), tmp_path)
    assert said == []


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("PubkeyAcceptedAlgorithms ssh-rsa", "pubkeyacceptedalgorithms is not honoured: paramiko"),
        ("NoHostAuthenticationForLocalhost yes", "is not honoured: host keys are always checked"),
        ("NoHostAuthenticationForLocalhost no", ""),
        ("HostbasedAuthentication yes", "hostbasedauthentication is not honoured"),
        ("PreferredAuthentications password,publickey", "offers keys before a password"),
        ("PreferredAuthentications publickey,password", ""),
        ("Kiphers aes128-ctr", "kiphers is no option that tuner knows; it is not honoured"),
        ("IgnoreUnknown use*,kiph*\nKiphers aes128-ctr", ""),
        ("GSSAPIAuthentication yes\nGSSAPIDelegateCredentials yes", ""),
        ("ControlMaster auto\nServerAliveInterval 5", ""),
    ],
)
def test_what_changes_the_way_and_is_not_honoured_is_said(
    tmp_path: Path, line: str, sentence: str
) -> None:
    _, said = route_of(f"{line}\n", tmp_path)
    assert len(said) == bool(sentence)
    assert sentence in "".join(said)


def test_algorithms_are_one_sentence(tmp_path: Path) -> None:
    _, said = route_of("Ciphers aes128-ctr\nMACs hmac-sha2-256\n", tmp_path)
    assert said == ["ssh_config's ciphers, macs are not honoured: paramiko chooses"]


@pytest.mark.parametrize(
    ("methods", "keys", "password"),
    [
        ("publickey", True, False),
        ("gssapi-with-mic,password", False, True),
        ("keyboard-interactive", False, True),
        ("hostbased", False, False),
    ],
)
def test_methods_that_are_not_preferred_are_not_tried(
    tmp_path: Path, methods: str, *, keys: bool, password: bool
) -> None:
    route, _ = route_of(f"PreferredAuthentications {methods}\n", tmp_path)
    assert (route.with_keys, route.with_password) == (keys, password)

"""Hosts that are down, silent, rude, slow, endless or cut off: one plain sentence each."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import resource
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import paramiko
import pytest

from tuner.cli import main
from tuner.cli.exits import Exit
from tuner.errors import (
    AnswerError,
    AuthError,
    ConnectError,
    HostKeyError,
    TimedOut,
    TransportError,
)
from tuner.inventory.host import Host
from tuner.remote.collect import collect
from tuner.remote.handshake import translate
from tuner.remote.session import Session, Settings

pytestmark = pytest.mark.root


def ask(responder: Any, **settings: Any) -> None:
    host = Host("web1", address=responder.address, port=responder.port, user="root")
    with Session(Settings(**({"retry_delay": 0.01} | settings))) as session, session.connect(host):
        pass


def test_nobody_listens(client: Any) -> None:
    host = Host("web1", address="127.0.77.252", port=9, user="ops")
    with pytest.raises(ConnectError, match="connection refused") as caught:
        client.run(host)
    assert str(caught.value) == "web1 (ops@127.0.77.252:9): connection refused"
    assert "sshd" in caught.value.hint


def test_no_such_name(client: Any) -> None:
    with pytest.raises(ConnectError, match=r"cannot resolve web1\.invalid"):
        client.run(Host("web1.invalid"))


def test_nobody_answers_to_tcp(client: Any) -> None:
    # a listener whose backlog is full: the kernel drops further SYNs, as a firewall would
    with socket.socket() as listener:
        listener.bind(("127.0.77.201", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        time.sleep(0.05)
        started = time.monotonic()
        with pytest.raises(TimedOut, match=r"no TCP connection within 0\.4 s"):
            client.run(Host("web1", address=address[0], port=address[1]), connect_timeout=0.4)
        assert time.monotonic() - started < 2
        for filler in fillers:
            filler.close()


def test_a_silent_server(client: Any, fake: Callable[..., Any]) -> None:
    responder = fake(lambda _: time.sleep(5))
    with pytest.raises(TimedOut, match=r"sent no SSH greeting within 0\.3 s"):
        ask(responder, banner_timeout=0.3)


def test_a_server_that_stops_after_its_greeting(client: Any, fake: Callable[..., Any]) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        time.sleep(5)

    with pytest.raises(TimedOut, match=r"did not agree on keys within 0\.3 s"):
        ask(fake(serve), banner_timeout=0.3)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", 'it said "HTTP/1.1 400 Bad Request"'),
        (b"220 \x1b[31mmail\x07 ready\r\n", 'it said "220  [31mmail  ready"'),
        (b"\x00\xff\xfe" * 50, "is no SSH server"),
        (b"x" * 3_000_000, "is no SSH server"),
    ],
    ids=["http", "control characters", "binary", "endless line"],
)
def test_what_answers_is_no_ssh_server(
    client: Any, fake: Callable[..., Any], said: bytes, shown: str
) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(said)
        connection.close()

    with pytest.raises(ConnectError) as caught:
        ask(fake(serve))
    assert shown in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_an_old_protocol(client: Any, fake: Callable[..., Any]) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(b"SSH-1.5-OpenSSH_3.0\r\n")
        connection.recv(100)
        connection.close()

    with pytest.raises(ConnectError, match="Incompatible version"):
        ask(fake(serve))


def test_a_packet_that_claims_to_be_huge(client: Any, fake: Callable[..., Any]) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" + b"\x7f\xff\xff\xfc" + b"\x00" * 100)
        time.sleep(3)

    started = time.monotonic()
    with pytest.raises(ConnectError, match="too large"):
        ask(fake(serve))
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("last", [b"", b"Exceeded MaxStartups\r\n", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_a_dropped_connection_is_tried_again(
    client: Any, fake: Callable[..., Any], last: bytes
) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(last)
        connection.close()

    responder = fake(serve)
    with pytest.raises(ConnectError, match=r"dropped the connection .* 3 times") as caught:
        ask(responder, retries=2)
    assert len(responder.connections) == 3
    assert "MaxStartups" in caught.value.hint


def test_a_reset_is_a_dropped_connection_whenever_it_comes(
    client: Any, fake: Callable[..., Any]
) -> None:
    def serve(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    responder = fake(serve)
    for _ in range(20):  # some resets are there before connect() has returned, some are not
        with pytest.raises(ConnectError, match="dropped the connection before") as caught:
            ask(responder, retries=0)
        assert "MaxStartups" in caught.value.hint


def test_sshd_s_own_maxstartups(client: Any, net: Any) -> None:
    server = net.sshd("MaxStartups 1", "LoginGraceTime 20", allow=(client.key,))
    client.trust(server)
    blocker = socket.create_connection((server.address, server.port))
    blocker.recv(10)
    with pytest.raises(ConnectError, match="dropped the connection"):
        client.run(client.host(server), retries=1)
    threading.Timer(0.3, blocker.close).start()
    assert client.run(client.host(server), retries=6, retry_delay=0.1) == b"hello\n"


class TestAnswers:
    def test_both_streams_at_once(self, client: Any, server: Any) -> None:
        client.trust(server)
        script = (
            "i=0; while [ $i -lt 40 ]; do head -c 100000 /dev/zero >&2; "
            "head -c 100000 /dev/zero; i=$((i+1)); done"
        )
        with Session() as session, session.connect(client.host(server)) as way:
            done = way.run(script, timeout=20, limit=1 << 23)
        assert len(done.stdout) == 4_000_000
        assert done.status == 0
        assert set(done.stderr) == {0}
        assert 0 < len(done.stderr) <= 65536

    def test_one_that_comes_in_pieces_wakes_once(
        self, client: Any, server: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.trust(server)
        taken: list[int] = []
        recv = paramiko.Channel.recv

        def count(channel: paramiko.Channel, size: int) -> bytes:
            chunk = recv(channel, size)
            taken.append(len(chunk))
            return chunk

        monkeypatch.setattr(paramiko.Channel, "recv", count)
        script = "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.05; done"
        assert len(client.run(client.host(server), script)) == 16
        assert taken == [16]

    def test_one_that_pauses_for_long(self, client: Any, server: Any) -> None:
        client.trust(server)
        script = "echo one; sleep 2.5; echo two"
        assert client.run(client.host(server), script) == b"one\ntwo\n"

    def test_too_much(self, client: Any, server: Any) -> None:
        client.trust(server)
        started = time.monotonic()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(AnswerError, match="larger than 1000000 bytes"):
            client.run(client.host(server), "cat /dev/zero", limit=1_000_000)
        assert time.monotonic() - started < 5
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 32 * 1024  # KiB

    def test_too_slow(self, client: Any, server: Any) -> None:
        client.trust(server)
        started = time.monotonic()
        with pytest.raises(TimedOut, match=r"not complete after 0\.7"):
            client.run(client.host(server), "while :; do printf .; sleep 0.1; done", timeout=0.7)
        assert time.monotonic() - started < 3

    def test_one_that_closes_its_output_and_stays(self, client: Any, server: Any) -> None:
        client.trust(server)
        with pytest.raises(TimedOut):
            client.run(client.host(server), "exec >&- 2>&-; sleep 5", timeout=0.6)

    def test_a_background_child_that_keeps_the_output(self, client: Any, server: Any) -> None:
        client.trust(server)
        with pytest.raises(TimedOut):
            client.run(client.host(server), "sleep 3 & echo done", timeout=0.6)

    def test_cut_off_in_the_middle(self, client: Any, server: Any) -> None:
        client.trust(server)
        with pytest.raises(ConnectError, match="broke in the middle of the answer"):
            client.run(client.host(server), "echo half; sleep 0.1; kill -9 $PPID; sleep 1")

    def test_a_signal_is_no_status(self, client: Any, server: Any) -> None:
        client.trust(server)
        with Session() as session, session.connect(client.host(server)) as way:
            done = way.run("echo last words; kill -9 $$", timeout=5, limit=999)
        assert (done.status, done.stdout) == (-1, b"last words\n")

    def test_a_status(self, client: Any, server: Any) -> None:
        client.trust(server)
        with Session() as session, session.connect(client.host(server)) as way:
            done = way.run("echo no >&2; exit 7", timeout=5, limit=999)
            assert (done.status, done.stdout, done.stderr) == (7, b"", b"no\n")
            again = way.run("echo again", timeout=5, limit=999)
        assert again.stdout == b"again\n"

    @pytest.mark.parametrize(
        "script",
        [
            "sleep 30 & echo end",
            "echo end; sleep 0.2; kill -9 $PPID; sleep 1",
            "echo end; kill -9 $$",
            "echo end; exit 7",
        ],
    )
    def test_one_that_has_said_all_has_ended_well(
        self, client: Any, server: Any, script: str
    ) -> None:
        client.trust(server)
        started = time.monotonic()
        with Session() as session, session.connect(client.host(server)) as way:
            done = way.run(script, timeout=20, limit=99, whole=lambda out: out == b"end\n")
        assert (done.status, done.stdout) == (0, b"end\n")
        assert time.monotonic() - started < 10

    def test_one_that_has_not_said_all_is_waited_for(self, client: Any, server: Any) -> None:
        client.trust(server)
        script = "echo en; sleep 2.5; echo d; exit 7"
        with Session() as session, session.connect(client.host(server)) as way:
            done = way.run(script, timeout=20, limit=99, whole=lambda out: out == b"end\n")
        assert (done.status, done.stdout) == (7, b"en\nd\n")

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ("echo no shell here >&2", 'what answered is not the probe: "no shell here"'),
            ("echo hello", 'what answered is not the probe: it said "hello"'),
            ("true", "what answered is not the probe: it said nothing"),
            ("sh -c 'kill -9 $$'", "the probe ended with"),
            (
                "sh -s | sed 's/^tuner-probe 1/tuner-probe 2/'",
                "its answer cannot be used: a dump of",
            ),
            ("sh -s | head -c 9000", "its answer is not whole: it is cut off"),
        ],
    )
    def test_what_is_not_the_probes_is_neither_judged_nor_kept(
        self,
        client: Any,
        net: Any,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        answer: str,
        said: str,
    ) -> None:
        server = net.sshd(f"ForceCommand {answer}", allow=(client.key,))
        client.trust(server)
        with Session() as session, pytest.raises(AnswerError, match=re.escape(said)):
            collect(client.host(server), session)
        inventory = tmp_path / "inventory"
        inventory.write_text(
            f"web1 ansible_host={server.address} ansible_port={server.port} ansible_user=root "
            f"ansible_ssh_private_key_file={client.key}\n"
        )
        assert main(["collect", str(inventory), "-o", str(tmp_path / "dumps")]) == Exit.INCOMPLETE
        told = capsys.readouterr()
        assert said in told.err.replace("\n", " ")
        assert "0 of 1 dumps" in told.out
        assert not list((tmp_path / "dumps").glob("*.dump"))

    def test_a_script_larger_than_the_window(self, client: Any, server: Any) -> None:
        client.trust(server)
        script = "# filler\n" * 400_000 + "echo end\n"
        assert client.run(client.host(server), script) == b"end\n"


@pytest.mark.parametrize(
    "only",
    [
        "Ciphers chacha20-poly1305@openssh.com",
        "KexAlgorithms sntrup761x25519-sha512@openssh.com",
        "MACs umac-128-etm@openssh.com",
    ],
)
def test_a_server_that_is_too_new_is_not_called_too_old(client: Any, net: Any, only: str) -> None:
    server = net.sshd(only, allow=(client.key,))
    with pytest.raises(ConnectError, match="no algorithm in common: Incompatible") as caught:
        client.run(client.host(server))
    assert "out of use" not in caught.value.hint
    assert "ssh -vv HOST" in caught.value.hint


def test_no_session_allowed(client: Any, net: Any) -> None:
    server = net.sshd("MaxSessions 0", allow=(client.key,))
    client.trust(server)
    with pytest.raises(ConnectError, match="opens no channel"):
        client.run(client.host(server))


class TestForeignExceptions:
    """No exception of paramiko's leaves the room as it is."""

    ARGUMENTS: ClassVar[dict[str, tuple[Any, ...]]] = {
        "BadAuthenticationType": ("no", ["publickey"]),
        "PartialAuthentication": (["publickey"],),
        "ChannelException": (1, "prohibited"),
        "BadHostKeyException": (
            "h",
            paramiko.RSAKey.generate(1024),
            paramiko.RSAKey.generate(1024),
        ),
        "ProxyCommandFailure": ("cmd", 1),
        "NoValidConnectionsError": ({("127.0.0.1", 1): OSError(111, "refused")},),
        "UnknownKeyType": ("ssh-x", b""),
        "UnableToAuthenticate": ("no",),
        "InvalidHostKey": ("line", ValueError("no")),
    }

    @classmethod
    def exceptions(cls) -> dict[str, type[Exception]]:
        found: dict[str, type[Exception]] = {}
        for info in pkgutil.iter_modules(paramiko.__path__):
            if info.name.startswith(("_win", "win")):
                continue
            module = importlib.import_module(f"paramiko.{info.name}")
            found |= {
                name: thing
                for name, thing in vars(module).items()
                if inspect.isclass(thing)
                and issubclass(thing, Exception)
                and thing.__module__.startswith("paramiko")
            }
        return found

    def test_each_has_a_meaning(self) -> None:
        found = self.exceptions()
        assert len(found) >= 12
        meant = {}
        for name, kind in found.items():
            error = kind(*self.ARGUMENTS.get(name, ("some words",)))
            result = translate(error, "web1 (root@h:22)")
            assert isinstance(result, TransportError), name
            assert str(result).startswith("web1 (root@h:22): "), name
            meant[name] = type(result)
        assert meant["BadAuthenticationType"] is AuthError
        assert meant["PartialAuthentication"] is AuthError
        assert meant["BadHostKeyException"] is HostKeyError
        assert meant["IncompatiblePeer"] is ConnectError
        assert meant["NoValidConnectionsError"] is ConnectError

    @pytest.mark.parametrize(
        ("error", "meaning"),
        [
            (TimeoutError("x"), TimedOut),
            (EOFError(), ConnectError),
            (ConnectionResetError(104, "reset"), ConnectError),
            (OSError("x"), ConnectError),
            (ValueError("odd"), ConnectError),
        ],
    )
    def test_the_system_s_too(self, error: Exception, meaning: type[TransportError]) -> None:
        assert type(translate(error, "web1")) is meaning

    @pytest.mark.parametrize("phase", ["open_session", "auth_publickey", "start_client"])
    def test_wherever_they_are_raised(
        self, client: Any, server: Any, monkeypatch: pytest.MonkeyPatch, phase: str
    ) -> None:
        client.trust(server)
        for name, kind in self.exceptions().items():
            error = kind(*self.ARGUMENTS.get(name, ("some words",)))

            def fail(*_: Any, error: Exception = error, **__: Any) -> None:
                raise error

            with monkeypatch.context() as patch:
                patch.setattr(paramiko.Transport, phase, fail)
                with pytest.raises(TransportError):
                    client.run(client.host(server))


def test_no_file_is_left_open(client: Any, server: Any, fake: Callable[..., Any]) -> None:
    client.trust(server)
    client.run(client.host(server))
    responder = fake(lambda connection: connection.close())
    time.sleep(0.3)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        client.run(client.host(server))
        with pytest.raises(ConnectError):
            client.run(client.host(server, port=1))
        with pytest.raises(HostKeyError):
            client.run(client.host(server, ssh_common_args="-o HostKeyAlias=x"))
    time.sleep(0.3)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    assert responder.port

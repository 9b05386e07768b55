"""Real sshd processes on loopback addresses, with keys and files of their own."""

from __future__ import annotations

import contextlib
import io
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tuner.inventory.host import Host
from tuner.remote.session import Session, Settings


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    size = ["-b", "2048"] if kind == "rsa" else []
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, *size, "-N", passphrase, "-C", path.name, "-f", path],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return path


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Sshd:
    """A running sshd."""

    address: str
    port: int
    folder: Path
    host_keys: list[Path]
    process: subprocess.Popen[bytes]
    authorized: Path

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def known(self, name: str = "") -> str:
        """The lines for known_hosts."""
        name = name or f"[{self.address}]:{self.port}"
        return "".join(
            f"{name} {' '.join(Path(f'{key}.pub').read_text().split()[:2])}\n"
            for key in self.host_keys
        )

    def allow(self, *keys: Path) -> None:
        self.authorized.write_text("".join(Path(f"{key}.pub").read_text() for key in keys))

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)


@dataclass
class Net:
    """Starts servers for one test module."""

    folder: Path
    servers: list[Sshd] = field(default_factory=list)

    def sshd(
        self,
        *options: str,
        kinds: tuple[str, ...] = ("ed25519",),
        allow: tuple[Path, ...] = (),
        address: str = "",
        etc: Path | None = None,
    ) -> Sshd:
        number = len(self.servers) + 1
        address = address or f"127.0.77.{number}"
        folder = self.folder / f"sshd{number}"
        folder.mkdir(mode=0o755)
        self.folder.chmod(0o755)
        keys = [make_key(folder / f"host_{kind}", kind) for kind in kinds]
        authorized = folder / "authorized_keys"
        authorized.touch(0o644)
        port = free_port(address)
        config = folder / "config"
        config.write_text(
            "\n".join(
                [
                    *options,
                    f"ListenAddress {address}:{port}",
                    *(f"HostKey {key}" for key in keys),
                    f"AuthorizedKeysFile {authorized}",
                    f"PidFile {folder}/pid",
                    "StrictModes no",
                    "UsePAM no",
                    "PasswordAuthentication no",
                    "KbdInteractiveAuthentication no",
                    "UseDNS no",
                    "PrintMotd no",
                    "LogLevel VERBOSE",
                ]
            )
            + "\n"
        )
        Path("/run/sshd").mkdir(exist_ok=True)
        sshd = ["/usr/sbin/sshd", "-D", "-f", str(config), "-E", str(folder / "log")]
        if etc is not None:
            # a user cannot read the folder that pytest keeps for root
            keys_command = f"AuthorizedKeysCommand /usr/bin/cat {authorized}"
            with config.open("a") as file:
                file.write(f"{keys_command}\nAuthorizedKeysCommandUser root\n")
            # an /etc of its own, seen by this server alone
            own = 'mount --bind "$1" /etc && shift && exec "$@"'
            sshd = [
                "unshare",
                "-m",
                "--propagation",
                "private",
                "sh",
                "-c",
                own,
                "sh",
                str(etc),
                *sshd,
            ]
        process = subprocess.Popen(sshd, stdin=subprocess.DEVNULL)
        server = Sshd(address, port, folder, keys, process, authorized)
        self.servers.append(server)
        server.allow(*allow)
        until(lambda: "Server listening" in server.log, f"sshd: {config}")
        return server


def until(ready: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if ready():
                return
        time.sleep(0.01)
    pytest.fail(f"not ready: {what}")


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    net = Net(tmp_path_factory.mktemp("net"))
    yield net
    for server in net.servers:
        server.stop()


@pytest.fixture(scope="session")
def user_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_key(tmp_path_factory.mktemp("keys") / "id_user")


@pytest.fixture(scope="module")
def server(net: Net, user_key: Path) -> Sshd:
    """The server that most tests ask."""
    return net.sshd(allow=(user_key,))


@dataclass
class Client:
    """A home of its own for the client's files, and what a host looks like from there."""

    home: Path
    key: Path

    def config(self, text: str) -> None:
        (self.home / ".ssh" / "config").write_text(text)

    def trust(self, *servers: Sshd) -> None:
        with (self.home / ".ssh" / "known_hosts").open("a") as file:
            file.writelines(server.known() for server in servers)

    @property
    def known_hosts(self) -> Path:
        return self.home / ".ssh" / "known_hosts"

    def host(self, server: Sshd, **fields: object) -> Host:
        values: dict[str, object] = {
            "name": "web1",
            "address": server.address,
            "port": server.port,
            "user": "root",
            "private_key_file": str(self.key),
        }
        return Host(**(values | fields))  # type: ignore[arg-type]

    def run(self, host: Host, script: str = "echo hello", **settings: object) -> bytes:
        """Run a script on a host in a run of its own."""
        timeout = float(settings.pop("timeout", 10.0))  # type: ignore[arg-type]
        limit = int(settings.pop("limit", 1 << 20))  # type: ignore[call-overload]
        with (
            Session(Settings(**({"retry_delay": 0.02} | settings))) as session,  # type: ignore[arg-type]
            session.connect(host) as transport,
        ):
            return transport.run(script, timeout=timeout, limit=limit).stdout


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user_key: Path) -> Client:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return Client(home, user_key)


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A real ssh-agent; its socket."""
    place = tmp_path / "agent"
    process = subprocess.Popen(
        ["ssh-agent", "-D", "-a", place], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until(place.exists, "ssh-agent")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
    yield place
    process.terminate()
    process.wait(10)


def shut(listeners: list[socket.socket]) -> None:
    """Close listeners, and wake who waits in accept."""
    for listener in listeners:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@dataclass
class Responder:
    """A TCP server that is no SSH server: it does as a function says with each connection."""

    address: str
    port: int
    connections: list[socket.socket] = field(default_factory=list)


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Callable[[Callable[[socket.socket], None]], Responder]]:
    listeners: list[socket.socket] = []
    responders: list[Responder] = []

    def start(serve: Callable[[socket.socket], None]) -> Responder:
        listener = socket.create_server(("127.0.77.200", 0))
        listeners.append(listener)
        responder = Responder(*listener.getsockname()[:2])
        responders.append(responder)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                responder.connections.append(connection)
                threading.Thread(target=one, args=(connection,), daemon=True).start()

        def one(connection: socket.socket) -> None:
            with contextlib.suppress(OSError):
                serve(connection)

        threading.Thread(target=accept, daemon=True).start()
        return responder

    yield start
    shut(listeners)
    for responder in responders:
        for connection in responder.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


@pytest.fixture
def keygen() -> Callable[..., Path]:
    return make_key


@pytest.fixture
def stand_in(client: Client) -> Iterator[Callable[[paramiko.ServerInterface], Host]]:
    """A paramiko server for what sshd does not do by itself; its host, which the client trusts."""
    listeners: list[socket.socket] = []
    transports: list[paramiko.Transport] = []

    def start(interface: paramiko.ServerInterface) -> Host:
        pem = Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()
        )
        key = paramiko.Ed25519Key(file_obj=io.StringIO(pem.decode()))
        listener = socket.create_server(("127.0.77.204", 0))
        listeners.append(listener)
        address, port = listener.getsockname()
        client.known_hosts.write_text(f"[{address}]:{port} ssh-ed25519 {key.get_base64()}\n")

        def serve() -> None:
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                while True:
                    transport = paramiko.Transport(listener.accept()[0])
                    transports.append(transport)
                    transport.add_server_key(key)
                    transport.start_server(server=interface)

        threading.Thread(target=serve, daemon=True).start()
        return Host(
            "web1", address=address, port=port, user="root", private_key_file=str(client.key)
        )

    yield start
    shut(listeners)
    for transport in transports:
        transport.close()

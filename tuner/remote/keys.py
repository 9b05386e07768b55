"""Private keys: from files, with their certificates, and from agents."""

from __future__ import annotations

import base64
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import paramiko
from paramiko import PKey
from pydantic import SecretStr

from tuner.errors import AuthError
from tuner.remote.known_hosts import fingerprint
from tuner.remote.me import expand
from tuner.remote.ssh_options import Route

_CLASSES: tuple[type[PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
_AGENT_TIMEOUT = 30.0  # seconds; a token may want to be touched
_AGENT_LARGEST = 1 << 20  # bytes of one agent's answer
_LIST, _LISTED, _SIGN, _SIGNED = 11, 12, 13, 14  # message numbers, draft-ietf-sshm-ssh-agent
_FLAGS = {"rsa-sha2-256": 2, "rsa-sha2-512": 4}
_CERTIFICATE = "-cert-v01@openssh.com"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A key to offer, and how to call it in a message."""

    key: PKey
    label: str
    identity: str  # tells candidates apart: type and public key


class Encrypted(Exception):  # noqa: N818 - caught at once, never seen by users
    """A private key needs a passphrase that nobody gave."""


class AgentKey(PKey):
    """A key that an agent holds; each signature asks it over a connection of its own.

    paramiko's own agent keys share one connection without a lock, which many threads would mix up.
    """

    def __init__(self, place: str, blob: bytes, comment: str) -> None:
        self.place = place
        self.blob = blob
        self.comment = comment
        self.public_blob = None
        (length,) = struct.unpack_from(">I", blob)
        self._name = blob[4 : 4 + length].decode("ascii", "replace")

    def get_name(self) -> str:
        """Return the key's type."""
        return self._name

    def asbytes(self) -> bytes:
        """Return the public key, or the certificate."""
        return self.blob

    def can_sign(self) -> bool:
        """Return True: that is what agents are for."""
        return True

    def sign_ssh_data(  # type: ignore[override]
        self, data: bytes, algorithm: str | None = None
    ) -> bytes:
        """Return the agent's signature, as bytes: paramiko takes them for a Message.

        Raises:
            SSHException: the agent refuses or is gone.
        """
        flag = _FLAGS.get((algorithm or "").removesuffix(_CERTIFICATE), 0)
        body = _string(self.blob) + _string(data) + struct.pack(">I", flag)
        try:
            kind, answer = _ask(self.place, bytes([_SIGN]) + body)
            if kind == _SIGNED:
                return _take(answer, 0)[0]
        except (OSError, struct.error):
            pass
        raise paramiko.SSHException("the agent did not sign")


class Keyring:
    """Private keys and agents, each read once per run. Safe for many threads."""

    def __init__(self, ask: Callable[[str], str | None] | None) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._turns: dict[Path, threading.Lock] = {}  # a person may be asked while one is held
        self._files: dict[tuple[Path, str | None], PKey | Exception] = {}
        self._passphrases: dict[Path, str | None] = {}
        self._texts: dict[Path, str | None] = {}
        self._agents: dict[str, tuple[AgentKey, ...]] = {}
        self._worked: dict[str, str] = {}

    def remember(self, user: str, candidate: Candidate) -> None:
        """Note that a key was accepted, to offer it first to the next host."""
        self._worked[user] = candidate.identity

    def candidates(self, route: Route, passphrase: SecretStr | None) -> list[Candidate]:
        """Return the keys to offer to a host; a person may be asked for a passphrase.

        Raises:
            AuthError: a key that someone named cannot be read.
        """
        found = self._all(route, passphrase)
        return list({candidate.identity: candidate for candidate in found}.values())

    def rank(self, user: str, found: Sequence[Candidate]) -> list[Candidate]:
        """Return the keys with the likeliest first, as far as other hosts have told."""
        worked = self._worked.get(user)
        return sorted(found, key=lambda candidate: candidate.identity != worked)

    def _all(self, route: Route, passphrase: SecretStr | None) -> Iterator[Candidate]:
        agent = self._agent(route.agent)
        held = {key.blob: key for key in agent}
        wanted: list[Candidate] = []
        troubles: list[AuthError] = []
        for path in route.identities:
            named = route.chosen and (path == route.first_identity or len(route.identities) == 1)
            try:
                wanted += self._identity(path, route, passphrase, held)
            except AuthError as error:
                if named:
                    troubles.append(error)
        if route.first_identity is not None:
            if troubles:
                raise troubles[0]
            yield from wanted
        mine = {candidate.identity for candidate in wanted}
        for key in agent:
            candidate = Candidate(key, f"the agent's {key.comment or key.get_name()}", _id(key))
            if candidate.identity in mine or not route.identities_only:
                yield candidate
        yield from wanted
        if troubles and not agent:
            raise troubles[0]

    def _identity(
        self,
        path: Path,
        route: Route,
        passphrase: SecretStr | None,
        held: dict[bytes, AgentKey],
    ) -> Iterator[Candidate]:
        """Yield a file's key with its certificates, then alone."""
        public = path.with_name(path.name + ".pub")
        blob = self._public(public) or (self._public(path) if path.suffix == ".pub" else None)
        key: PKey
        if blob is not None and blob in held:
            key = held[blob]
        elif path.suffix == ".pub" or not (route.chosen or path.exists()):
            return
        else:
            key = self._load(path, passphrase)
        certificates = [path.with_name(path.name + "-cert.pub"), *route.certificates]
        for certificate in certificates:
            text = self._text(certificate)
            if text is None:
                continue
            try:
                # a second object: the certificate belongs to it for good
                if isinstance(key, AgentKey):
                    certified: PKey = AgentKey(key.place, key.blob, key.comment)
                else:
                    certified = self._load(path, passphrase, label=str(certificate))
                certified.load_certificate(text)
            except (ValueError, AuthError, paramiko.SSHException):
                continue
            yield Candidate(certified, str(certificate), f"certificate {certificate}")
        yield Candidate(key, str(path), _id(key))

    def _load(self, path: Path, passphrase: SecretStr | None, *, label: str = "") -> PKey:
        """Return the private key of a file; ``label`` tells further copies of it apart.

        Raises:
            AuthError: the file cannot be read, is no key, or needs another passphrase.
        """
        word = passphrase.get_secret_value() if passphrase is not None else None
        slot = (path / label if label else path, word)
        with self._lock:
            turn = self._turns.setdefault(path, threading.Lock())
        with turn:
            if slot not in self._files:
                self._files[slot] = self._read(path, word)
            found = self._files[slot]
        if isinstance(found, Exception):
            raise found
        return found

    def _read(self, path: Path, word: str | None) -> PKey | AuthError:
        try:
            try:
                return _parse(path, word)
            except Encrypted:
                if path not in self._passphrases:
                    self._passphrases[path] = self._ask(str(path)) if self._ask else None
                given, word = word, self._passphrases[path]
                if word is None and given is not None:
                    raise
                if word is None:
                    return AuthError(
                        f"the private key {path} is encrypted, and its passphrase is not known",
                        hint=f"ssh-add {path}, or set ansible_ssh_private_key_passphrase",
                    )
                return _parse(path, word)
        except AuthError as error:
            return error
        except Encrypted:
            return AuthError(
                f"the passphrase of the private key {path} is wrong",
                hint="try again, or add the key to the agent (ssh-add)",
            )

    def _public(self, path: Path) -> bytes | None:
        """Return the key of a .pub file."""
        try:
            return base64.b64decode((self._text(path) or "").split()[1], validate=True)
        except (IndexError, ValueError):
            return None

    def _text(self, path: Path) -> str | None:
        if path not in self._texts:
            try:
                self._texts[path] = path.read_text(encoding="ascii").strip()
            except (OSError, ValueError):
                self._texts[path] = None
        return self._texts[path]

    def _agent(self, place: str) -> tuple[AgentKey, ...]:
        if place.lower() == "none":
            return ()
        if place in {"", "SSH_AUTH_SOCK"}:
            place = os.environ.get("SSH_AUTH_SOCK", "")
        elif place.startswith("$"):
            place = os.environ.get(place[1:].strip("{}"), "")
        if not place:
            return ()
        with self._lock:
            if place not in self._agents:
                self._agents[place] = _listed(str(expand(place)))
            return self._agents[place]


def _parse(path: Path, word: str | None) -> PKey:
    """Return a file's key.

    Raises:
        Encrypted: it needs a passphrase, and ``word`` is None or wrong.
        AuthError: it cannot be read or is no key that paramiko knows.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise AuthError(
            f"cannot read the private key {path}: {error.strerror}",
            hint="check the path and its permissions",
        ) from None
    encrypted = False
    for key_class in _CLASSES:
        try:
            return key_class.from_private_key_file(str(path), word)
        except paramiko.PasswordRequiredException:
            encrypted = True
        except (paramiko.SSHException, ValueError, TypeError, IndexError, struct.error):
            encrypted = encrypted or word is not None
        except OSError as error:
            raise AuthError(
                f"cannot read the private key {path}: {error.strerror}",
                hint="check the path and its permissions",
            ) from None
    if encrypted and "PRIVATE KEY" in text:
        raise Encrypted
    raise AuthError(
        f"{path} is not a private key that tuner can use",
        hint="Ed25519, ECDSA and RSA keys in OpenSSH's or PEM format; others through an agent",
    )


def _id(key: PKey) -> str:
    return f"{key.get_name()} {fingerprint(key.asbytes())}"


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _take(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the string at a place of an agent's message, and where the next thing begins."""
    (length,) = struct.unpack_from(">I", data, at)
    if at + 4 + length > len(data):
        raise struct.error("cut off")
    return data[at + 4 : at + 4 + length], at + 4 + length


def _ask(place: str, message: bytes) -> tuple[int, bytes]:
    """Return the kind and body of an agent's answer."""
    with socket.socket(socket.AF_UNIX) as agent:
        agent.settimeout(_AGENT_TIMEOUT)
        agent.connect(place)
        agent.sendall(_string(message))
        with agent.makefile("rb") as answers:
            (length,) = struct.unpack(">I", answers.read(4))
            if not 0 < length <= _AGENT_LARGEST:
                raise struct.error("not an agent's answer")
            answer = answers.read(length)
    return answer[0], answer[1:]


def _listed(place: str) -> tuple[AgentKey, ...]:
    """Return the keys of an agent; one that does not answer has none."""
    keys = []
    try:
        kind, body = _ask(place, bytes([_LIST]))
        if kind != _LISTED:
            return ()
        (count,) = struct.unpack_from(">I", body)
        at = 4
        for _ in range(count):
            blob, at = _take(body, at)
            comment, at = _take(body, at)
            keys.append(AgentKey(place, blob, comment.decode("utf-8", "replace")))
    except (OSError, struct.error, IndexError):
        return ()
    return tuple(keys)

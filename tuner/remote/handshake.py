"""The first part of a connection: the server names itself, keys are agreed, its key is judged."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Sequence

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from tuner.errors import (
    AuthError,
    ConnectError,
    HostKeyError,
    TimedOut,
    TransportError,
    TunerError,
)
from tuner.quoting import quotable
from tuner.remote.known_hosts import KnownHosts, Opinion, Standing, fingerprint
from tuner.remote.ssh_options import Route
from tuner.remote.streams import BEFORE_GREETING, DroppedError, ProxyCommand
from tuner.remote.wire import QuietPacketizer, Stream, Wire

_ALLOWANCE = 1 << 20  # bytes that a server may send before we trust it
_SHY = (b"Exceeded MaxStartups", b"Not allowed at this time")  # sshd.c's words as it drops us
_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}  # host key type → algorithms
_GONE = frozenset(  # paramiko's words for a connection that has ended meanwhile
    {
        "Channel closed.",
        "No existing session",
        "SSH session not active",
        "Unable to open channel.",
    }
)
# paramiko compares the MACs of other ciphers byte by byte in Python: a quarter of all its work.
_CHEAPEST = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")


class OtherTypeError(Exception):
    """The server showed a key of a type that is not on record; ``kinds`` are."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        super().__init__(kinds)
        self.kinds = kinds


def shake_hands(
    stream: Stream, label: str, kinds: Sequence[str], *, timeout: float
) -> tuple[paramiko.Transport, Wire]:
    """Return a connection whose keys are agreed, and the wire under it.

    Args:
        stream: what to run over; closed on failure.
        label: how to call the host in messages.
        kinds: host key types to ask for first.
        timeout: seconds.

    Raises:
        DroppedError: the server closed the connection.
        ConnectError: what answers is no SSH server, or no algorithm is common.
        TimedOut: it did not get that far in time.
    """
    wire = Wire(stream, allowance=_ALLOWANCE)
    try:
        transport = paramiko.Transport(wire, packetizer_class=QuietPacketizer)  # type: ignore[arg-type]
        _prefer(transport, kinds)
        done = threading.Event()
        transport.start_client(event=done)
    except Exception as error:  # noqa: BLE001 - judged by where it comes from
        wire.close()
        raise ours(error, label) from None
    if not done.wait(timeout):
        transport.close()
        what = "did not agree on keys" if transport.remote_version else "sent no SSH greeting"
        raise TimedOut(
            f"{label}: connected, but the server {what} within {timeout:g} s",
            hint="is this port an SSH server's, and is the host overloaded?",
        )
    if transport.is_active():
        return transport, wire
    reason = transport.get_exception()
    complaint = stream.complaint() if isinstance(stream, ProxyCommand) else ""
    transport.close()
    raise _trouble(reason, wire, label, complaint)


def check_host_key(
    transport: paramiko.Transport,
    route: Route,
    label: str,
    known: KnownHosts,
    *,
    retried: bool,
    direct: bool,
) -> None:
    """Return if the server's key is on record, or may be put there.

    Args:
        transport: the connection.
        route: whom we mean to reach.
        label: how to call it in messages.
        known: what is on record.
        retried: whether we already asked for the types on record.
        direct: whether ssh-keyscan could reach the host.

    Raises:
        OtherTypeError: other types are on record; connect again and ask for them.
        HostKeyError: the key is unknown, revoked, or not the one on record.
    """
    key = transport.get_remote_server_key()
    kind, blob = key.get_name(), key.asbytes()
    names = route.key_names
    opinion = known.judge(names, kind, blob)
    if opinion.standing is Standing.KNOWN:
        return
    if opinion.standing is Standing.OTHER_TYPE and not retried:
        raise OtherTypeError(opinion.kinds)
    if opinion.standing is Standing.UNKNOWN and route.accept_new:
        known.accept(names[0], kind, blob, record=route.record, hashed=route.hash_names)
        return
    raise _refusal(opinion, key, route, label, direct=direct)


def _refusal(
    opinion: Opinion,
    key: paramiko.PKey,
    route: Route,
    label: str,
    *,
    direct: bool,
) -> HostKeyError:
    shown = f"{key.get_name()} {fingerprint(key.asbytes())}"
    name = route.key_names[0]
    line = opinion.line
    place = f"{line.path}:{line.number}" if line else ""
    match opinion.standing:
        case Standing.REVOKED:
            return HostKeyError(
                f"{label}: its host key {shown} is marked as revoked at {place}",
                hint="do not connect; find out who answers at this address",
            )
        case Standing.CHANGED | Standing.OTHER_TYPE:
            file = shlex.quote(str(line.path if line else route.record))
            return HostKeyError(
                f"{label}: the host key is not the one on record: it shows {shown}, "
                f"and {place} has another {line.kind if line else 'one'} for {name}",
                hint=f"if the host was installed anew: ssh-keygen -R {shlex.quote(name)} -f {file}",
            )
    message = f"{label}: the host key is not on record: {shown}"
    if opinion.standing is Standing.AUTHORITY:
        message += f" ({place} trusts an authority, but tuner cannot check host certificates)"
    if route.record is None:
        return HostKeyError(
            message,
            hint="no file records host keys here (UserKnownHostsFile is none or /dev/null): name "
            "one, or take unknown keys by --accept-new-host-keys",
        )
    file = shlex.quote(str(route.record))
    if direct and not route.alias:
        port = f"-p {route.port} " if route.port != 22 else ""  # noqa: PLR2004 - the SSH port
        command = f"ssh-keyscan {port}{shlex.quote(route.address)} >> {file}"
    else:  # ssh-keyscan knows no jump hosts and no aliases
        command = f"echo {shlex.quote(f'{name} {key.get_name()} {key.get_base64()}')} >> {file}"
    return HostKeyError(message, hint=f"compare the fingerprint on the host, then: {command}")


def _prefer(transport: paramiko.Transport, kinds: Sequence[str]) -> None:
    """Ask for the cheapest cipher first, and for the host key types on record, to be shown one."""
    options = transport.get_security_options()
    ciphers = tuple(options.ciphers)
    cheap = [name for name in _CHEAPEST if name in ciphers]
    options.ciphers = tuple(dict.fromkeys((*cheap, *ciphers)))
    usual = tuple(options.key_types)
    first = [name for kind in kinds for name in _ALGORITHMS.get(kind, (kind,)) if name in usual]
    if first:
        options.key_types = tuple(dict.fromkeys((*first, *usual)))


def _trouble(error: BaseException | None, wire: Wire, label: str, complaint: str) -> Exception:
    """Return what a failed handshake means."""
    head = wire.head
    if complaint and not head:
        return ConnectError(
            f"{label}: its proxy command failed: {complaint}",
            hint="see ProxyCommand in ssh_config or ansible_ssh_common_args",
        )
    if not head or head.startswith(_SHY):
        return DroppedError(BEFORE_GREETING)
    if b"SSH-" not in head:
        line = head.decode("utf-8", "replace").strip().splitlines() or [""]
        return ConnectError(
            f'{label}: what answers is no SSH server; it said "{quotable(line[0])}"',
            hint="is the port right?",
        )
    if wire.overrun:
        return ConnectError(
            f"{label}: the server sent too much before keys were agreed",
            hint="is the port right?",
        )
    if error is None or isinstance(error, (EOFError, OSError)):
        return DroppedError("while keys were agreed")
    return translate(error, label)


def ours(error: Exception, label: str) -> Exception:
    """Return a TransportError for what was raised outside tuner; bugs of ours stay as they are."""
    if isinstance(error, TunerError):
        return error
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = trace.tb_frame.f_globals.get("__name__", "") if trace is not None else ""
    return error if module.startswith("tuner.") else translate(error, label)


def translate(error: BaseException, label: str) -> TransportError:
    """Return the error of ours that says what one of paramiko's or the system's means."""
    match error:
        case TransportError():
            return error
        case paramiko.BadHostKeyException():
            return HostKeyError(
                f"{label}: the host key is not the one on record",
                hint="try it by hand: ssh -v HOST",
            )
        case paramiko.PasswordRequiredException():
            return AuthError(
                f"{label}: a private key needs a passphrase",
                hint="add it to the agent (ssh-add), or run tuner at a terminal",
            )
        case paramiko.BadAuthenticationType():
            return AuthError(
                f"{label}: it accepts only {', '.join(map(quotable, error.allowed_types))}",
                hint="see AuthenticationMethods in sshd_config there",
            )
        case paramiko.AuthenticationException():
            return AuthError(f"{label}: authentication failed", hint="try it by hand: ssh -v HOST")
        case IncompatiblePeer():
            return ConnectError(
                f"{label}: no algorithm in common: {quotable(str(error))}",
                hint="tuner knows fewer than ssh: `ssh -vv HOST` shows what the server offers, and "
                "Ciphers, MACs and KexAlgorithms in sshd_config there what it may",
            )
        case paramiko.ChannelException():
            return ConnectError(
                f"{label}: the server opens no channel: {quotable(str(error.text))}",
                hint="sshd's MaxSessions, or a shell that is not allowed, may be why",
            )
        case paramiko.ConfigParseError() | paramiko.CouldNotCanonicalize():
            return ConnectError(
                f"{label}: ssh_config: {quotable(str(error))}",
                hint="mend it; `ssh -G HOST` reads the same file",
            )
        case TimeoutError():
            return TimedOut(
                f"{label}: it took too long",
                hint="is the host overloaded? --connect-timeout waits longer",
            )
        case EOFError() | ConnectionError():
            return ConnectError(
                f"{label}: the connection broke",
                hint="try again; if it stays so, see sshd's log there",
            )
        case OSError():
            return ConnectError(
                f"{label}: {quotable(error.strerror or type(error).__name__)}",
                hint="try it by hand: ssh -v HOST",
            )
        case paramiko.SSHException() if str(error) in _GONE:
            return translate(EOFError(), label)
        case paramiko.SSHException():
            return ConnectError(
                f"{label}: SSH failed: {quotable(str(error))}", hint="try it by hand: ssh -v HOST"
            )
    return ConnectError(
        f"{label}: SSH failed: {type(error).__name__}: {quotable(str(error))}",
        hint="try it by hand: ssh -v HOST",
    )

"""Proving who we are: the key that worked before, other keys, then a password."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import paramiko
from paramiko.ssh_exception import PartialAuthentication

from tuner.errors import AuthError, ConnectError, TimedOut
from tuner.inventory.host import Host
from tuner.remote.handshake import translate
from tuner.remote.keys import Candidate, Keyring
from tuner.remote.ssh_options import Route

_MOST_TRIES = 6  # sshd's MaxAuthTries; each failure counts, and the last one ends the connection

_UNJUDGED = "Authentication timeout."  # paramiko's words; it has no exception of its own for it
_PASSWORD = "the password"  # noqa: S105 - how messages call it


class Login:
    """The authentication of one connection."""

    def __init__(
        self,
        transport: paramiko.Transport,
        route: Route,
        host: Host,
        keyring: Keyring,
        keys: Sequence[Candidate],
        *,
        label: str,
        timeout: float,
    ) -> None:
        self._transport = transport
        self._route = route
        self._host = host
        self._keyring = keyring
        self._keys = keys
        self._label = label
        self._timeout = timeout
        self._offered: list[str] = []
        self._allowed: Sequence[str] = ("publickey", "password", "keyboard-interactive")
        transport.auth_timeout = timeout

    def run(self) -> None:
        """Return once the server knows us.

        Raises:
            AuthError: it accepted nothing of what we have.
            TimedOut: it did not answer in time.
            ConnectError: the connection broke.
        """
        password = self._host.password if self._route.with_password else None
        if self._route.with_keys:
            candidates = self._keyring.rank(self._route.user, self._keys)
            tries = _MOST_TRIES - 1 if password is not None else _MOST_TRIES
            for candidate in candidates[:tries]:
                if "publickey" not in self._allowed:
                    break
                if self._try_key(candidate):
                    self._keyring.remember(self._route.user, candidate)
                    return
        if password is not None and self._try_password(password.get_secret_value()):
            return
        raise self._refused()

    def _try_key(self, candidate: Candidate) -> bool:
        self._offered.append(candidate.label)
        event = threading.Event()
        try:
            self._transport.auth_publickey(self._route.user, candidate.key, event)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise self._broken(error) from None
        return self._settle(event)

    def _try_password(self, password: str) -> bool:
        if "password" in self._allowed:
            self._offered.append(_PASSWORD)
            event = threading.Event()
            try:
                self._transport.auth_password(self._route.user, password, event)
            except (paramiko.SSHException, OSError, EOFError) as error:
                raise self._broken(error) from None
            if self._settle(event):
                return True
        if "password" not in self._allowed and "keyboard-interactive" in self._allowed:
            self._offered.append(f"{_PASSWORD} (keyboard-interactive)")
            try:
                self._transport.auth_interactive(
                    self._route.user, lambda _title, _text, prompts: [password for _ in prompts]
                )
            except paramiko.AuthenticationException as error:
                if str(error) == _UNJUDGED:
                    raise self._silent() from None
                return False
            except (paramiko.SSHException, OSError, EOFError) as error:
                raise self._broken(error) from None
            return self._transport.is_authenticated()
        return False

    def _settle(self, event: threading.Event) -> bool:
        """Wait for the server's answer to one offer; return whether we are in."""
        if not event.wait(self._timeout):
            raise self._silent()
        if self._transport.is_authenticated():
            return True
        error = self._transport.get_exception()
        if isinstance(error, (paramiko.BadAuthenticationType, PartialAuthentication)):
            partial = isinstance(error, PartialAuthentication)
            self._allowed = tuple(getattr(error, "allowed_types", ()))
            if partial and not {"password", "publickey"} & set(self._allowed):
                raise AuthError(
                    f"{self._label}: it took {self._offered[-1]} and wants "
                    f"{' or '.join(self._allowed)} as well",
                    hint="tuner cannot answer a second factor",
                )
        elif not self._transport.is_active():
            raise self._broken(error)
        return False

    def _silent(self) -> TimedOut:
        return TimedOut(
            f"{self._label}: no answer to our authentication within {self._timeout:g} s",
            hint="does the host wait for a directory server (LDAP, SSSD) or for reverse DNS?",
        )

    def _broken(self, error: BaseException | None) -> AuthError | ConnectError:
        """Return what it means that the connection ended while we were proving who we are."""
        if len(self._offered) > 1 and not isinstance(error, paramiko.AuthenticationException):
            return AuthError(
                f"{self._label}: it closed the connection after {len(self._offered)} offers: "
                f"{', '.join(self._offered)}",
                hint=f"name the right key by {self._setting} and set IdentitiesOnly",
            )
        if isinstance(error, paramiko.SSHException):
            known = translate(error, self._label)
            if isinstance(known, (AuthError, ConnectError)):
                return known
        return ConnectError(
            f"{self._label}: the server ended the connection during authentication",
            hint="its log (journalctl -u ssh) says why",
        )

    def _refused(self) -> AuthError:
        if not self._offered:
            return AuthError(
                f"{self._label}: there is no key or password to offer",
                hint=f"ssh-add a key, or set {self._setting}{self._kerberos}",
            )
        doubts = []
        if any(not offer.startswith(_PASSWORD) for offer in self._offered):
            doubts.append(f"the key in {self._route.user}'s authorized_keys there")
        by_password = any(offer.startswith(_PASSWORD) for offer in self._offered)
        if by_password and {"password", "keyboard-interactive"} & set(self._allowed):
            doubts.append("the password right")
        ways = ""
        if set(self._allowed) < {"publickey", "password", "keyboard-interactive"}:
            ways = f"; it accepts only {', '.join(self._allowed) or 'nothing'}"
        return AuthError(
            f"{self._label}: it accepted none of: {', '.join(self._offered)}{ways}",
            hint=(f"is {' and '.join(doubts)}?" if doubts else f"set {self._setting}")
            + (self._kerberos if any(way.startswith("gssapi") for way in self._allowed) else ""),
        )

    @property
    def _kerberos(self) -> str:
        """What to add for those who are used to log in by a ticket."""
        return "; tuner cannot log in by Kerberos (GSSAPI)" if self._route.kerberos else ""

    @property
    def _setting(self) -> str:
        """What names a key for the host."""
        if self._route.jump:  # the inventory's key is for the hosts behind it
            return f"IdentityFile for Host {self._route.name} in ssh_config"
        return "ansible_ssh_private_key_file"

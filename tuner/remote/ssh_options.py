"""How to reach one host by SSH: the inventory, its ssh arguments, then ssh_config."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tuner.errors import ConnectError
from tuner.inventory.host import Host
from tuner.quoting import quotable
from tuner.remote.me import expand, login
from tuner.remote.ssh_config import SshConfig, fill, matches, words

_DEFAULT_IDENTITIES = ("~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ed25519")
_DEFAULT_USER_KNOWN_HOSTS = "~/.ssh/known_hosts ~/.ssh/known_hosts2"
_DEFAULT_GLOBAL_KNOWN_HOSTS = "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"

# ssh(1) flags with an argument, and the option that each stands for
_FLAG_OPTIONS = {"-i": "identityfile", "-J": "proxyjump", "-l": "user", "-p": "port"}
_FLAGS_WITH_ARGUMENT = frozenset("bBcDeEFIiJLlmOopQRSWw")
_ADDRESS_FAMILIES = {"-4": "inet", "-6": "inet6"}

# options that would change the outcome, and that tuner cannot follow
_NOT_HONOURED = {
    "pkcs11provider": "keys on PKCS#11 tokens",
    "securitykeyprovider": "FIDO keys outside an agent",
    "knownhostscommand": "",
    "revokedhostkeys": "",
    "verifyhostkeydns": "",
    "proxyusefdpass": "",
    "bindinterface": "",
    "canonicalizehostname": "",
    "ciphers": "paramiko chooses",
    "kexalgorithms": "paramiko chooses",
    "macs": "paramiko chooses",
    "hostkeyalgorithms": "paramiko chooses",
    "pubkeyacceptedalgorithms": "paramiko chooses",
    "pubkeyacceptedkeytypes": "paramiko chooses",
    "nohostauthenticationforlocalhost": "host keys are always checked",
    "hostbasedauthentication": "",
    "refuseconnection": "",
}
_OFF = frozenset({"no", "none", "false", ""})
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PASSWORDS = frozenset({"password", "keyboard-interactive"})

# the other keywords of ssh_config(5), and what older and newer releases know besides (readconf.c)
_KNOWN = frozenset(
    """
    addkeystoagent addressfamily batchmode bindaddress canonicaldomains canonicalizefallbacklocal
    canonicalizemaxdots canonicalizepermittedcnames casignaturealgorithms certificatefile
    challengeresponseauthentication channeltimeout checkhostip cipher clearallforwardings
    compression compressionlevel connectionattempts connecttimeout controlmaster controlpath
    controlpersist dsaauthentication dynamicforward enableescapecommandline enablesshkeysign
    escapechar exitonforwardfailure fallbacktorsh fingerprinthash forkafterauthentication
    forwardagent forwardx11 forwardx11timeout forwardx11trusted gatewayports globalknownhostsfile
    globalknownhostsfile2 hashknownhosts hostbasedacceptedalgorithms hostbasedkeytypes hostkeyalias
    hostname identitiesonly identityagent identityfile identityfile2 ignoreunknown ipqos
    kbdinteractiveauthentication kbdinteractivedevices keepalive localcommand localforward loglevel
    logverbose numberofpasswordprompts obscurekeystroketiming passwordauthentication
    permitlocalcommand permitremoteopen port preferredauthentications protocol protocolkeepalives
    proxycommand proxyjump pubkeyauthentication rekeylimit remotecommand remoteforward requesttty
    requiredrsasize rhostsauthentication rhostsrsaauthentication rsaauthentication sendenv
    serveralivecountmax serveraliveinterval sessiontype setenv setuptimeout skeyauthentication
    smartcarddevice stdinnull streamlocalbindmask streamlocalbindunlink stricthostkeychecking
    syslogfacility tag tcpkeepalive tisauthentication tunnel tunneldevice updatehostkeys usekeychain
    useprivilegedport user userknownhostsfile userknownhostsfile2 useroaming usersh versionaddendum
    visualhostkey warnweakcrypto xauthlocation
    """.split()  # noqa: SIM905 - a list would take 90 lines
)


@dataclass(frozen=True, slots=True)
class Route:
    """Everything needed to connect to one host, nothing left to look up."""

    name: str  # as the user wrote it
    address: str
    port: int
    user: str
    alias: str  # HostKeyAlias
    identities: tuple[Path, ...]
    chosen: bool  # someone named the identities; the default ones may be missing
    first_identity: Path | None  # the inventory's own key, offered before the agent's
    certificates: tuple[Path, ...]
    identities_only: bool
    agent: str  # IdentityAgent: empty for $SSH_AUTH_SOCK, "none", or a socket
    jumps: tuple[str, ...]
    proxy_command: str
    known_hosts: tuple[Path, ...]
    record: Path | None  # the user's first known_hosts file: new keys go there
    accept_new: bool
    hash_names: bool
    connect_timeout: float | None  # seconds; None: tuner's own
    family: str  # any, inet or inet6
    bind: str
    with_keys: bool
    with_password: bool
    file: Path | None  # of -F, for jump hosts too
    kerberos: bool = False  # GSSAPIAuthentication: ssh would log in where tuner cannot
    jump: bool = False  # it is a jump host, of which the inventory says nothing

    @property
    def where(self) -> str:
        """User, address and port, for messages."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.user}@{address}:{self.port}"

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names a host key may be on record by; the first one counts."""
        if self.alias:
            return (self.alias,)
        if self.port == 22:  # noqa: PLR2004 - the SSH port
            return (self.address,)
        return (f"[{self.address}]:{self.port}", self.address)


def make_route(
    host: Host,
    read: Callable[[Path | None], SshConfig],
    *,
    accept_new: bool,
    warn: Callable[[str], None],
) -> Route:
    """Return the way to a host.

    Args:
        host: whom the inventory describes; what it says wins.
        read: returns the parsed file of ``-F``, or the usual ones for None.
        accept_new: new host keys are to be accepted, whatever the files say.
        warn: takes a sentence about an option that matters and is not honoured.

    Raises:
        ConnectError: ssh_config or the host's ssh arguments mean nothing.
    """
    given, file = _arguments(host, warn)
    if host.user:
        given["user"] = [host.user]
    if host.port is not None:
        given["port"] = [str(host.port)]
    name = host.address or host.name
    options = read(file).lookup(name, given)
    return _resolve(
        name,
        options,
        host,
        file=file,
        accept_new=accept_new or host.host_key_checking is False,
        warn=warn,
    )


def hop_host(text: str, host: Host, file: Path | None) -> Host:
    """Return a jump host from ``[user@]host[:port]`` or ``ssh://…`` as ProxyJump writes it.

    Raises:
        ConnectError: the text is no such thing.
    """
    match = re.fullmatch(
        r"(?:ssh://)?(?:(?P<user>[^@]+)@)?(?:\[(?P<six>[^]]+)\]|(?P<name>[^:/\[\]]+))"
        r"(?::(?P<port>\d{1,5}))?/?",
        text,
    )
    if match is None:
        raise ConnectError(
            f"{host.name}: ProxyJump {text!r} is not [user@]host[:port]",
            hint="mend ProxyJump in ssh_config or in the inventory",
        )
    return Host(
        name=match["six"] or match["name"],
        user=match["user"] or "",
        port=int(match["port"]) if match["port"] else None,
        ssh_common_args=f"-F {shlex.quote(str(file))}" if file is not None else "",
        host_key_checking=host.host_key_checking,
    )


def _resolve(
    name: str,
    options: Mapping[str, list[str]],
    host: Host,
    *,
    file: Path | None,
    accept_new: bool,
    warn: Callable[[str], None],
) -> Route:
    def one(key: str, default: str = "") -> str:
        return options.get(key, [default])[0]

    _tell(options, warn)
    user = one("user") or login()
    port = _port(one("port", "22"), host.name)
    address = one("hostname", name).replace("%h", name).replace("%%", "%").lower()

    def filled(text: str) -> str:
        return fill(text, name=name, address=address, port=str(port), user=user)

    def files(values: list[str]) -> tuple[Path, ...]:
        return tuple(expand(filled(v)) for v in values if v.lower() != "none")

    identities = options.get("identityfile")
    if host.private_key_file:
        identities = [host.private_key_file, *(identities or [])]
    checking = one("stricthostkeychecking", "ask").lower()
    if checking in {"no", "off", "accept-new"}:
        if checking != "accept-new":
            warn("StrictHostKeyChecking no is taken as accept-new: a changed key is still refused")
        accept_new = True
    # the one that comes first takes the other's place, "none" too
    first = next((key for key in options if key in {"proxyjump", "proxycommand"}), "")
    command = one("proxycommand") if first == "proxycommand" else ""
    jump = filled(one("proxyjump")) if first == "proxyjump" else ""
    methods = one("preferredauthentications", "publickey,password").lower().split(",")
    by_password = [at for at, method in enumerate(methods) if method in _PASSWORDS]
    if host.password and "publickey" in methods[min(by_password, default=len(methods)) :]:
        warn("ssh_config's preferredauthentications: tuner offers keys before a password")
    own = files(one("userknownhostsfile", _DEFAULT_USER_KNOWN_HOSTS).split())
    return Route(
        name=name,
        address=address,
        port=port,
        user=user,
        alias=filled(one("hostkeyalias")),
        identities=files(identities if identities is not None else list(_DEFAULT_IDENTITIES)),
        chosen=identities is not None,
        first_identity=expand(host.private_key_file) if host.private_key_file else None,
        certificates=files(options.get("certificatefile", [])),
        identities_only=one("identitiesonly", "no").lower() in {"yes", "true"},
        agent=filled(one("identityagent")),
        jumps=tuple(hop.strip() for hop in jump.split(","))
        if jump and jump.lower() != "none"
        else (),
        proxy_command=re.sub(r"^exec\s+", "", filled(command)) if command.lower() != "none" else "",
        known_hosts=(
            *own,
            *files(one("globalknownhostsfile", _DEFAULT_GLOBAL_KNOWN_HOSTS).split()),
        ),
        record=own[0] if own and own[0] != Path(os.devnull) else None,
        accept_new=accept_new,
        hash_names=one("hashknownhosts", "no").lower() == "yes",
        connect_timeout=_seconds(one("connecttimeout", "none"), host.name),
        family=one("addressfamily", "any").lower(),
        bind=one("bindaddress"),
        with_keys=one("pubkeyauthentication", "yes").lower() != "no" and "publickey" in methods,
        with_password=one("passwordauthentication", "yes").lower() != "no"
        and not _PASSWORDS.isdisjoint(methods),
        file=file,
        kerberos=one("gssapiauthentication", "no").lower() in {"yes", "true"},
    )


def _tell(options: Mapping[str, list[str]], warn: Callable[[str], None]) -> None:
    """Warn of options that matter and are not honoured, and of what is no option at all."""
    reasons: dict[str, list[str]] = {}
    for key, why in _NOT_HONOURED.items():
        if key in options and options[key][0].lower() not in _OFF:
            reasons.setdefault(why, []).append(key)
    for why, keys in reasons.items():
        verb = "is" if len(keys) == 1 else "are"
        warn(f"ssh_config's {', '.join(keys)} {verb} not honoured{': ' if why else ''}{why}")
    for key in options.keys() - _KNOWN - _NOT_HONOURED.keys():
        ignored = options.get("ignoreunknown", [""])[0].lower().replace(",", " ").split()
        if not key.startswith("gssapi") and not matches(ignored, key):
            warn(f"ssh_config: {quotable(key)} is no option that tuner knows; it is not honoured")


def _seconds(text: str, name: str) -> float | None:
    """Return the seconds of a time as ssh_config writes it (``90``, ``1m30s``), None for none.

    Raises:
        ConnectError: it is no such time.
    """
    if text.lower() == "none":
        return None
    if not re.fullmatch(r"([0-9]+[smhdw]?)+", text, re.IGNORECASE):
        raise ConnectError(
            f"{name}: ConnectTimeout {quotable(text)!r} is not a time",
            hint="seconds, or as in 30s or 2m (ssh_config)",
        )
    parts = re.findall(r"([0-9]+)([smhdw]?)", text.lower())
    return sum(float(number) * _UNITS[unit] for number, unit in parts) or None


def _port(text: str, name: str) -> int:
    if text.isdigit() and 0 < int(text) < 65536:  # noqa: PLR2004 - TCP's ports
        return int(text)
    raise ConnectError(f"{name}: {text!r} is not a port", hint="a port is a number from 1 to 65535")


def _arguments(host: Host, warn: Callable[[str], None]) -> tuple[dict[str, list[str]], Path | None]:
    """Return what ``ansible_ssh_common_args`` says, and the file of its ``-F``.

    Raises:
        ConnectError: the arguments cannot be split, or one lacks its value.
    """
    options: dict[str, list[str]] = {}
    file: Path | None = None
    try:
        tokens = shlex.split(host.ssh_common_args)
    except ValueError as error:
        raise ConnectError(
            f"{host.name}: its ssh arguments cannot be split: {error}",
            hint="mend the quotes in ansible_ssh_common_args",
        ) from None
    while tokens:
        token = tokens.pop(0)
        flag, rest = token[:2], token[2:]
        if token in _ADDRESS_FAMILIES:
            options.setdefault("addressfamily", [_ADDRESS_FAMILIES[token]])
            continue
        if not token.startswith("-") or flag[1:] not in _FLAGS_WITH_ARGUMENT:
            if not re.fullmatch("-[ACTaknqtvx]+", token):
                warn(f"ssh argument {token} is not honoured")
            continue
        if not rest and not tokens:
            raise ConnectError(
                f"{host.name}: ssh argument {flag} lacks its value",
                hint="mend ansible_ssh_common_args",
            )
        value = rest or tokens.pop(0)
        if flag == "-o":
            key, _, setting = re.sub(r"\s*=\s*|\s+", "=", value.strip(), count=1).partition("=")
            _give(options, key.lower(), _value(key.lower(), setting.strip()))
        elif flag == "-F":
            file = expand(value)
        elif flag in _FLAG_OPTIONS:
            _give(options, _FLAG_OPTIONS[flag], value)
        elif flag == "-W":
            warn("ssh argument -W is not honoured")
    return options, file


def _value(key: str, text: str) -> str:
    if key != "proxycommand":
        return " ".join(words(text))
    whole = text.startswith('"') and text.find('"', 1) == len(text) - 1
    return text[1:-1] if whole else text


def _give(options: dict[str, list[str]], key: str, value: str) -> None:
    if key in {"identityfile", "certificatefile"}:
        options.setdefault(key, []).append(value)
    else:
        options.setdefault(key, [value])

"""What a host's variables mean: Ansible's connection settings and tuner's own four."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from tuner.documents import in_words
from tuner.errors import InventoryError
from tuner.inventory.expressions import Expressions
from tuner.inventory.host import Become, Host, Way
from tuner.inventory.source import Place, Variable, Vaulted, suggest
from tuner.inventory.variables import Scope
from tuner.policy.waiver import Waiver
from tuner.snapshot.facts import Facts, Known
from tuner.sysctl.globs import is_pattern
from tuner.sysctl.key import parse_key

PREFIX = "tuner_"
OURS = ("tuner_roles", "tuner_facts", "tuner_waivers", "tuner_dump")

_T = TypeVar("_T")
_ROLES = TypeAdapter(tuple[str, ...])
_FACTS = TypeAdapter(Facts)
_WAIVERS = TypeAdapter(tuple[Waiver, ...])
_WORDS = {True: Known.YES, False: Known.NO}
_YES = {"yes", "true", "on", "1", "y", "t"}
_NO = {"no", "false", "off", "0", "n", "f"}
_WAYS = {"ssh": Way.SSH, "paramiko": Way.SSH, "paramiko_ssh": Way.SSH, "smart": Way.SSH}
_WAYS |= {"local": Way.LOCAL}
_LARGEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says for every host.

    ``become_password`` and ``password`` serve hosts whose variables have none that can be read.
    ``offline``: no host will be connected to, so how that would be done is not looked at.
    ``rules``: returns the rules that a waiver may name; None leaves them unchecked.
    """

    roles: tuple[str, ...] = ()
    become: bool = False
    become_password: SecretStr | None = None
    password: SecretStr | None = None
    offline: bool = False
    rules: Callable[[], Collection[str]] | None = None


def check_names(variables: Mapping[str, Variable]) -> None:
    """Refuse variables that carry tuner's prefix and are none of tuner's.

    Raises:
        InventoryError: names the first of them, and where it is.
    """
    for name, variable in variables.items():
        if name.startswith(PREFIX) and name not in OURS:
            raise variable.place().error(
                f"tuner has no variable {name}",
                hint=suggest(name, OURS) or f"its variables are {', '.join(OURS)}",
            )


def make_host(scope: Scope, expressions: Expressions, given: Given) -> Host:
    """Return the host that the variables of a scope describe.

    Raises:
        InventoryError: a variable that tuner needs has no usable value.
    """
    return _Settings(scope, expressions, given).host()


class _Settings:
    def __init__(self, scope: Scope, expressions: Expressions, given: Given) -> None:
        self.scope = scope
        self.expressions = expressions
        self.given = given

    def host(self) -> Host:
        scope = self.scope
        dump = self._dump()
        offline = bool(dump) or self.given.offline
        roles, places = (self.given.roles, ()) if self.given.roles else self._roles()
        way = Way.DUMP if dump else Way.SSH if offline else self._way()
        host = Host(
            name=scope.host,
            way=way,
            dump=dump,
            roles=roles,
            roles_at=places,
            facts=self._facts(),
            waivers=self._waivers(),
            groups=scope.groups,
        )
        # What a way does not use is not looked at: it may be in a vault.
        if offline:
            return host
        if way is Way.OTHER:
            return replace(host, connection=self._text("ansible_connection"))
        host = replace(host, become=self._become())
        if way is Way.LOCAL:
            return host
        arguments = (
            self._text("ansible_ssh_args"),
            self._text("ansible_ssh_common_args"),
            self._text("ansible_ssh_extra_args"),
        )
        key = self._text("ansible_private_key_file", "ansible_ssh_private_key_file")
        return replace(
            host,
            address=self._text("ansible_host", "ansible_ssh_host"),
            port=self._port(),
            user=self._text("ansible_user", "ansible_ssh_user"),
            password=self._secret(
                "ansible_password",
                "ansible_ssh_pass",
                "ansible_ssh_password",
                instead=self.given.password,
                advice="use a key or an agent, or write the password outside the vault",
            ),
            private_key_file=os.path.expanduser(key),  # noqa: PTH111 - Path would eat "./"
            private_key_passphrase=self._secret(
                "ansible_private_key_passphrase",
                "ansible_ssh_private_key_passphrase",
                advice="add the key to an agent",
            ),
            ssh_common_args=" ".join(text for text in arguments if text),
            host_key_checking=self._flag(
                "ansible_host_key_checking", "ansible_ssh_host_key_checking"
            ),
        )

    # A later alias wins over an earlier one, and nothing never wins, as in Ansible.
    def _find(self, *names: str) -> Variable | None:
        found = (self.scope.find(name) for name in reversed(names))
        return next((v for v in found if v is not None and v.value is not None), None)

    def _value(self, variable: Variable) -> Any:
        value = self.expressions.value(self.scope, variable)
        if isinstance(value, Vaulted):
            raise self._error(
                variable,
                "is encrypted with Ansible Vault, which tuner cannot open",
                hint="write this value outside the vault",
            )
        return value

    def _error(self, variable: Variable, problem: str, *, hint: str = "") -> InventoryError:
        message = f"{variable.name} of host {self.scope.host} {problem}"
        return variable.place().error(message, hint=hint)

    def _string(self, variable: Variable, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise self._error(variable, "is not text", hint="write it as text, in quotes")
        text = str(value)
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise self._error(variable, "is not UTF-8", hint="save the file as UTF-8")
        if "\0" in text:
            raise self._error(variable, "holds a NUL character")
        return text

    def _text(self, *names: str) -> str:
        variable = self._find(*names)
        if variable is None:
            return ""
        value = self._value(variable)
        return "" if value is None else self._string(variable, value)

    def _secret(
        self, *names: str, advice: str, instead: SecretStr | None = None
    ) -> SecretStr | None:
        variable = self._find(*names)
        if variable is None:
            return instead
        value = self.expressions.value(self.scope, variable)
        if isinstance(value, Vaulted):
            if instead is not None:
                return instead
            raise self._error(
                variable, "is encrypted with Ansible Vault, which tuner cannot open", hint=advice
            )
        text = "" if value is None else self._string(variable, value)
        return SecretStr(text) if text else instead

    def _flag(self, *names: str) -> bool | None:
        variable = self._find(*names)
        if variable is None:
            return None
        value = self._value(variable)
        word = str(value).strip().lower()
        if word not in _YES | _NO:
            raise self._error(variable, "is neither yes nor no", hint="write true or false")
        return word in _YES

    def _port(self) -> int | None:
        variable = self._find("ansible_port", "ansible_ssh_port")
        if variable is None:
            return None
        text = self._text(variable.name).strip()
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and 0 < int(text) <= _LARGEST_PORT):
            raise self._error(variable, f"is no port: {text[:40]!r}", hint="write 1 to 65535")
        return int(text)

    def _way(self) -> Way:
        variable = self._find("ansible_connection")
        if variable is None:
            return Way.SSH
        # A fleet has hosts that are not ours to judge; they shall not keep us from the others.
        name = self._text(variable.name)
        return _WAYS.get(name.rpartition(".")[2], Way.OTHER) if name else Way.SSH

    def _become(self) -> Become | None:
        if not (self._flag("ansible_become") or self.given.become):
            return None
        method = self._find("ansible_become_method")
        if method is not None:
            name = self._text(method.name)
            if name.rpartition(".")[2] not in {"sudo", ""}:
                raise self._error(
                    method,
                    f"is {name[:60]!r}, which tuner cannot use",
                    hint="tuner knows sudo only",
                )
        flags = self._find("ansible_become_flags", "ansible_sudo_flags")
        words: list[str] = []
        if flags is not None:
            try:
                words = shlex.split(self._text(flags.name))
            except ValueError as error:
                raise self._error(flags, f"cannot be split into words: {error}") from None
        return Become(
            user=self._text("ansible_become_user", "ansible_sudo_user") or "root",
            password=self._secret(
                "ansible_become_password",
                "ansible_become_pass",
                "ansible_sudo_pass",
                instead=self.given.become_password,
                advice="let tuner ask for it: --ask-become-pass",
            ),
            flags=tuple(words),
            exe=self._text("ansible_become_exe", "ansible_sudo_exe") or "sudo",
        )

    def _dump(self) -> str:
        variable = self._find("tuner_dump")
        if variable is None:
            return ""
        text = self._text(variable.name)
        if not text:
            raise self._error(variable, "is empty", hint="write the path of a dump")
        # What the command line was given stays relative to where it was given.
        return str(Path(variable.source.folder, os.path.expanduser(text)))  # noqa: PTH111 - never raises

    def _roles(self) -> tuple[tuple[str, ...], tuple[Place, ...]]:
        variable = self._find("tuner_roles")
        if variable is None:
            return (), ()
        value = self._value(variable)
        roles = self._validated(_ROLES, [value] if isinstance(value, str) else value, variable)
        if not all(role.strip() for role in roles):
            raise self._error(variable, "holds an empty name", hint="name a profile")
        places: dict[str, Place] = {}
        for number, role in enumerate(roles):
            if role.strip() not in places:
                places[role.strip()] = variable.place((number,))
        return tuple(places), tuple(places.values())

    def _facts(self) -> Facts:
        variable = self._find("tuner_facts")
        if variable is None:
            return Facts()
        value = self._value(variable)
        if isinstance(value, dict):
            value = {
                name: _WORDS[item]
                if name in {"nat", "internet"} and isinstance(item, bool)
                else item
                for name, item in value.items()
            }
        return self._validated(_FACTS, value, variable)

    def _waivers(self) -> tuple[Waiver, ...]:
        variable = self._find("tuner_waivers")
        if variable is None:
            return ()
        waivers = self._validated(_WAIVERS, self._value(variable), variable)
        found = []
        for number, waiver in enumerate(waivers):
            self._check_rule(waiver, variable, number)
            key = waiver.key
            if key is not None:
                try:
                    key = parse_key(key)
                except ValueError as error:
                    raise variable.place((number, "key")).error(
                        f"{variable.name} of host {self.scope.host}: {error}",
                        hint="write it as sysctl does, such as net.ipv4.tcp_syncookies",
                    ) from None
                if is_pattern(key):
                    raise variable.place((number, "key")).error(
                        f"{variable.name} of host {self.scope.host}: {key} is a pattern, and a "
                        "waiver names one key",
                        hint="write one waiver for each key, or waive the rule without a key",
                    )
            found.append(waiver.model_copy(update={"key": key}))
        return tuple(found)

    def _check_rule(self, waiver: Waiver, variable: Variable, number: int) -> None:
        if waiver.rule is None or self.given.rules is None:
            return
        known = self.given.rules()
        if waiver.rule not in known:
            raise variable.place((number, "rule")).error(
                f"{variable.name} of host {self.scope.host}: there is no rule {waiver.rule[:60]!r}",
                hint=suggest(waiver.rule, known) or "tuner rules lists them all",
            )

    def _validated(self, adapter: TypeAdapter[_T], value: Any, variable: Variable) -> _T:
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            # A field that is unknown explains why another one is missing.
            details = error.errors(include_url=False)
            detail = next((d for d in details if d["type"] == "extra_forbidden"), details[0])
        where = [step for step in detail["loc"] if isinstance(step, (str, int))]
        problem, hint = _explain(detail)
        parts = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in where)
        joint = " " if problem.startswith("is ") else ": "
        raise variable.place(where).error(
            f"{variable.name}{parts} of host {self.scope.host}{joint}{problem}", hint=hint
        ) from None


def _explain(detail: ErrorDetails) -> tuple[str, str]:
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    match detail["type"]:
        case "extra_forbidden":
            fields = [*Facts.model_fields, *Waiver.model_fields]
            return "there is no such field", suggest(name, fields) or "take it out"
        case "missing":
            return "this field is missing", f"add {name}:"
        case "enum":
            words = str(detail["ctx"]["expected"])
            given = str(detail["input"])[:40]
            choices = [word.strip("' ") for part in words.split(",") for word in part.split(" or ")]
            return f"{given!r} is not one of {words}", suggest(given, choices)
        case "invalid_key":
            return f"{name} is no name of a field", "take it out"
        case "value_error":
            return detail["msg"].removeprefix("Value error, "), "add rule: or key:"
    return in_words(detail)

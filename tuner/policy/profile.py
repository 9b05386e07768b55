"""One profile: a YAML file that says what a role wants of its hosts, and why."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from tuner.documents import in_words, kind_of
from tuner.errors import PolicyError
from tuner.policy.policy import Avoid, Confidence, Expectation, LeaveAlone, Severity
from tuner.policy.refusals import is_numeric, why_refused
from tuner.sysctl.catalog import describe, parameters
from tuner.sysctl.globs import is_pattern
from tuner.sysctl.key import Key, parse_key
from tuner.sysctl.nearest import nearest
from tuner.sysctl.value import parse_value

_LARGEST = 1 << 20  # bytes; the shipped profiles have less than ten thousand
_DEEPEST = 8
_FIELDS = ("summary", "extends", "expect", "leave_alone", "avoid")
_VERBATIM = {"exactly", "one_of", "why", "sources", "summary", "extends", "values", "rule"}
_FOLDERS = frozenset(
    {"abi", "crypto", "debug", "dev", "fs", "kernel", "net", "sunrpc", "user", "vm"}
)
"""What /proc/sys has below it in mainline; modules of others may bring more.

Linux Documentation/admin-guide/sysctl/index.rst; crypto is crypto/fips.c's, sunrpc
net/sunrpc/sysctl.c's.
"""
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_MEANT = {
    "exactly": "one value as text, such as 4096 or '4096 8192 16384'",
    "one_of": "a list of values: ['1', '2']",
    "at_least": "a whole number, or one for each position: [4096, null]",
    "at_most": "a whole number, or one for each position: [4096, null]",
    "between": "the lowest and the highest number, or such a pair for each position",
    "default": "true, or not there",
    "per_gib": "true or false",
    "required": "true or false",
    "why": "a sentence",
    "sources": "a list of places where it can be read",
    "values": "a few words",
    "rule": "a rule's name",
}

_Entry = TypeVar("_Entry", bound=BaseModel)


@dataclass(frozen=True)
class Profile:
    """What one file says. Each expectation's ``origin`` is ``profile:line``."""

    name: str
    summary: str = ""
    extends: tuple[str, ...] = ()
    expectations: Mapping[Key, Expectation] = field(default_factory=dict)
    leave_alone: Mapping[Key, LeaveAlone] = field(default_factory=dict)
    avoid: Mapping[Key, Avoid] = field(default_factory=dict)
    file: str = ""
    extends_at: tuple[int, int] = (0, 0)  # line and column


def parse_profile(name: str, text: str, *, file: str = "") -> Profile:
    """Return the profile that the YAML text describes.

    Raises:
        PolicyError: with file, line and column: no YAML, an unknown field, an expectation without
            exactly one relation, or a value that the kernel would refuse.
    """
    return _Reader(name, file).read(text)


class _Reader:
    """A walk over the YAML nodes, which know their lines."""

    def __init__(self, name: str, file: str) -> None:
        self._name = name
        self._file = file
        self._seen: set[int] = set()

    def read(self, text: str) -> Profile:
        root = self._compose(text)
        if root is None:
            raise PolicyError("the profile is empty", file=self._file, hint="see profiles/base.yml")
        fields = dict(self._fields(root, "the profile", _FIELDS))
        summary = self._plain(fields["summary"], verbatim=True) if "summary" in fields else ""
        if not isinstance(summary, str):
            self._fail(fields["summary"], "summary is not a sentence")
        expectations = self._entries(fields.get("expect"), Expectation)
        leave_alone = self._entries(fields.get("leave_alone"), LeaveAlone)
        avoid = self._entries(fields.get("avoid"), Avoid)
        for name, words, keys in (
            ("leave_alone", "left alone", leave_alone),
            ("avoid", "avoided", avoid),
        ):
            for key in keys:
                if key in expectations:
                    self._fail(fields[name], f"{key} is both expected and {words}; keep one")
        return Profile(
            name=self._name,
            summary=" ".join(summary.split()),
            extends=self._names(fields.get("extends")),
            expectations=expectations,
            leave_alone=leave_alone,
            avoid=avoid,
            file=self._file,
            extends_at=_place(fields["extends"]) if "extends" in fields else (0, 0),
        )

    def _compose(self, text: str) -> yaml.Node | None:
        if len(text) > _LARGEST:
            raise PolicyError(
                f"the profile is larger than {_LARGEST} bytes",
                file=self._file,
                hint="is this really a profile?",
            )
        try:
            return yaml.compose(text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise PolicyError(
                f"not YAML: {error.problem or error.context}",
                file=self._file,
                line=mark.line + 1 if mark else 0,
                column=mark.column + 1 if mark else 0,
                hint="mend the YAML there; the README shows a profile",
            ) from None
        except (yaml.YAMLError, UnicodeError) as error:
            summary = " ".join(str(error).split())
            raise PolicyError(
                f"not YAML: {summary}",
                file=self._file,
                hint="mend the YAML; the README shows a profile",
            ) from None
        except RecursionError:
            raise PolicyError(
                "nested too deeply", file=self._file, hint="the README shows a profile"
            ) from None

    def _names(self, node: yaml.Node | None) -> tuple[str, ...]:
        if node is None:
            return ()
        plain = self._plain(node, verbatim=True)
        names = [plain] if isinstance(plain, str) else plain
        if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
            self._fail(node, "extends is neither a profile's name nor a list of them")
        return tuple(names)

    def _entries(self, node: yaml.Node | None, model: type[_Entry]) -> dict[Key, _Entry]:
        found: dict[Key, _Entry] = {}
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            return found
        for key_node, body in self._pairs(node, "a mapping of keys"):
            key = self._key(key_node)
            if key in found:
                self._fail(key_node, f"{key} is there twice", hint="take one of them out")
            found[key] = self._entry(key, key_node, body, model)
        return found

    def _key(self, node: yaml.ScalarNode) -> Key:
        try:
            key = parse_key(node.value)
        except ValueError as error:
            self._fail(node, str(error), hint="write it as sysctl does: net.ipv4.tcp_syncookies")
        if is_pattern(key):
            self._fail(
                node,
                f"{key} is a pattern, and a profile names keys one by one",
                hint="name the all and default of that folder, or each interface by itself"
                if re.search(r"\.(?:conf|neigh)\.[^.]*[*?\[]", key)
                else "write one entry for every key that is meant",
            )
        if "." not in key:
            near = [known for known in parameters() if known.rpartition(".")[2] == key]
            self._fail(
                node,
                f"{key} is no whole name of a sysctl",
                hint=f"did you mean {near[0]}?"
                if near
                else "write it as sysctl does: net.ipv4.tcp_syncookies",
            )
        return key

    def _entry(
        self, key: Key, key_node: yaml.ScalarNode, body: yaml.Node, model: type[_Entry]
    ) -> _Entry:
        names = tuple(name for name in model.model_fields if name not in {"key", "origin"})
        nodes = dict(self._fields(body, key, names))
        values = {
            name: self._plain(node, verbatim=name in _VERBATIM) for name, node in nodes.items()
        }
        for name, kind in (("severity", Severity), ("confidence", Confidence)):
            if name in values:
                values[name] = self._word(nodes[name], values[name], name, kind)
        if isinstance(values.get("sources"), str):
            values["sources"] = [values["sources"]]
        for name in ("why", "exactly", "values"):
            if isinstance(values.get(name), str):
                values[name] = " ".join(values[name].split())
        origin = f"{self._name}:{key_node.start_mark.line + 1}"
        try:
            entry = model.model_validate({"key": key, "origin": origin, **values})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = next((nodes[str(part)] for part in first["loc"] if part in nodes), key_node)
            lacking = (
                str(first["loc"][0])
                if first["type"] == "missing" and len(first["loc"]) == 1
                else ""
            )
            if lacking:
                self._fail(where, f"{key}: lacks {lacking!r}", hint=f"add {lacking}: below the key")
            name = str(first["loc"][0]) if first["loc"] else ""
            problem, hint = in_words(first)
            if problem.startswith("is ") and "empty" not in problem:
                problem, hint = f"is {kind_of(values[name])}", f"it is {_MEANT[name]}"
                if isinstance(values[name], str):
                    problem = f"is {values[name][:40]!r}"
            elif name in {"between", "at_least", "at_most"}:
                problem, hint = "is not what it may be", f"it is {_MEANT[name]}"
            self._fail(where, f"{key}: {name} {problem}".replace(":  ", ": "), hint=hint)
        if isinstance(entry, Expectation):
            self._check_against_kernel(entry, key_node, nodes)
        return entry

    def _check_against_kernel(
        self, wanted: Expectation, key_node: yaml.ScalarNode, nodes: Mapping[str, yaml.Node]
    ) -> None:
        """Refuse keys that are probably misspelled and values that the kernel would refuse."""
        parameter = describe(wanted.key)
        if parameter is None:
            close = nearest(wanted.key)
            if (close or wanted.key.partition(".")[0] not in _FOLDERS) and not wanted.required:
                asked = f"did you mean {close}" if close else "is it misspelt"
                self._fail(
                    key_node,
                    f"tuner knows no key {wanted.key}",
                    hint=f"{asked}? If not, `required: true` shows hosts without it",
                )
            return
        if parameter.never:
            self._fail(
                key_node,
                f"no Linux kernel ever had {wanted.key}",
                hint=f"see {parameter.replaced_by}" if parameter.replaced_by else "",
            )
        at = nodes.get(wanted.relation, key_node)
        if not parameter.writable and not is_numeric(wanted.key):
            self._fail(
                key_node,
                f"the kernel lists in {wanted.key} what is there, and lets nobody write it",
                hint="take it out",
            )
        if wanted.relation in {"at_least", "at_most", "between"} and not is_numeric(wanted.key):
            self._fail(
                at,
                f"{wanted.key} holds text, which {wanted.relation} cannot compare",
                hint="use exactly or one_of",
            )
        for number in _numbers(wanted):
            if parameter.range is not None and number not in parameter.range:
                low, high = parameter.range.min, parameter.range.max
                self._fail(
                    at,
                    f"{wanted.key}: the kernel refuses {number}",
                    hint=f"it takes {'any' if low is None else low} to "
                    f"{'any' if high is None else high}",
                )
        for text in (wanted.exactly, *(wanted.one_of or ())):
            problem, hint = ("", "") if text is None else why_refused(wanted.key, text)
            if problem:
                self._fail(at, f"{wanted.key}: {problem}", hint=hint)

    def _word(
        self, node: yaml.Node, value: Any, name: str, kind: type[Severity | Confidence]
    ) -> Severity | Confidence:
        words = {str(member): member for member in kind}
        if value not in words:
            self._fail(node, f"{name} is one of {', '.join(words)}, not {value!r}")
        return words[value]

    def _fields(
        self, node: yaml.Node, owner: str, names: tuple[str, ...]
    ) -> Iterator[tuple[str, yaml.Node]]:
        seen: set[str] = set()
        for key, value in self._pairs(node, f"{owner}: a mapping of {', '.join(names)}"):
            if key.value not in names:
                close = difflib.get_close_matches(key.value, names, n=1, cutoff=0.5)
                self._fail(
                    key,
                    f"{owner} has no field {key.value!r}",
                    hint=f"did you mean {close[0]!r}?" if close else f"fields: {', '.join(names)}",
                )
            if key.value in seen:
                self._fail(
                    key, f"{owner}: {key.value!r} is there twice", hint="take one of them out"
                )
            seen.add(key.value)
            yield key.value, value

    def _pairs(self, node: yaml.Node, expected: str) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            self._fail(node, f"here should be {expected}")
        self._visit(node)
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._fail(key, "a name should be plain text")
            yield key, value

    def _plain(self, node: yaml.Node, *, verbatim: bool, depth: int = 0) -> Any:
        """Return the node's content; ``verbatim`` keeps what is written, 010 and no as well."""
        if depth > _DEEPEST:
            self._fail(node, "nested too deeply")
        if isinstance(node, yaml.SequenceNode):
            self._visit(node)
            return [self._plain(item, verbatim=verbatim, depth=depth + 1) for item in node.value]
        if not isinstance(node, yaml.ScalarNode):
            self._fail(node, "here should be plain text, a number or a list")
        if verbatim:
            return node.value
        match node.tag.rpartition(":")[2]:
            case "int":
                digits = node.value.replace("_", "")
                if not digits.removeprefix("-").isdecimal() or len(digits) > len(str(2**64)):
                    self._fail(node, f"{node.value} is not a decimal whole number")
                return int(digits)
            case "bool":
                return node.value.lower() in {"true", "yes", "on"}
            case "null":
                return None
        return node.value

    def _visit(self, node: yaml.Node) -> None:
        """Refuse aliases: a short file could otherwise stand for an endless one."""
        if id(node) in self._seen:
            self._fail(node, "YAML aliases are not understood here; write it out")
        self._seen.add(id(node))

    def _fail(self, node: yaml.Node, message: str, *, hint: str = "") -> NoReturn:
        raise PolicyError(
            message,
            file=self._file,
            line=node.start_mark.line + 1,
            column=node.start_mark.column + 1,
            hint=hint,
        )


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _numbers(wanted: Expectation) -> Iterable[int]:
    """Return every number that the expectation names."""
    for text in (wanted.exactly, *(wanted.one_of or ())):
        if text is not None:
            yield from parse_value(text).ints() or ()
    for pair in wanted.pairs():
        yield from pair
    for bound in (wanted.at_least, wanted.at_most):
        if bound is not None and not wanted.per_gib:
            numbers = (bound,) if isinstance(bound, int) else bound
            yield from (number for number in numbers if number is not None)

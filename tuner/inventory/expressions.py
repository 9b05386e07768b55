"""Jinja expressions over inventory variables, filled in only where tuner needs the value."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tuner.errors import InventoryError
from tuner.inventory.addresses import is_ip_address
from tuner.inventory.sizes import MOST_LETTERS, excess
from tuner.inventory.source import Sealed, Unsafe, Variable, Vaulted
from tuner.inventory.variables import Scope, Variables

if TYPE_CHECKING:
    from jinja2 import Environment

_DEEPEST = 30  # variables that refer to variables
_MARKS = ("{{", "{%", "{#")
_WHOLE = re.compile(r"\{\{[-+]?(.*?)[-+]?\}\}", re.DOTALL)
_LACKING = re.compile(r"has no (?:attribute|element) '?([^']+)")
_TRUE = {"yes", "on", "1", "true", "y", "t"}

_Trail = tuple[tuple[str, str], ...]
_Compiled = tuple[tuple[str, ...], Callable[..., Any]]  # the names it uses; what runs it


class Expressions:
    """Values of variables, with the templates in them filled in."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables
        self._ready: dict[tuple[str, str], Any] = {}
        self._compiled: dict[str, _Compiled] = {}

    def value(self, scope: Scope, variable: Variable) -> Any:
        """Return the variable's value for that host; it may be `Vaulted`.

        Raises:
            InventoryError: an expression that cannot be evaluated, or a value without measure.
        """
        _check_size(variable.value, scope, variable)
        if not _is_template(variable.value):
            return variable.value
        return self._filled(scope, variable, ())

    def _filled(self, scope: Scope, variable: Variable, trail: _Trail) -> Any:
        step = (scope.host, variable.name)
        if step in self._ready:
            return self._ready[step]
        if step in trail:
            raise variable.place().error(
                f"{variable.name} of host {scope.host} refers to itself",
                hint="by way of " + ", ".join(name for _, name in trail),
            )
        if len(trail) >= _DEEPEST:
            raise variable.place().error(
                f"{variable.name} of host {scope.host} is more than {_DEEPEST} variables away"
            )
        _check_size(variable.value, scope, variable)
        value = self._fill(variable.value, scope, variable, (*trail, step))
        _check_size(value, scope, variable)
        self._ready[step] = value
        return value

    def _fill(self, value: Any, scope: Scope, variable: Variable, trail: _Trail) -> Any:
        if not _is_template(value):
            return value
        if isinstance(value, list):
            return [self._fill(item, scope, variable, trail) for item in value]
        if isinstance(value, dict):
            return {key: self._fill(item, scope, variable, trail) for key, item in value.items()}
        return self._evaluate(value, scope, variable, trail)

    def _evaluate(self, text: str, scope: Scope, variable: Variable, trail: _Trail) -> Any:
        import jinja2  # noqa: PLC0415 - most inventories need none

        missing: list[str] = []
        try:
            names, run = self._compile(text)
            result = run(**self._find_names(names, scope, trail, missing))
            if isinstance(result, jinja2.Undefined):
                str(result)  # a StrictUndefined raises, and names itself
        except InventoryError:
            raise
        except Sealed:
            return Vaulted()
        except jinja2.TemplateSyntaxError as error:
            what = f"{variable.name} of host {scope.host} is no expression that tuner knows"
            if "pass" not in variable.name:  # Jinja quotes what it does not understand
                what += f": {error.message}"
            raise variable.place().error(
                what,
                hint="of Ansible's own filters tuner knows bool, regex_replace, split and ternary",
            ) from None
        except Exception as error:  # noqa: BLE001 - an expression may do anything, its text may be secret
            raise self._trouble(scope, variable, text, missing, error) from None
        return dict(result) if isinstance(result, _HostVariables) else result

    def _trouble(
        self, scope: Scope, variable: Variable, text: str, missing: list[str], error: Exception
    ) -> InventoryError:
        what = f"{variable.name} of host {scope.host}"
        sealed = self._variables.files.sealed
        if missing:
            return variable.place().error(
                f"{what} uses {' and '.join(missing)}, which is not defined",
                hint=f"it may be in {sealed[0]}, which is encrypted with Ansible Vault; "
                "tuner cannot open that"
                if sealed
                else "define it in the inventory",
            )
        problem, hint = _explain(error, text, quoting="pass" not in variable.name)
        return variable.place().error(f"{what} {problem}", hint=hint)

    def _find_names(
        self, names: tuple[str, ...], scope: Scope, trail: _Trail, missing: list[str]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in names:
            try:
                found[name] = self._name(name, scope, trail)
            except KeyError:
                if name not in self._environment.globals:
                    missing.append(name)
        return found

    def _compile(self, text: str) -> _Compiled:
        # Ten thousand hosts share a group's few expressions.
        if text not in self._compiled:
            from jinja2 import meta, nodes  # noqa: PLC0415 - as above

            from tuner.inventory.sandbox import join_bounded  # noqa: PLC0415 - as above

            tree = self._environment.parse(text)
            names = tuple(sorted(meta.find_undeclared_variables(tree)))
            inner = _WHOLE.fullmatch(text)
            template = self._environment.from_string(text)

            def run(**found: Any) -> Any:
                return join_bounded(template.generate(**found))

            # A lone expression keeps its type: a list stays a list.
            if (
                inner
                and len(tree.body) == 1
                and isinstance(tree.body[0], nodes.Output)
                and len(tree.body[0].nodes) == 1
                and not isinstance(tree.body[0].nodes[0], nodes.TemplateData)
            ):
                run = self._environment.compile_expression(inner.group(1), undefined_to_none=False)
            self._compiled[text] = (names, run)
        return self._compiled[text]

    def _name(self, name: str, scope: Scope, trail: _Trail) -> Any:
        match name:
            case "inventory_hostname":
                return scope.host
            case "inventory_hostname_short":
                host = scope.host
                return host if is_ip_address(host) else host.split(".")[0]
            case "group_names":
                return list(scope.groups)
            case "groups":
                return self._members
            case "hostvars":
                return _AllHosts(self, self._variables, trail)
            case "inventory_file":
                return os.path.abspath(scope.source)  # noqa: PTH100 - links stay unresolved
            case "inventory_dir":
                return os.path.dirname(os.path.abspath(scope.source))  # noqa: PTH100, PTH120 - as above
            case "ansible_playbook_python":
                return sys.executable
        variable = scope.find(name)
        if variable is None:
            raise KeyError(name)
        return self._filled(scope, variable, trail)

    @cached_property
    def _members(self) -> dict[str, list[str]]:
        groups = self._variables.tree.groups
        return {name: list(group.members()) for name, group in groups.items()}

    @cached_property
    def _environment(self) -> Environment:
        from jinja2 import StrictUndefined  # noqa: PLC0415 - as above

        from tuner.inventory.sandbox import Bounded  # noqa: PLC0415 - as above

        filters: dict[str, Callable[..., Any]]
        filters = {"bool": _as_bool, "ternary": _choose, "regex_replace": _replace}
        environment = Bounded(
            filters={**filters, "split": str.split},
            undefined=StrictUndefined,
            autoescape=False,
            keep_trailing_newline=True,
        )
        known = ("range", "dict", "namespace", "cycler", "joiner")
        environment.globals = {name: environment.globals[name] for name in known}
        environment.globals["lookup"] = _look_up
        return environment


class _HostVariables(Mapping[str, Any]):
    """``hostvars['web1']``: another host's variables, filled in when asked for."""

    def __init__(self, scope: Scope, find: Callable[[str], Any]) -> None:
        self._scope = scope
        self._find = find

    def __getitem__(self, name: str) -> Any:
        return self._find(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._scope.merged())

    def __len__(self) -> int:
        return len(self._scope.merged())


class _AllHosts(Mapping[str, Any]):
    """``hostvars``."""

    def __init__(self, expressions: Expressions, variables: Variables, trail: _Trail) -> None:
        self._expressions = expressions
        self._variables = variables
        self._trail = trail

    def __getitem__(self, host: str) -> _HostVariables:
        if host not in self._variables.tree.hosts:
            raise KeyError(host)
        scope = self._variables.scope(host)
        return _HostVariables(
            scope,
            lambda name: self._expressions._name(name, scope, self._trail),  # noqa: SLF001 - one module
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables.tree.hosts)

    def __len__(self) -> int:
        return len(self._variables.tree.hosts)


def _check_size(value: Any, scope: Scope, variable: Variable) -> None:
    if too_much := excess(value):
        raise variable.place().error(
            f"{variable.name} of host {scope.host} holds {too_much}",
            hint="do anchors or expressions in it multiply each other? Write out what is meant",
        )


def _is_template(value: Any) -> bool:
    if isinstance(value, str):
        return not isinstance(value, Unsafe) and any(mark in value for mark in _MARKS)
    if isinstance(value, list):
        return any(_is_template(item) for item in value)
    if isinstance(value, dict):
        return any(_is_template(item) for item in value.values())
    return False


def _explain(error: Exception, text: str, *, quoting: bool) -> tuple[str, str]:
    """Return what is wrong with an expression, and what to do; what may be secret is not quoted."""
    import jinja2  # noqa: PLC0415 - as above
    from jinja2.exceptions import SecurityError  # noqa: PLC0415 - as above

    from tuner.inventory.sandbox import TooLarge  # noqa: PLC0415 - as above

    quoted = f": {error}" if quoting else ""
    found = _LACKING.search(str(error))
    lacking = found[1] if found and found[1] in text else "something"  # else it is some value
    kinds: tuple[tuple[type[Exception], str, str], ...] = (
        (
            SecurityError,
            "reaches into Python, which tuner does not allow" + quoted,
            "use names, filters and the methods of texts and lists",
        ),
        (
            jinja2.UndefinedError,
            f"uses {lacking}, which is not defined",
            "define it in the inventory, or give it a default: {{ name | default('') }}",
        ),
        (
            TooLarge,
            f"would become too large by {error}",
            f"a variable holds {MOST_LETTERS} characters at most; look at the numbers in it",
        ),
        (re.error, "holds no regular expression" + quoted, "write it as Python's re does"),
        (ZeroDivisionError, "divides by zero", "look at the values that it uses"),
        (OverflowError, "counts too far", "look at the numbers in it; a range has 100000 at most"),
        (
            TypeError,
            "puts values together that do not fit, such as a text and a number" + quoted,
            "make one of them what the other is: {{ port | int }}, {{ port | string }}",
        ),
        (
            KeyError,
            "asks for a name that is not there",
            "look at the hosts and variables that it names",
        ),
        (
            LookupError,
            "uses a lookup that tuner has not" + quoted,
            "tuner knows lookup('env', 'NAME') only; write the value into the inventory",
        ),
        (
            jinja2.TemplateError,
            "cannot be evaluated" + quoted,
            "look at the expression and at the values that it uses",
        ),
    )
    for kind, problem, hint in kinds:
        if isinstance(error, kind):
            return problem, hint
    return (
        f"cannot be evaluated ({type(error).__name__})",
        "look at the expression and at the values that it uses",
    )


def _as_bool(value: object) -> bool:
    return value if isinstance(value, bool) else str(value).strip().lower() in _TRUE


def _choose(value: object, yes: Any, no: Any, nothing: Any = None) -> Any:
    if value is None and nothing is not None:
        return nothing
    return yes if value else no


def _replace(text: object, pattern: str = "", new: str = "") -> str:
    return re.sub(pattern, new, str(text))


def _look_up(kind: str, name: str, *, default: str = "") -> str:
    if kind.removeprefix("ansible.builtin.") != "env":
        raise LookupError(kind)
    return os.environ.get(name, default)

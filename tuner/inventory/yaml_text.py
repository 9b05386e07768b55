"""YAML as Ansible reads it, with a line and a column for every name and value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable
from typing import Any, TypeAlias

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tuner.errors import InventoryError
from tuner.inventory.source import Place, Source, Unsafe, Vaulted

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # pragma: no cover - wheels of PyYAML bring libyaml along
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

_TAG = "tag:yaml.org,2002:"
_STR, _MAP, _SEQ = _TAG + "str", _TAG + "map", _TAG + "seq"
_MOST_VISITS = 1_000_000  # as many hosts may share a mapping
_UNDECODED = re.compile("[\udc80-\udcff]")
_VAULT_MARK = "$ANSIBLE_VAULT;"

Note: TypeAlias = Callable[[Place, str], None]
Entry: TypeAlias = tuple[Any, Node | None, Any, Node | None]  # name, its node, value, its node


class YamlText:
    """One YAML or JSON document and the places in it."""

    def __init__(self, source: Source, note: Note) -> None:
        """Compose the document.

        Raises:
            InventoryError: the text is no YAML, or more than one document.
        """
        self.source = source
        self.note = note
        self._made: dict[int, Any] = {}
        self._making: set[int] = set()
        self._visits: dict[int, int] = {}
        self._constructor = yaml.constructor.SafeConstructor()
        self._resolver = yaml.resolver.Resolver()
        self.node: Node | None = None
        self.value: Any = None
        if source.text.lstrip()[:1] in {"{", "["}:
            try:
                self.value = parse_json(source.text)
            except ValueError:
                pass
            else:
                return
        try:
            loader = Loader(source.text)
            try:
                self.node = loader.get_single_node()
            finally:
                loader.dispose()
            self.value = self._make(self.node) if self.node is not None else None
        except yaml.MarkedYAMLError as error:
            raise self._refusal(error) from None
        except (yaml.YAMLError, UnicodeError) as error:
            if wrong := _UNDECODED.search(source.text):
                raise _not_utf8(source, wrong.start()) from None
            raise source.place().error(
                f"not YAML: {str(error).splitlines()[0]}", hint="look for odd characters in it"
            ) from None
        except RecursionError:
            raise source.place().error(
                "not YAML: it is nested too deeply", hint="write it with fewer brackets"
            ) from None

    def _refusal(self, error: yaml.MarkedYAMLError) -> InventoryError:
        mark = error.problem_mark or error.context_mark
        place = self.source.place(mark.line + 1, mark.column + 1) if mark else self.source.place()
        problem = " ".join(part for part in (error.context, error.problem) if part)
        return place.error(
            f"not YAML: {problem}",
            hint="look at the indentation, quotes and colons in this line and the one above",
        )

    def place(self, node: Node | None) -> Place:
        """Return where a node starts; without one, the document."""
        if node is None:
            return self.source.place()
        return self.source.place(node.start_mark.line + 1, node.start_mark.column + 1)

    def entries(self, value: dict[Any, Any], node: Node | None) -> list[Entry]:
        """Return the pairs of a mapping, each key once, with the nodes of key and value.

        Raises:
            InventoryError: aliases lead to it without end.
        """
        if not isinstance(node, MappingNode):
            return [(key, None, item, None) for key, item in value.items()]
        visits = self._visits[id(node)] = self._visits.get(id(node), 0) + 1
        if visits > _MOST_VISITS:
            raise self.place(node).error(
                f"aliases lead to this mapping more than {_MOST_VISITS} times",
                hint="do anchors in it multiply each other? Write out what is meant",
            )
        found: dict[Any, Entry] = {}
        for key_node, value_node in node.value:
            key = self._make(key_node)
            found[key] = (key, key_node, self._make(value_node), value_node)
        return list(found.values())

    def _make(self, node: Node) -> Any:
        # Plain text is nearly everything there is in an inventory.
        if node.tag == _STR and isinstance(node, ScalarNode):
            text: str = node.value
            return Vaulted() if text.startswith(_VAULT_MARK) else text
        known = id(node)
        if known in self._made:
            return self._made[known]
        if known in self._making:
            raise yaml.constructor.ConstructorError(
                None, None, "an anchor that holds itself", node.start_mark
            )
        self._making.add(known)
        value = self._made[known] = self._make_other(node)
        self._making.discard(known)
        return value

    def _make_other(self, node: Node) -> Any:
        if node.tag == "!unsafe":
            return self._literal(node)
        if node.tag in {"!vault", "!vault-encrypted"} and isinstance(node, ScalarNode):
            return Vaulted()
        if node.tag == _MAP and isinstance(node, MappingNode):
            return self._mapping(node)
        if node.tag == _SEQ and isinstance(node, SequenceNode):
            return [self._make(item) for item in node.value]
        try:
            return self._constructor.construct_object(node, deep=True)
        except (ValueError, TypeError, KeyError, OverflowError):
            raise yaml.constructor.ConstructorError(
                None, None, f"this is no {node.tag.rpartition(':')[2]}", node.start_mark
            ) from None

    def _mapping(self, node: MappingNode) -> dict[Any, Any]:
        self._constructor.flatten_mapping(node)
        made: dict[Any, Any] = {}
        written: set[Any] = set()
        for key_node, value_node in node.value:
            key = self._make(key_node)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(
                    None, None, "a list or mapping cannot be a key", key_node.start_mark
                )
            if key in written:
                self.note(self.place(key_node), f"{key!r} is there twice; the last one counts")
            written.add(key)
            made[key] = self._make(value_node)
        return made

    def _literal(self, node: Node) -> Any:
        if isinstance(node, ScalarNode):
            plain = node.style not in {"'", '"', "|", ">"}
            tag = self._resolver.resolve(ScalarNode, node.value, (plain, not plain))  # type: ignore[no-untyped-call]
            if tag == _STR:
                return Unsafe(node.value)
            return self._make(ScalarNode(tag, node.value, node.start_mark, node.end_mark))
        if isinstance(node, MappingNode):
            return make_literal(self._mapping(node))
        return make_literal([self._make(item) for item in node.value])


def _not_utf8(source: Source, at: int) -> InventoryError:
    line = source.text.count("\n", 0, at) + 1
    byte = ord(source.text[at]) - 0xDC00  # how surrogateescape keeps a byte
    return source.place(line, at - source.text.rfind("\n", 0, at)).error(
        f"it is not UTF-8: the byte 0x{byte:02x}", hint="save the file as UTF-8"
    )


def make_literal(value: Any, made: dict[int, Any] | None = None) -> Any:
    """Return the value with every text in it marked as no template.

    ``made``: what was made of the values seen so far, by identity; one is made only once.
    """
    made = {} if made is None else made
    if isinstance(value, str):
        return Unsafe(value)
    if id(value) in made:
        return made[id(value)]
    if isinstance(value, list):
        made[id(value)] = [make_literal(item, made) for item in value]
    elif isinstance(value, dict):
        made[id(value)] = {key: make_literal(item, made) for key, item in value.items()}
    return made.get(id(value), value)


def _unwrap(found: dict[str, Any]) -> Any:
    if "__ansible_vault" in found:
        return Vaulted()
    if "__ansible_unsafe" in found:
        return make_literal(found["__ansible_unsafe"])
    return found


def parse_json(text: str) -> Any:
    """Return what a JSON text says, with Ansible's marks for vaulted and unsafe text understood.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return json.loads(text, object_hook=_unwrap)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None

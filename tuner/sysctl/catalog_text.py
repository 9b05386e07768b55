"""The catalogue's files, read: YAML for people, and beside the byte-code the same as JSON.

libyaml needs 40 ms for them, at the start of every run; JSON needs three. As with byte-code, a copy
counts only while it is of the very same text, and where none can be kept nothing is lost but time.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from importlib.util import cache_from_source, source_hash
from pathlib import Path
from typing import Any


def read_files(folder: Path) -> dict[str, Any]:
    """Return the content of every YAML file of the folder by its stem; every scalar is text.

    Raises:
        ValueError: a name occurs twice in a mapping.
        yaml.YAMLError: a file is no YAML.
    """
    texts = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.yml"))}
    words = (word for name, text in texts.items() for word in (name.encode(), text))
    stamp = source_hash(b"\0".join(words)).hex()
    place = Path(cache_from_source(f"{folder}.py")).with_name(f"{folder.name}.json")
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(place.read_bytes())
        if kept["stamp"] == stamp:
            content: dict[str, Any] = kept["files"]
            return content
    content = {name: _parse(name, text) for name, text in texts.items()}
    if not sys.dont_write_bytecode:
        _keep(place, json.dumps({"stamp": stamp, "files": content}))
    return content


def _keep(place: Path, text: str) -> None:
    """Write the copy whole or not at all."""
    mine = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        place.parent.mkdir(exist_ok=True)
        mine.write_text(text, encoding="utf-8")
        mine.replace(place)
    except OSError:
        with contextlib.suppress(OSError):
            mine.unlink()


def _parse(name: str, text: bytes) -> Any:
    import yaml  # noqa: PLC0415 - slow, and mostly not needed

    loader: type[yaml.BaseLoader] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

    def content(node: yaml.Node | None) -> Any:
        """Return the node's content, in half the time of a safe loader."""
        if isinstance(node, yaml.MappingNode):
            found = {key.value: content(value) for key, value in node.value}
            if len(found) != len(node.value):
                line = node.start_mark.line + 1
                raise ValueError(f"{name}.yml: a name occurs twice near line {line}")
            return found
        if isinstance(node, yaml.SequenceNode):
            return [content(item) for item in node.value]
        return node.value if isinstance(node, yaml.ScalarNode) else None

    return content(yaml.compose(text, Loader=loader))

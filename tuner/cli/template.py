"""The template of the drop-in: tuner's own or the user's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tuner.errors import TemplateError
from tuner.plan.render import Header, Line, render
from tuner.resources import folder
from tuner.sysctl.key import Key
from tuner.sysctl.value import Value

_OURS = "sysctl.conf.j2"
_SAMPLE = (Line(Key("net.ipv4.tcp_sack"), Value(("1",)), ("drift",), "A sample."),)


@dataclass(frozen=True, slots=True)
class Template:
    """A template's text and the file it came from."""

    text: str
    file: str


def template_of(name: str | None) -> Template:
    """Return the template, tried once so that its mistakes show before any host is asked.

    Raises:
        TemplateError: it cannot be read or rendered.
    """
    path = folder("templates") / _OURS if name is None else Path(name)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TemplateError(
            f"cannot read: {error.strerror}", file=str(path), hint="check the path of --template"
        ) from None
    except UnicodeDecodeError as error:
        message = f"not UTF-8 (byte {error.start})"
        raise TemplateError(message, file=str(path), hint="save it as UTF-8") from None
    template = Template(text, str(path))
    render(_SAMPLE, Header(("sample",), "0" * 64), template.text, file=template.file)
    return template

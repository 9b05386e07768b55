"""A role's settings in the languages of those who bring them out by other means.

Where a tool ships files, the file is tuner's drop-in; where it has settings of its own (TuneD,
Talos, NixOS), they are said in its words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import tuner
from tuner.plan.modules import modules_of, modules_text
from tuner.plan.own import FOLDER, MODULES
from tuner.plan.place import NAMES
from tuner.plan.render import Header, comment, render
from tuner.plan.sheet import Item, Sheet

PATH = f"{FOLDER}/{NAMES[0]}"
_SHORT = 12
_TALOS = (
    "A patch of the machine's configuration: talosctl patch mc. Talos 1.14 would rather have a "
    "SysctlConfig, and takes this too."
)


class Form(StrEnum):
    """Whose file it is to be."""

    SYSCTL_D = "sysctl.d"
    ANSIBLE = "ansible"
    TUNED = "tuned"
    CLOUD_INIT = "cloud-init"
    BUTANE = "butane"
    TALOS = "talos"
    NIXOS = "nixos"


@dataclass(frozen=True, slots=True)
class Work:
    """What is put into words: the settings, their head, and the template of the drop-in."""

    sheet: Sheet
    header: Header
    template: str
    template_file: str = ""

    @property
    def title(self) -> str:
        """Which roles, which policy, which tuner."""
        return (
            f"{', '.join(self.header.roles)} (policy {self.header.policy[:_SHORT]}, "
            f"tuner {tuner.__version__})"
        )

    @property
    def modules(self) -> Mapping[str, tuple[str, ...]]:
        """The kernel modules that the settings need."""
        return modules_of(line.key for line in self.sheet.lines)

    def drop_in(self, *notes: str) -> str:
        """Return the text of tuner's sysctl file."""
        unsaid = tuple(it.text for it in self.sheet.unsaid)
        header = Header(self.header.roles, self.header.policy, (*unsaid, *notes))
        return render(self.sheet.lines, header, self.template, file=self.template_file)


def put(work: Work, form: Form) -> str:
    """Return the settings in that form. The same arguments give the same text.

    Raises:
        TemplateError: the drop-in's template cannot be rendered.
    """
    return _FORMS[form](work)


def _sysctl_d(work: Work) -> str:
    place = f"Meant for {PATH}. A file that sorts after it wins over it: `tuner plan` finds the"
    notes = [f"{place} name that does not lose on a host."]
    if work.modules:
        notes.append(
            f"Needs the kernel module {', '.join(work.modules)}: name it in {MODULES}, so that it "
            "is there before the settings are loaded."
        )
    return work.drop_in(*notes)


def _ansible(work: Work) -> str:
    lines = [
        *comment(f"{work.title}. One file, and a handler that loads it and nothing else."),
        f"- name: {_quoted(f'Settings of {work.title}')}",
        "  hosts: \"{{ target | default('all') }}\"",
        "  become: true",
        "  gather_facts: false",
        "  tasks:",
    ]
    for path, text, handler in _files(work):
        lines += [
            f"    - name: {_quoted(f'Write {path}')}",
            "      ansible.builtin.copy:",
            f"        dest: {path}",
            "        owner: root",
            "        group: root",
            '        mode: "0644"',
            *_block("        content: !unsafe |", text),
            f"      notify: {handler}",
        ]
    lines.append("  handlers:")
    for path, _, handler in _files(work):
        lines += [
            f"    - name: {handler}",
            "      ansible.builtin.command:",
            f"        argv: [{', '.join(map(_quoted, _loading(work, path)))}]",
            "      changed_when: true",
        ]
    return _text(lines)


def _cloud_init(work: Work) -> str:
    lines = [
        "#cloud-config",
        *comment(f"{work.title}. Files are written after boot has loaded its own: runcmd does it."),
        "write_files:",
    ]
    for path, text, _ in _files(work):
        lines += [
            f"  - path: {path}",
            "    owner: root:root",
            '    permissions: "0644"',
            *_block("    content: |", text),
        ]
    lines.append("runcmd:")
    lines += [
        f"  - [{', '.join(map(_quoted, _loading(work, path)))}]" for path, _, _ in _files(work)
    ]
    return _text(lines)


def _butane(work: Work) -> str:
    lines = [
        *comment(work.title),
        "variant: fcos",
        "version: 1.5.0",
        "storage:",
        "  files:",
    ]
    for path, text, _ in _files(work):
        lines += [
            f"    - path: {path}",
            "      mode: 0644",
            "      contents:",
            *_block("        inline: |", text),
        ]
    return _text(lines)


def _tuned(work: Work) -> str:
    """TuneD knows "at least" and "at most", and no interface name with a dot (2.20)."""
    items = (*work.sheet.items, *(it.item for it in work.sheet.unsaid if it.item is not None))
    said = [item for item in items if "/" not in item.line.key]
    notes = [it.text for it in work.sheet.unsaid if it.item is None]
    notes += [
        f"{item.line.key}: TuneD cannot name an interface with a dot, so no line sets it"
        for item in items
        if item not in said
    ]
    if work.modules:
        needs = ", ".join(work.modules)
        notes.append(f"Needs the kernel module {needs}, which {MODULES} has to name.")
    place = "For /etc/tuned/profiles/NAME/tuned.conf, in older versions /etc/tuned/NAME."
    lines = [
        *comment(f"{work.title}. {place}"),
        *_notes(notes),
        "[main]",
        f"summary=Settings of {work.title}",
        "",
        "[sysctl]",
    ]
    for item in said:
        lines += [*item.line.comment, f"{item.line.key}={_tuned_value(item)}"]
    return _text(lines)


def _tuned_value(item: Item) -> str:
    if item.bound is None:
        return str(item.line.value)
    return f"{'>' if item.relation == 'at_least' else '<'}{item.bound}"


def _talos(work: Work) -> str:
    lines = [
        *comment(f"{work.title}. {_TALOS}"),
        *_notes(it.text for it in work.sheet.unsaid),
        "machine:",
        "  sysctls:",
    ]
    for item in work.sheet.items:
        lines += [f"    {line}" for line in item.line.comment]
        lines.append(f"    {_quoted(item.line.name)}: {_quoted(str(item.line.value))}")
    if work.modules:
        lines += ["  kernel:", "    modules:"]
        lines += [f"      - name: {module}" for module in work.modules]
    return _text(lines)


def _nixos(work: Work) -> str:
    lines = [
        *comment(f"{work.title}. A module: add it to the imports of configuration.nix."),
        *_notes(it.text for it in work.sheet.unsaid),
        "{",
    ]
    if work.modules:
        names = " ".join(map(_quoted, work.modules))
        lines.append(f"  boot.kernelModules = [ {names} ];")
    lines.append("  boot.kernel.sysctl = {")
    for item in work.sheet.items:
        number = item.line.value.int()
        value = _quoted(str(item.line.value)) if number is None else str(number)
        lines += [f"    {line}" for line in item.line.comment]
        lines.append(f"    {_quoted(item.line.name)} = {value};")
    return _text([*lines, "  };", "}"])


def _files(work: Work) -> Iterable[tuple[str, str, str]]:
    """Return path, text and handler of the files; modules first, for the settings need them."""
    if work.modules:
        yield MODULES, modules_text(work.modules), "Load the modules"
    yield PATH, work.drop_in(), "Load the settings"


def _loading(work: Work, path: str) -> tuple[str, ...]:
    """Return the command that puts one file into force, and nothing else."""
    return ("modprobe", "-a", *work.modules) if path == MODULES else ("sysctl", "-p", path)


def _notes(notes: Iterable[str]) -> list[str]:
    return [line for note in notes for line in comment(note)]


def _block(head: str, text: str) -> list[str]:
    """Return a YAML literal block under its head."""
    indent = " " * (len(head) - len(head.lstrip()) + 2)
    return [
        head,
        *(f"{indent}{line}" if line else "" for line in text.removesuffix("\n").split("\n")),
    ]


def _quoted(text: str) -> str:
    """Return a text in double quotes, as YAML and Nix both read it."""
    return json.dumps(text, ensure_ascii=True).replace("${", "\\${")


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


_FORMS: Mapping[Form, Callable[[Work], str]] = {
    Form.SYSCTL_D: _sysctl_d,
    Form.ANSIBLE: _ansible,
    Form.TUNED: _tuned,
    Form.CLOUD_INIT: _cloud_init,
    Form.BUTANE: _butane,
    Form.TALOS: _talos,
    Form.NIXOS: _nixos,
}

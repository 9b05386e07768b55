"""The drop-in's text: templates and their mistakes, and every loader's reading of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plan.conftest import TEMPLATE
from tuner.errors import TemplateError
from tuner.plan.own import MARKER
from tuner.plan.render import Header, Line, comment, plain, render, says
from tuner.sysctl.files import parse_file
from tuner.sysctl.key import Key, key_path
from tuner.sysctl.value import Value, parse_value

HEADER = Header(("nat-gateway", "base"), "0123456789abcdef" * 4)
SACK = Line(Key("net.ipv4.tcp_sack"), Value(("1",)), ("drift",), "It saves round trips.")
MARK = "{{ marker }}\n"
EACH = "{% for setting in settings %}\n{{ setting.text }}\n{% endfor %}\n"


def test_the_shipped_template() -> None:
    assert render([SACK], HEADER, TEMPLATE) == (
        "# tuner owns this file: what is changed here by hand is lost at the next apply.\n"
        "# Roles: nat-gateway, base. Policy 0123456789ab, tuner 0.1.0.\n"
        "#\n"
        "# Above each setting stand the rules that ask for it, and why. `tuner explain RULE` and\n"
        "# `tuner explain KEY` tell more.\n"
        "\n"
        "# drift: It saves round trips.\n"
        "net.ipv4.tcp_sack = 1\n"
    )
    assert render([SACK], HEADER, TEMPLATE) == render([SACK], HEADER, TEMPLATE)


def test_a_template_of_ones_own_has_everything_the_readme_names() -> None:
    text = render(
        [SACK],
        HEADER,
        MARK + "# {{ roles | join('+') }} {{ policy }} {{ version }}\n"
        "{% for s in settings %}\n"
        "# {{ s.key }} {{ s.name }} {{ s.value }} {{ s.because | join }} {{ s.why }}\n"
        "{{ 'a\nb' | comment }}\n{{ s.comment | join('\n') }}\n{{ s.text }}\n{% endfor %}\n",
    )
    assert text.splitlines()[1:] == [
        "# nat-gateway+base 0123456789ab 0.1.0",
        "# net.ipv4.tcp_sack net.ipv4.tcp_sack 1 drift It saves round trips.",
        "# a b",
        "# drift: It saves round trips.",
        "net.ipv4.tcp_sack = 1",
    ]


@pytest.mark.parametrize(
    ("template", "line", "message"),
    [
        (MARK + "{{ oops }\n", 2, "not a template: unexpected '}'"),
        (MARK + "{% for s in settings %}\n", 2, "not a template: Unexpected end of template"),
        (MARK + "\n{{ setings }}\n", 3, "'setings' is undefined"),
        (MARK + "{% for s in settings %}\n\n{{ s.txt }}\n{% endfor %}\n", 4, "no attribute 'txt'"),
        (MARK + "{{ ''.__class__.__mro__ }}\n", 2, "asks for what it may not have"),
        (MARK + "{{ settings.__class__ }}\n", 2, "asks for what it may not have"),
        (MARK + "{{ render.__globals__ }}\n", 2, "'render' is undefined"),
        (MARK + "{% include '/etc/passwd' %}\n", 2, "asks for what it may not have: /etc/passwd"),
        (MARK + "{% import 'os' as os %}\n", 2, "asks for what it may not have: os"),
        (MARK + "{{ 1 // 0 }}\n", 2, "the template fails: integer division"),
        (MARK + "{{ 'x' * 10 ** 10 }}\n", 2, "asks for what it may not have: the operator **"),
        (MARK + "{{ 'x' * 4000000000 }}\n", 2, "asks for what it may not have: the operator *"),
        (MARK + "{{ '%4000000000d' % 1 }}\n", 2, "asks for what it may not have: the operator %"),
        (MARK + "{% for i in range(1000000000) %}{% endfor %}\n", 2, "Range too big"),
        ("{% include 'my.j2' %}\n", 0, "never comes to an end"),
        ("# mine\n" + EACH, 0, f'begins with "{MARKER}"'),
        (MARK + EACH + "# no end", 0, "does not end with a new line"),
        (MARK + "; old\n" + EACH, 0, "line 2 of the text is no setting of the plan"),
        (MARK + " # indented\n" + EACH, 0, "line 2 of the text is no setting"),
        (MARK + "net.ipv4.tcp_sack = 0\n" + EACH, 0, "line 2 of the text is no setting"),
        (MARK + "# joined \\\n" + EACH, 0, "ends with a backslash"),
        (MARK + "# bell \x07\n" + EACH, 0, "holds a control character"),
        (MARK, 0, "has 0 settings, not the plan's 1"),
        (MARK + EACH + EACH, 0, "has 2 settings, not the plan's 1"),
        ("x" * (1 << 21), 0, "is larger than"),
    ],
)
def test_mistakes_name_file_and_line(template: str, line: int, message: str) -> None:
    with pytest.raises(TemplateError, match=r"^my\.j2") as caught:
        render([SACK], HEADER, template, file="my.j2")
    assert caught.value.line == line
    assert message in caught.value.message
    assert str(caught.value).startswith(f"my.j2:{line}: " if line else "my.j2: ")


TEXTS = st.text(max_size=300) | st.sampled_from(
    [
        "a\nnet.ipv4.ip_forward = 1",
        "x\\",
        "\\\\\n\\",
        "; y",
        "\ufeff#",
        "\u202eevil",
        "a\rb\0c\x1b[31m",
    ]
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(TEXTS, max_size=3), TEXTS, TEXTS)
def test_no_words_can_change_what_the_file_says(because: list[str], why: str, note: str) -> None:
    """Comments begin with # in the first column, none ends with a backslash, lines end with LF."""
    line = Line(SACK.key, SACK.value, tuple(because), why)
    header = Header((why or "role",), "f" * 64, (note,))
    text = render([line], header, TEMPLATE)
    assert says(text.encode()) == ((SACK.key, ("1",)),)
    assert text.endswith("\n")
    assert not text.startswith("\ufeff")
    for said in text.removesuffix("\n").split("\n"):
        assert said in {"", "net.ipv4.tcp_sack = 1"} or said.startswith("#")
        assert said.isprintable()
        assert not said.endswith("\\")


def test_plain_text_is_one_printable_line() -> None:
    assert plain("a\n b\t\x1b[31mc\u202e\\") == "a b [31mc"
    assert comment("") == ()
    assert all(len(line) <= 98 for line in comment("word " * 100))


# --- the renderer's rules with the real loaders

LINES = [
    Line(Key("net.ipv4.ip_forward"), Value(("1",)), ("drift",), "Routes."),
    Line(Key("net.ipv4.conf.all.accept_redirects"), Value(("1",)), ("drift",), "After forwarding."),
    Line(Key("net.ipv4.conf.eth0/100.rp_filter"), Value(("1",)), ("drift",), "A dotted name \\"),
    Line(Key("net.ipv4.conf.v0.rp_filter"), Value(("2",)), ("drift",), "A plain name; = # é →"),
    Line(Key("net.ipv4.ip_local_port_range"), parse_value("10000\t65535"), (), ""),
    Line(Key("net.ipv4.ip_local_reserved_ports"), Value(("11211,20000-20010",)), (), "A list."),
    Line(Key("net.ipv4.tcp_congestion_control"), Value(("reno",)), (), "A word."),
    Line(Key("net.ipv4.tcp_rmem"), parse_value("4096  131072 16777216"), (), "Whole."),
    Line(Key("net.ipv6.conf.eth0/100.accept_ra"), Value(("0",)), (), "The other family."),
]
SCRIPT = """
set -e
mount -t tmpfs none /run
mkdir -p /run/sysctl.d /run/etc
mount --bind /run/etc /etc
mkdir /etc/sysctl.d
cp "$1" /etc/sysctl.d/90-tuner.conf
ip link add v0 type veth peer name eth0.100
shift
status=0
"$@" >/run/said 2>&1 || status=$?
echo "$status"
cat /run/said
"""
LOADERS: Mapping[str, tuple[str, ...]] = {
    "systemd": ("/usr/lib/systemd/systemd-sysctl",),
    "procps": ("sysctl", "-q", "--system"),
    "procps -p": ("sysctl", "-q", "-p", "/etc/sysctl.d/90-tuner.conf"),
    "busybox": ("busybox", "sysctl", "-q", "-p", "/etc/sysctl.d/90-tuner.conf"),
}


def load(text: str, command: tuple[str, ...], folder: Path) -> tuple[str, dict[Key, str]]:
    """Return what the loader said, and what the keys say afterwards."""
    (folder / "file").write_text(text)
    paths = " ".join(f"'/proc/sys/{key_path(line.key)}'" for line in LINES)
    done = subprocess.run(
        [
            *("unshare", "--mount", "--net", "sh", "-c", f"{SCRIPT}\necho --\ncat {paths}", "sh"),
            *(str(folder / "file"), *command),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said, _, shown = done.stdout.partition("--\n")
    values = shown.splitlines()
    assert len(values) == len(LINES)
    return said.strip(), dict(zip((line.key for line in LINES), values, strict=True))


@pytest.mark.root
@pytest.mark.parametrize("loader", LOADERS)
def test_every_loader_reads_it_alike_and_in_silence(loader: str, tmp_path: Path) -> None:
    """Slashes for interfaces, full vectors, decimal numbers, forwarding first, only # comments."""
    command = LOADERS[loader]
    assert shutil.which(command[0]), f"{command[0]} is not installed"
    text = render(LINES, HEADER, TEMPLATE)
    said, shown = load(text, command, tmp_path)
    assert said == "0"
    assert {key: parse_value(value) for key, value in shown.items()} == {
        line.key: line.value for line in LINES
    }


@pytest.mark.root
@pytest.mark.parametrize("loader", LOADERS)
def test_the_traps_are_real(loader: str, tmp_path: Path) -> None:
    """Without the rules the same settings come out otherwise: the order, a dotted name."""
    lines = [line.text for line in LINES]
    lines[2] = "net.ipv4.conf.eth0.100.rp_filter = 1"
    lines[0], lines[1] = lines[1], lines[0]
    _, shown = load("\n".join(lines) + "\n", LOADERS[loader], tmp_path)
    assert shown[LINES[1].key] == "0"  # accept_redirects, reset by ip_forward after it
    assert (shown[LINES[2].key] == "1") == (loader == "busybox")


def test_no_pattern_and_no_dash_is_ever_written() -> None:
    for setting in parse_file("x", render(LINES, HEADER, TEMPLATE).encode()).settings:
        assert not setting.is_pattern
        assert not setting.ignore_failure
        assert setting.value is not None

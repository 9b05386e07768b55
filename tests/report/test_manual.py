"""The manual: pages, the names in them, and docs/ as the program renders it.

``make docs`` writes docs/ anew.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console

from tuner.cli.docs import main as write_docs
from tuner.cli.explain import _nowhere, _page
from tuner.cli.manual import manual
from tuner.policy.resolve import resolve
from tuner.report.manual import on_host
from tuner.report.manual._markdown import anchor, escaped, linked, table
from tuner.report.manual._names import Kind, Manual, Name
from tuner.report.manual.rule import sections
from tuner.report.manual.site import site
from tuner.report.manual.text import print_page
from tuner.rules._check import check
from tuner.snapshot.snapshot import Snapshot
from tuner.sysctl.catalog import parameters
from tuner.sysctl.files import Entry
from tuner.sysctl.key import Key
from tuner.sysctl.topics import topics
from tuner.sysctl.version import parse_version

DOCS = Path(__file__).resolve().parents[2] / "docs"
BOOK = manual()
SITE = site(BOOK)
TOPICS = topics()
PAGES = [
    *(Name(Kind.TOPIC, id_) for id_ in BOOK.topics),
    *(Name(Kind.RULE, id_) for id_ in BOOK.rules),
    *(Name(Kind.FAMILY, name) for name in BOOK.families),
    *(Name(Kind.PROFILE, name) for name in BOOK.profiles),
    *(Name(Kind.KEY, key) for key in BOOK.parameters),
]
NOT_OURS = {  # code in pages that looks like a name of ours and is not one
    "tcp_timeouts", "ip_conntrack_max", "nf_conntrack_helper", "net.netfilter.nf_conntrack_", "query-source", "net.ipv4.ip_conntrack_max",
    "net.ipv4.conf.eth0.100.rp_filter", "net.ipv4.conf.*.KEY", "net.ipv6.conf.*.KEY", "net.ipv6.conf.all",
    "net.ipv4.tcp_", "ignore-file",
}  # fmt: skip


def shown(text: str, width: int = 80) -> str:
    console = Console(width=width, no_color=True, color_system=None, highlight=False)
    with console.capture() as capture:
        print_page(text, console)
    return capture.get()


# --- docs/ ----------------------------------------------------------------------------------------


def test_docs_is_what_the_program_renders() -> None:
    there = {
        path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8")
        for path in DOCS.rglob("*.md")
    }
    stale = sorted(name for name, text in SITE.items() if there.get(name) != text)
    assert stale == [], "run: make docs"
    assert sorted(there) == sorted(SITE), "run: make docs"


def test_docs_are_written_and_what_is_no_more_is_taken_out(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "no-such-rule.md").write_text("old")
    assert write_docs(tmp_path) == len(SITE)
    assert not (tmp_path / "rules" / "no-such-rule.md").exists()
    assert write_docs(tmp_path) == 0


def headings(text: str) -> list[str]:
    inside = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [match.replace("\\", "") for match in re.findall(r"^#+ (.*)$", inside, re.MULTILINE)]


def test_every_link_leads_to_a_page_and_a_heading_that_is_there() -> None:
    anchors = {name: {anchor(it) for it in headings(text)} for name, text in SITE.items()}
    followed = 0
    for name, text in SITE.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, part = target.partition("#")
            there = (
                posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            )
            assert there in SITE, f"{name} links to {target}"
            if part:
                assert part in anchors[there], f"{name}: {target}"
            followed += 1
    assert followed > 1000


def test_no_two_headings_of_a_page_have_one_anchor() -> None:
    for name, text in SITE.items():
        found = [anchor(it) for it in headings(text)]
        assert len(found) == len(set(found)), name


def test_every_page_is_reached_from_the_index() -> None:
    seen, left = {"README.md"}, ["README.md"]
    while left:
        name = left.pop()
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", SITE[name]):
            there = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
            if there not in seen:
                seen.add(there)
                left.append(there)
    assert seen == set(SITE)


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("tcp_tw_reuse", "net.ipv4.tcp_tw_reuse"),
        ("net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_tw_reuse"),
        ("net/ipv4/tcp_tw_reuse", "net.ipv4.tcp_tw_reuse"),
        ("/proc/sys/net/ipv4/tcp_tw_reuse", "net.ipv4.tcp_tw_reuse"),
        ("net.ipv4.conf.eth0.rp_filter", "net.ipv4.conf.*.rp_filter"),
        ("net/ipv4/conf/eth0.100/rp_filter", "net.ipv4.conf.*.rp_filter"),
        ("nf_conntrack_max", "net.netfilter.nf_conntrack_max"),
        ("accept_redirects", "net.ipv4.conf.*.accept_redirects"),
        ("somaxconn", "net.core.somaxconn"),
        ("file-max", "fs.file-max"),
        ("tw-recycle", "tw-recycle"),
        ("TW_RECYCLE", "tw-recycle"),
        ("time-wait", "time-wait"),
        ("Time Wait", "time-wait"),
        ("conntrack", "conntrack"),
        ("keys/conntrack", "conntrack"),
        ("topics/conntrack.md", "conntrack"),
        ("listen", "listen"),
        ("client-heavy", "client-heavy"),
    ],
)
def test_a_page_is_found_by_any_of_its_names(asked: str, found: str) -> None:
    (name,) = BOOK.ask(asked)
    assert name.id == found


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("tcp_tw_resue", "tcp_tw_reuse"),
        ("net.ipv4.tcp_fin_timeot", "net.ipv4.tcp_fin_timeout"),
        ("net/ipv4/tcp_syncokies", "net.ipv4.tcp_syncookies"),
        ("tw-recycel", "tw-recycle"),
        ("time-weit", "time-wait"),
        ("listen-queue", "listen-queues"),
        ("rfc1337", "rfc1337-behind-nat"),
        ("SOMAXCON", "net.core.somaxconn"),
    ],
)
def test_misspelt_names_get_suggestions_of_every_kind(asked: str, meant: str) -> None:
    assert BOOK.ask(asked) == ()
    assert meant in BOOK.suggestions(asked)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("NAT", "nat-and-port-reuse"),
        ("SO_LINGER", "linger-and-reuseaddr"),
        ("five-tuple", "ports-and-sockets"),
        ("ephemeral", "ports-and-sockets"),
        ("CLOSE_WAIT", "fin-wait"),
        ("round-robin", "balancers"),
        ("SYN cookies", "listen-queues"),
    ],
)
def test_words_that_are_no_name_lead_to_the_page_that_speaks_of_them(
    asked: str, meant: str
) -> None:
    assert meant in BOOK.suggestions(asked)


@pytest.mark.parametrize(
    "asked", ["", " ", "/", ".", "a b", "\x1b[31m", "x" * 5000, "net..x", "%s"]
)
def test_nonsense_is_no_name(asked: str) -> None:
    assert BOOK.ask(asked) == ()
    BOOK.suggestions(asked)


def texts() -> Mapping[str, str]:
    return {
        **{f"topic {id_}": topic.text for id_, topic in BOOK.topics.items()},
        **{f"rule {id_}": rule.doc for id_, rule in BOOK.rules.items()},
        **{
            f"profile {name}": " ".join(
                line.why
                for lines in (profile.expectations, profile.leave_alone, profile.avoid)
                for line in lines.values()
            )
            for name, profile in BOOK.profiles.items()
        },
        **{f"peer {key}": advice.why for key, advice in BOOK.peers.keys.items()},
        **{
            entry.key: f"{entry.summary} {entry.affects} {entry.see}"
            for entry in BOOK.parameters.values()
        },
    }


TEXTS = texts()


@pytest.mark.parametrize("page", TEXTS)
def test_every_name_in_a_page_is_one_that_exists(page: str) -> None:
    text = TEXTS[page].partition("\n## Sources")[0]
    unknown = []
    for word in re.findall(r"\b(?:net|fs|vm|kernel)\.[a-z0-9_]+\.[\w.*/-]*\w", text):
        folder = any(key.startswith(f"{word}.") for key in parameters())
        unknown += [] if BOOK.find(word) or folder or word in NOT_OURS else [word]
    for code in re.findall(r"`([^`\n]+)`", text):
        named = re.fullmatch(r"(?:tcp|ip|nf_conntrack|icmp|udp)_[a-z0-9_]+", code)
        ours = re.fullmatch(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+", code) and not code.startswith(
            "sysctl-"
        )
        if (named or ours) and BOOK.find(code) is None and code not in NOT_OURS:
            unknown.append(code)
    assert unknown == []


# --- topics and rules -----------------------------------------------------------------------------


def test_the_topics_are_there() -> None:
    assert set(TOPICS) == {
        "time-wait", "fin-wait", "ports-and-sockets", "nat-and-port-reuse", "balancers",
        "closing-and-keep-alive", "linger-and-reuseaddr", "listen-queues", "conntrack",
        "sysctl-loading",
    }  # fmt: skip


@pytest.mark.parametrize("id_", TOPICS)
def test_a_topic_is_plain_sourced_markdown(id_: str) -> None:
    topic = TOPICS[id_]
    assert topic.lead.endswith((".", ":"))
    assert 80 < len(topic.lead) < 700
    body, heading, sources = topic.text.partition("\n## Sources\n")
    assert heading, "the last section is Sources"
    assert re.search(r"linux v\d|systemd v\d", sources), "names file and version"
    assert "measured on 6.18" in sources or "real programs" in sources
    for line in body.splitlines():
        assert len(line) <= 100 or line.startswith("|"), line
        assert "<" not in line, "no HTML"
    assert re.search(r"\d", topic.lead + body)


@pytest.mark.parametrize("id_", BOOK.rules)
def test_the_page_of_a_rule_has_all_of_its_docstring(id_: str) -> None:
    rule = BOOK.rules[id_]
    parts = sections(rule)
    assert list(parts) == ["What it flags", "Why it is wrong", "Instead", "Applies to", "Evidence"]
    page = _page(BOOK, Name(Kind.RULE, id_))[0]
    words = re.sub(r"[^\w]+", " ", page)
    for text in parts.values():
        assert re.sub(r"[^\w]+", " ", text).strip() in words
    assert all(source.split()[0] in page for source in rule.sources)


# --- pages in every form --------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES[:: 1 + len(PAGES) // 120], ids=lambda name: name.id)
def test_a_page_is_readable_at_80_columns_and_plain_without_a_terminal(name: Name) -> None:
    text, data = _page(BOOK, name)
    seen = shown(text)
    assert "\x1b" not in seen
    lines = seen.splitlines()
    assert lines
    for line in lines:
        assert len(line) <= 80, line
        assert line == line.rstrip()
    assert lines[0].strip()
    json.dumps(data)
    assert not re.search(r"\]\(", text), "a page that is printed alone has no links"


def test_the_page_of_a_key_says_all_that_the_catalogue_knows() -> None:
    text = shown(_page(BOOK, Name(Kind.KEY, "net.ipv4.tcp_tw_reuse"))[0], 100)
    for part in (
        "0 off; 1 every destination; 2 loopback only",
        "0 to 2; checked since 4.18",
        "2 since 4.18; 0 before that",
        "in every release since 2.6.32",
        "each has its own value, and may write it, since 4.10",
        "at once: the next packet or decision reads it",
        "Accepted connections never",
        "TcpExt.TWRecycled",
        "net.ipv4.tcp_tw_reuse_delay",
        "tw-reuse-on-server",
        "ports-and-sockets",
        "client-heavy",
        "Others recommend: Netflix 1",
        "linux commit 79e9fed46038",
    ):
        assert part in " ".join(text.split()), part


@pytest.mark.parametrize(
    ("key", "part"),
    [
        ("net.ipv4.tcp_fin_timeout", "-2147483 to 2147483 at HZ=1000"),
        ("net.ipv4.tcp_tw_recycle", "up to 4.11, then removed"),
        ("net.ipv4.tcp_low_latency", "does nothing since 4.14"),
        ("net.inet.tcp.msl", "no Linux ever had it"),
        ("net.core.rmem_max", "shown in each and written in the first alone, since 6.11"),
        ("net.ipv4.tcp_max_orphans", "only the first namespace shows it"),
        ("net.ipv4.tcp_rmem", "for each number"),
        ("net.netfilter.nf_conntrack_max", "the module nf_conntrack"),
        ("net.ipv4.tcp_frto_response", "net.ipv4.tcp_frto"),
        ("net.core.somaxconn", "when a program calls listen() again"),
        ("net.ipv4.tcp_max_tw_buckets", "half the buckets of the established hash"),
        ("net.ipv4.conf.*.rp_filter", "all: leave it alone"),
        ("net.ipv4.conf.*.rp_filter", "Others recommend for net.ipv4.conf.all.rp_filter: SCAP"),
    ],
)
def test_what_a_page_says_of_ranges_defaults_and_lifetimes(key: str, part: str) -> None:
    assert part in " ".join(shown(_page(BOOK, Name(Kind.KEY, key))[0], 100).split())


def test_names_become_links_and_everyday_words_do_not() -> None:
    def lead(word: str) -> str | None:
        return {"tcp_sack": "k.md", "drift": "d.md", "tw-recycle": "", "conntrack": "c.md"}.get(
            word
        )

    assert linked("Set tcp_sack, see tw-recycle and drift; `drift` too.", lead) == (
        "Set [`tcp_sack`](k.md), see `tw-recycle` and drift; [`drift`](d.md) too."
    )
    for left in (
        "tcp_sack()",
        "xtcp_sack",
        "`sysctl tcp_sack`",
        "[x](tcp_sack)",
        "    tcp_sack",
        "a/tcp_sack",
    ):
        assert linked(left, lead) == left


# --- what a host says -----------------------------------------------------------------------------

HOSTILE = "1 | \x1b[31m`**[x](http://evil)**` <b>_a_</b>\r\n# head \u202e \\"


def host(files: Mapping[str, str], live: Mapping[str, str], kernel: str = "6.18.0") -> Snapshot:
    return Snapshot(
        host="web1",
        kernel=parse_version(kernel),
        live={Key(key): value for key, value in live.items()},
        files=tuple(Entry(path, content=text.encode()) for path, text in files.items()),
    )


def test_a_host_shows_now_next_boot_and_the_lines_that_lose() -> None:
    key = Key("net.ipv4.tcp_rfc1337")
    snapshot = host(
        {
            "/usr/lib/sysctl.d/10-a.conf": f"{key} = 0\n",
            "/etc/sysctl.d/50-b.conf": f"# first\n{key} = 1\n",
            "/etc/sysctl.d/90-c.conf": f"{key} = 0 # off\n",
            "/etc/sysctl.conf": f"{key} = 1\n",
        },
        {key: "1"},
    )
    policy = resolve(BOOK.profiles, ["public-server"])
    found = on_host.on_host(snapshot, policy, key)
    text = shown(on_host.host_section(snapshot, [found]))
    flat = " ".join(text.split())
    assert "now 1 next boot 0 because /etc/sysctl.d/90-c.conf:1, which beats 2 more" in flat
    assert "kernel's default 0" in flat
    assert "/etc/sysctl.d/50-b.conf:2 says 1" in flat
    assert "/usr/lib/sysctl.d/10-a.conf:1 says 0" in flat
    assert "does not read: • /etc/sysctl.conf:1 says 1" in flat
    data = on_host.host_data(snapshot, [found])["keys"][0]
    assert data["next_boot"] == {
        "origin": "file", "value": "0", "file": "/etc/sysctl.d/90-c.conf", "line": 1,
    }  # fmt: skip
    assert [line["file"] for line in data["beaten"]] == [
        "/etc/sysctl.d/50-b.conf",
        "/usr/lib/sysctl.d/10-a.conf",
    ]


def test_a_host_shows_what_its_roles_want_and_where_the_key_stands() -> None:
    key = Key("net.core.somaxconn")
    snapshot = host({"/etc/sysctl.d/1.conf": f"{key}=128"}, {key: "8192"})
    found = on_host.on_host(snapshot, resolve(BOOK.profiles, ["public-server"]), key)
    assert (found.wanted, found.state) == ("at least 4096", "lost-at-boot")


def test_a_key_with_a_star_is_every_interface_of_the_host() -> None:
    live = {f"net.ipv4.conf.{name}.rp_filter": "2" for name in ("all", "default", "eth0", "eth0/1")}
    snapshot = host({"/etc/sysctl.d/1.conf": "net.ipv4.conf.*.rp_filter=1"}, live)
    keys = on_host.keys_on_host(snapshot, Key("net.ipv4.conf.*.rp_filter"))
    assert sorted(live) == list(keys)
    policy = resolve(BOOK.profiles, ["base"])
    text = shown(
        on_host.host_section(snapshot, [on_host.on_host(snapshot, policy, it) for it in keys])
    )
    assert text.count("/etc/sysctl.d/1.conf:1") == 4


def test_text_of_a_host_cannot_format_move_or_break_anything() -> None:
    key = Key("net.unix.any_text")  # the kernel takes what it likes
    snapshot = host({"/etc/sysctl.d/x|y`[z](q).conf": f"{key} = {HOSTILE}\n"}, {key: HOSTILE})
    found = on_host.on_host(snapshot, resolve(BOOK.profiles, ["base"]), key)
    text = on_host.host_section(snapshot, [found])
    assert len(re.findall(r"^#", text, re.MULTILINE)) == 1
    assert "\x1b" not in text
    assert "\u202e" not in text
    seen = shown(text, 100)
    assert "\x1b" not in seen
    assert "http://evil" in seen, "as text, brackets and all"
    assert "[x](http://evil)" in " ".join(seen.split())
    assert "<b>_a_</b>" in " ".join(seen.split())
    assert "/etc/sysctl.d/x|y`[z](q).conf:1" in "".join(seen.split())
    assert json.loads(json.dumps(on_host.host_data(snapshot, [found])))["name"] == "web1"


@pytest.mark.parametrize(
    "text", ["a|b", "*a*", "_a_", "`a`", "<i>", "[a](b)", "# a", "a\\", "~~a~~", "&amp;"]
)
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    assert text in shown(table(("what", "x"), [(escaped(text), "y")]))
    assert shown(escaped(text)).strip() == text


def test_a_rule_is_asked_about_one_host() -> None:
    key = Key("net.ipv4.tcp_timestamps")
    snapshot = host({}, {key: "0"})
    policy = resolve(BOOK.profiles, ["base"])
    verdict = check(snapshot, policy, [BOOK.rules["timestamps-off"]])
    text = shown(on_host.findings_section(snapshot, verdict))
    assert "On web1" in text
    assert "warning" in text
    none = check(host({}, {key: "1"}), policy, [BOOK.rules["timestamps-off"]])
    assert "It finds nothing." in on_host.findings_section(snapshot, none)


def test_a_manual_without_anything_finds_nothing() -> None:
    assert Manual({}, {}, {}, {}, {}).ask("net.core.somaxconn")[0].kind is Kind.KEY
    assert Manual({}, {}, {}, {}, {}).suggestions("time-wait") == ()
    assert _nowhere(BOOK)("no_such_name") is None

"""Every inventory here is read by tuner and by Ansible itself, and both must say the same."""

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Answer = dict[str, Any]
Files = dict[str, str]

SCRIPT = """#!/bin/sh
case "$1" in
--list) printf '%s' '{"web": {"hosts": ["a", "b"], "vars": {"x": 1, "t": "{{ y }}"}, "children": ["sub"]},
  "sub": ["c"], "lone": {"x": 2}, "none": {}META}' ;;
--host) printf '{"me": "%s"}' "$2" ;;
esac
"""
META = ', "_meta": {"hostvars": {"a": {"v": {"__ansible_vault": "x"}, "n": [1.5, null]}, "zz": {}}}'

# The first file is the inventory, unless a name says "inv/".
ACCEPTED: dict[str, Files] = {
    "ini": {
        "hosts": """
lonely ansible_port=2200
# comment
; comment
[web]
web[01:03].example.com  ansible_host=10.0.0.1 # trailing
web[01:10:4]:2222
db-[a:c] x='a b' y="1" z='"1"' e= q=a=b
[2001:db8::1]:2222
2001:db8::2
lonely
[web:vars]
ansible_user=ops
list = [1, 'two', (3,)]
text = foo # not a comment
number = 12 # a comment
flag=True
none=None
complex=1j
set={1}
dots=...
bytes=b'x'
quoted="a b"
[prod:children]
web
late
[late]
late1 a=1
late1 a=2 b=3
[ungrouped]
free
[all:vars]
everywhere=yes
""",
    },
    "ini with a port of a host that is known": {"hosts": "h ansible_port=1\n[g]\nh:99\n"},
    "yaml": {
        "hosts.yml": """
all:
  vars: {everywhere: 1, both: all}
  hosts:
    web1: {ansible_port: 1}
    "[2001:db8::1]:22":
    "n[08:11]":
      ansible_host: "{{ inventory_hostname }}"
      v: !vault |
        $ANSIBLE_VAULT;1.1;AES256
        6162
      u: !unsafe "{{ x }}"
      ul: !unsafe ["{{ x }}", 5]
      when: 2024-01-01
      oct: 010
      sexagesimal: 12:30:45
      float: 1e3
  children:
    web:
      hosts: web1
      children: deep
      vars: {both: web, <<: {merged: 1, both: 2}}
    deep: {hosts: {deep1: }}
    empty:
    skipped: {host: {x: }, hosts: {y: }}
other:
  children:
    web:
""",
    },
    "yaml that Ansible warns of": {
        "hosts.yml": "a: 5\nb: {hosts: {h: {x: 1, x: 2}, h: {y: 1}}, hots: {i: }, hosts2: [1]}\n"
    },
    "yaml in a file without an ending": {"hosts": "all:\n  hosts:\n    a:\n"},
    "json that is a yaml inventory": {
        "hosts.json": '{"all": {"hosts": {"a": {"x": 1e3, "u": {"__ansible_unsafe": "{{"}}}}}'
    },
    "ini in a file that ends in yml": {"hosts.yml": "[web]\na x=1\n[db]\nb\n"},
    "ini that may be run": {"hosts+x": "[web]\na x=1\n"},
    "nothing": {"hosts": "\n"},
    "depth beats the alphabet": {
        "hosts": "[z]\nh\n[z:vars]\nv=z\n[a:children]\nz\n[a:vars]\nv=a\nw=a\n"
        "[b]\nh\n[b:vars]\nv=b\nw=b\n"
    },
    "priority beats the alphabet, not depth": {
        "hosts": "[a]\nh\n[b]\nh\n[a:vars]\nansible_group_priority=10\nv=a\nw=a\n[b:vars]\nv=b\n"
        "[c:children]\nb\n[c:vars]\nansible_group_priority=99\nv=c\nx=c\n[b:vars]\nx=b\n"
    },
    "group_vars and host_vars": {
        "hosts": "[web]\nh v=host w=host\n[web:vars]\nv=ini g=ini\n[all:vars]\na=ini\n",
        "group_vars/all.yml": "v: all\na: file\ng: all\nz: all\n",
        "group_vars/web": "g: file\nz: web\n",
        "group_vars/ungrouped.json": '{"z": "ungrouped"}',
        "group_vars/other.yml": "this: is\nnot: [read\n",
        "host_vars/h.yaml": "w: file\n",
        "host_vars/h.json": '{"w": "second"}',
    },
    "folders of variables": {
        "hosts": "h\n",
        "group_vars/all/a.yml": "v: a\nw: a\n",
        "group_vars/all/b": "v: b\n",
        "group_vars/all/c.txt": "v: c\n",
        "group_vars/all/.d.yml": "v: d\n",
        "group_vars/all/e~": "v: e\n",
        "group_vars/all/sub/f.yml": "f: 1\n",
        "group_vars/all/sub.d/g.yml": "v: g\n",
        "group_vars/all.yml": "v: beside\n",
        "group_vars/ungrouped.yml": "---\n",
    },
    "a folder": {
        "inv/10-web.ini": "[web]\na v=10\nb\n[web:vars]\ng=10\n",
        "inv/20-more.yml": "web: {vars: {g: 20}, hosts: {a: {v: 20}, c: }}\ndb: {children: {web: }}\n",
        "inv/30+x": SCRIPT.replace("META", META),
        "inv/sub/deep": "[db]\nd\n[deep:children]\ndb\n",
        "inv/group_vars/web.yml": "g: file\n",
        "inv/sub/group_vars/web.yml": "g: not this one\n",
        "inv/.hidden": "[[[",
        "inv/notes.md": "[[[",
        "inv/ansible.cfg": "[[[",
        "inv/old.bak": "[[[",
        "inv/hosts~": "[[[",
        "inv/site.retry": "[[[",
        "inv/x.orig": "[[[",
    },
    "a script": {"inventory.sh+x": SCRIPT.replace("META", META)},
    "a script that is asked for each host": {"inventory.sh+x": SCRIPT.replace("META", "")},
    "a host that is named like a group": {"hosts": "[web]\nweb x=1\nh\n[web:vars]\nx=2\n"},
    "a host of its own that is named like a group": {
        "hosts.yml": "all: {hosts: {web: {x: 1}, h: }, children: {web: {hosts: {i: }}}}\n"
    },
    "odd names": {
        "hosts": "a,b\nfoo:bar\n_\n/abs\né1\nh.\n1.2.3.[4:6]\nx[3:1]\nc[ab:cd]\n2001:db8::[a:c]\n"
        "[a-b]\nh%1\n[x.y] # comment\n-h\n"
    },
}

REFUSED: dict[str, Files] = {
    "no yaml": {"hosts.yml": "all:\n  hosts:\n    a: {\n"},
    "tabs": {"hosts.yml": "all:\n\thosts:\n"},
    "an unknown tag": {"hosts.yml": "all: {hosts: {a: {x: !foo 1}}}\n"},
    "a date that is none": {"hosts.yml": "all: {hosts: {a: {x: 2024-13-45}}}\n"},
    "a list of hosts": {"hosts.yml": "all:\n  hosts:\n    - a\n"},
    "a list of variables": {"hosts.yml": "all:\n  vars:\n    - a: 1\n"},
    "a list": {"hosts.yml": "- a\n"},
    "two documents": {"hosts.yml": "all:\n  hosts: {a: }\n---\nall:\n"},
    "a number as host": {"hosts.yml": "all: {hosts: {12: }}\n"},
    "a number as group": {"hosts.yml": "12: {hosts: {a: }}\n"},
    "a child that is no group": {"hosts.yml": "all: {children: {a: foo}}\n"},
    "text for variables": {"hosts.yml": "all: {hosts: {a: foo}}\n"},
    "a yaml circle": {"hosts.yml": "a: {children: {b: {children: {a: }}}}\n"},
    "all below another group": {"hosts.yml": "a: {children: {all: }}\n"},
    "a priority that is no number": {"hosts.yml": "a: {vars: {ansible_group_priority: x}}\n"},
    "an ini circle": {"hosts": "[a:children]\nb\n[b:children]\na\n"},
    "its own child": {"hosts": "[a:children]\na\n"},
    "a child that is nowhere": {"hosts": "[a:children]\nb\n"},
    "variables of no group": {"hosts": "[a:vars]\nb=1\n"},
    "an unknown kind of section": {"hosts": "[a:hosst]\nb\n"},
    "a space in a section": {"hosts": "[a b]\nb\n"},
    "a section that does not end": {"hosts": "[a\nb\n"},
    "a semicolon after a section": {"hosts": "[a] ; b\n"},
    "a variable without a value": {"hosts": "h foo\n"},
    "a line of variables without a value": {"hosts": "[all:vars]\nfoo\n"},
    "a quote that does not end": {"hosts": "h a='b\n"},
    "a child with variables": {"hosts": "[b]\n[a:children]\nb x=1\n"},
    "a colon at the end": {"hosts.ini": "h:\n"},
    "yaml in an ini file": {"hosts.ini": "---\nall:\n"},
    "a literal that cannot be": {"hosts": "h a={[]:1}\n"},
    "an empty name": {"hosts": "''\n"},
    "a range without end": {"hosts": "h[1:]\n"},
    "a range of four": {"hosts": "h[1:2:3:4]\n"},
    "a range of one": {"hosts": "h[1]\n"},
    "unequal zeros": {"hosts": "h[01:3]\n"},
    "a range backwards": {"hosts": "h[c:a]\n"},
    "letters and numbers": {"hosts": "h[1:a]\n"},
    "no step": {"hosts": "h[1:3:0]\n"},
    "an open bracket": {"hosts": "h[1:2\n"},
    "a closed bracket": {"hosts": "h[1:2]a]b[1:2]\n"},
    "a bar": {"hosts": "h|[1:2]\n"},
    "no hosts in a script's group": {"s+x": '#!/bin/sh\necho \'{"a": {"hosts": {}}}\'\n'},
    "a script that fails": {"s+x": "#!/bin/sh\nexit 3\n"},
    "a script that prints no json": {"s+x": "#!/bin/sh\necho hello\n"},
    "a script that prints a list": {"s+x": "#!/bin/sh\necho '[]'\n"},
    "a script with half a _meta": {"s+x": "#!/bin/sh\necho '{\"_meta\": {}}'\n"},
    "variables that are a list": {"hosts": "h\n", "group_vars/all.yml": "- a\n"},
    "variables that are no yaml": {"hosts": "h\n", "host_vars/h.yml": "a: [\n"},
    "one bad file of a folder": {"inv/a": "h\n", "inv/b.ini": "h[\n"},
    "a plugin": {"hosts.yml": "plugin: constructed.nothing\n"},
}

TREE = {
    "hosts": "lonely\n[web]\nweb[01:05]\n[db]\ndb-[a:c].example.com\nweb01\n"
    "[prod:children]\nweb\n[prod]\nprod1\n[empty]\n[ipv6]\n2001:db8::1\n"
}
LIMITS = [
    "all",
    "*",
    "web",
    "web*",
    "web01",
    "web:&prod",
    "web:&prod:!web03",
    "web,db",
    "!web",
    ":!web",
    "&db",
    "web[0]",
    "web[-1]",
    "web[0:2]",
    "web[1:]",
    "web[2-3]",
    "web[0:0]",
    "web[2:0]",
    "all[1:3]",
    "*[0:1]",
    "~web0[12]",
    "~(web|db).*",
    "~^prod$",
    "db-a.example.com",
    "*.example.com",
    "db-?.example.com",
    "web0[!1]",
    "web:db:!*a*",
    "2001:db8::1",
    "un*",
    "prod,!web01,!web02",
    "prod:!web:&all",
    "web01:web02",
    "web[7:9]",
    "lonely:web[0]",
    "@retry",
    "@retry:&db",
    "@retry,!web02",
]
UNMATCHED = [
    "nope",
    "web:nope",
    "web:!nope",
    "web:&nope",
    "web[9]",
    "~nope",
    "n*",
    "x,",
    "localhost",
]


def _write(folder: Path, files: Files) -> Path:
    first: Path | None = None
    for name, text in files.items():
        path = folder / name.removesuffix("+x")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if name.endswith("+x") else 0o644)
        first = first or path
    assert first is not None
    return folder / "inv" if (folder / "inv").is_dir() else first


@pytest.fixture(scope="module")
def compared(
    tmp_path_factory: pytest.TempPathFactory,
    ask_ansible: Callable[[list[Answer]], list[Answer]],
    tuners_answer: Callable[[Path, list[str]], Answer],
) -> dict[str, tuple[Answer, Answer]]:
    """Ask both about everything, once."""
    folder = tmp_path_factory.mktemp("inventories")
    retry = folder / "retry"
    retry.write_text("web02\nweb03\n\ndb-a.example.com\n")
    asked: dict[str, tuple[Path, list[str]]] = {}
    for number, (name, files) in enumerate((ACCEPTED | REFUSED).items()):
        asked[name] = (_write(folder / str(number), files), [])
    limits = [limit.replace("@retry", f"@{retry}") for limit in LIMITS]
    asked["limits"] = (_write(folder / "limits", TREE), limits + UNMATCHED)
    for seed in range(250):
        asked[f"generated {seed}"] = (_write(folder / f"g{seed}", _generate(seed)), [])
    questions: list[Answer] = [{"path": str(p), "limits": found} for p, found in asked.values()]
    answers = ask_ansible(questions)
    return {
        name: (theirs | {"path": str(path)}, tuners_answer(path, found))
        for (name, (path, found)), theirs in zip(asked.items(), answers, strict=True)
    }


def _same(theirs: Answer, ours: Answer, plain: Callable[[Any], Any]) -> None:
    assert sorted(ours["hosts"]) == sorted(theirs["hosts"])
    assert _sorted(ours["groups"]) == _sorted(theirs["groups"])
    found = json.loads(json.dumps(ours["hostvars"]))
    assert found == {host: plain(each) for host, each in theirs["hostvars"].items()}


def _sorted(groups: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: sorted(hosts) for name, hosts in groups.items()}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_ansible_reads(
    name: str, compared: dict[str, tuple[Answer, Answer]], plain: Callable[[Any], Any]
) -> None:
    theirs, ours = compared[name]
    assert "error" not in theirs, theirs
    assert "error" not in ours, ours
    _same(theirs, ours, plain)


@pytest.mark.parametrize("name", ["ini", "yaml", "group_vars and host_vars", "a folder"])
def test_the_command_says_what_the_library_says(
    name: str,
    compared: dict[str, tuple[Answer, Answer]],
    ansible_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    theirs, _ = compared[name]
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-inventory", "-i", theirs["path"], "--list"],
        capture_output=True,
        env=ansible_environment,
        cwd=tmp_path,
        check=True,
    )
    listing = json.loads(done.stdout)
    assert listing["_meta"]["hostvars"] == {h: v for h, v in theirs["hostvars"].items() if v}
    for group, hosts in theirs["groups"].items():
        assert set(listing.get(group, {}).get("hosts", [])) <= set(hosts)


@pytest.mark.parametrize("name", REFUSED)
def test_what_ansible_refuses(name: str, compared: dict[str, tuple[Answer, Answer]]) -> None:
    theirs, ours = compared[name]
    assert "error" in theirs
    assert "error" in ours


@pytest.mark.parametrize("name", ["ini", "group_vars and host_vars", "limits"])
def test_hosts_come_in_ansibles_order(
    name: str, compared: dict[str, tuple[Answer, Answer]]
) -> None:
    theirs, ours = compared[name]
    assert ours["hosts"] == theirs["hosts"]


def test_limits(compared: dict[str, tuple[Answer, Answer]]) -> None:
    theirs, ours = compared["limits"]
    left = {limit: hosts for limit, hosts in ours["limits"].items() if not isinstance(hosts, str)}
    expected = {
        limit: hosts
        for limit, hosts in theirs["limits"].items()
        if hosts and not isinstance(hosts, str) and limit not in UNMATCHED
    }
    assert len(expected) > 35
    assert left == expected


def test_a_pattern_that_matches_nothing_is_an_error(
    compared: dict[str, tuple[Answer, Answer]],
) -> None:
    _, ours = compared["limits"]
    for limit in UNMATCHED:
        assert isinstance(ours["limits"][limit], str), limit


def test_generated_inventories(
    compared: dict[str, tuple[Answer, Answer]], plain: Callable[[Any], Any]
) -> None:
    read = 0
    for name, (theirs, ours) in compared.items():
        if name.startswith("generated"):
            assert ("error" in theirs) == ("error" in ours), (name, theirs, ours)
            if "error" not in theirs:
                read += 1
                _same(theirs, ours, plain)
    assert 60 < read < 240  # neither all refused nor all harmless


GROUPS = ("web", "db", "prod", "a-b", "ungrouped", "all")
HOSTS = ("h1", "h2", "web", "h[1:3]", "n[08:11]", "c[a:c]:22", "10.0.0.1:22", "::1", "[::1]:22")
NAMES = ("ansible_host", "ansible_port", "x", "tuner_roles")
VALUES = ("1", "True", "no", "foo", '"a b"', "'x'", "[1,2]", "1.5", "10.0.0.1", "01", "1e3", "None")


def _generate(seed: int) -> Files:
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    make = dice.choice((_ini, _yaml))
    files = {"hosts" if make is _ini else "hosts.yml": make(dice)}
    for kind, names in (("group_vars", GROUPS), ("host_vars", ("h1", "web"))):
        if dice.random() < 0.5:
            files[f"{kind}/{dice.choice(names)}.yml"] = f"{dice.choice(NAMES)}: {seed}\n"
    return files


def _ini(dice: random.Random) -> str:
    lines = ["[web]", "[db]", "[prod]", "[a-b]", "[ungrouped]"] if dice.random() < 0.8 else []
    for _ in range(dice.randint(2, 9)):
        group = dice.choice(GROUPS)
        variable = f"{dice.choice(NAMES)}={dice.choice(VALUES)}"
        match dice.randrange(4):
            case 0:
                lines += [f"[{group}]", f"{dice.choice(HOSTS)} {variable} # {variable}"]
            case 1:
                lines += [f"[{group}:vars]", f"ansible_group_priority={dice.randint(-2, 5)}"]
            case 2:
                lines += [f"[{group}:vars]", variable]
            case 3:
                lines += [f"[{group}:children]", dice.choice(GROUPS[:4])]
    return "\n".join(lines) + "\n"


def _yaml(dice: random.Random) -> str:
    def group(depth: int) -> Any:
        content: dict[str, Any] = {}
        for section in dice.sample(("hosts", "vars", "children"), dice.randint(1, 3)):
            match section:
                case "hosts":
                    chosen = dice.sample(HOSTS, 2)
                    content["hosts"] = {h: {dice.choice(NAMES): depth} for h in chosen}
                case "vars":
                    content["vars"] = {dice.choice(NAMES): dice.choice(VALUES)}
                    if dice.random() < 0.3:
                        content["vars"]["ansible_group_priority"] = dice.randint(-2, 5)
                case _ if depth < 3:
                    content["children"] = {dice.choice(GROUPS[:4]): group(depth + 1)}
        return content or None

    return json.dumps({name: group(0) for name in dice.sample(GROUPS, 3)}, indent=1)

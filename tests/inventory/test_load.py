import time
from pathlib import Path

import pytest

from tuner.errors import InventoryError
from tuner.inventory.load import load_inventory


def _refused(path: Path, **options: object) -> InventoryError:
    with pytest.raises(InventoryError) as caught:
        load_inventory(path, **options)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("name", "text", "place", "message", "hint"),
    [
        ("a.yml", "all:\n  hosts:\n    a: {\n", (4, 1), "not YAML: ", "indentation"),
        ("a.yml", "all:\n  hosts:\n    - a\n", (2, 3), "hosts of group all must be a mapping, and this is a list", "no dash"),
        ("a.yml", "all:\n  children:\n    web: x\n", (3, 5), "'web' among the children of all is not a group", ""),
        ("a.yml", "web:\n  hots:\n    a:\n", (2, 3), "the inventory has no host; group web has no 'hots'", ""),
        ("a.yml", "web:\n  hots: {a: }\n", (2, 3), "the inventory has no host; group web has no 'hots'", "did you mean hosts?"),
        ("a.yml", "a:\n  children:\n    b:\n      children:\n        a:\n", (3, 5), "group b cannot be a child of a", ""),
        ("a.yml", "plugin: amazon.aws.aws_ec2\n", (0, 0), "the inventory plugin 'amazon.aws.aws_ec2'", "ansible-inventory -i"),
        ("a.toml", "[web.hosts.a]\n", (0, 0), "TOML inventories are not read", "ansible-inventory -i"),
        ("a", "[web\nh\n", (1, 1), "'[web' holds a bracket that is not a range", ""),
        ("a", "[web:hosst]\nh\n", (1, 1), "[web:hosst] is of no known kind", ":children and :vars"),
        ("a", "ok\n  h[5:a]\n", (2, 3), "the range [5:a] counts neither numbers nor letters", ""),
        ("a", "h[1:99999999]\n", (1, 1), "is larger than 1000000 hosts", ""),
        ("a", "h[1:9999]x[1:9999]\n", (1, 1), "is more than 1000000 hosts", ""),
        ("a", "h a=1 b\n", (1, 7), "this word is not a variable", "write name=value"),
        ("a", "[web:vars]\na=1\n", (1, 1), "[web:vars] is for a group that is nowhere declared", ""),
        ("a", "[a]\n[a:children]\nb\n", (3, 1), "[a:children] names the group b, which is nowhere", ""),
        ("a", "\ufeff[web]\nh\n", (1, 1), "byte order mark", "without a byte order mark"),
        ("a", "---\nall:\n  hosts:\n    - a\n", (3, 3), "hosts of group all must be a mapping", ""),
        ("a", "$ANSIBLE_VAULT;1.1;AES256\n6162\n", (0, 0), "is encrypted with Ansible Vault", ""),
        ("a", "", (0, 0), "the inventory has no host", "add one"),
        ("a.yml", "a: &a [*a]\n", (1, 4), "not YAML: an anchor that holds itself", ""),
        ("a.yml", "a: " + "[" * 5000, (1, 1003), "not YAML: ", ""),
        ("a.yml", "x: 2024-13-45\n", (1, 4), "not YAML: this is no timestamp", ""),
    ],
)  # fmt: skip
def test_refusals_say_where_and_what_next(
    tmp_path: Path, name: str, text: str, place: tuple[int, int], message: str, hint: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    error = _refused(path)
    assert message in error.message
    assert hint in error.hint
    assert (error.file, error.line, error.column) == (str(path), *place)


def test_bytes_that_are_not_utf_8_matter_only_in_what_is_used(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_bytes(b"# caf\xe9\nh other=caf\xe9\n")
    assert [host.name for host in load_inventory(path)] == ["h"]
    path.write_bytes(b"h\nh ansible_user=caf\xe9\n")
    assert "hosts:2:3: ansible_user of host h is not UTF-8" in str(_refused(path))
    path.write_bytes(b"h\xe9\n")
    assert "hosts:1:1: a host's name is not UTF-8" in str(_refused(path))
    path = tmp_path / "hosts.yml"
    path.write_bytes(b"all: {hosts: {h: {a: caf\xe9}}}\n")
    assert "it is not UTF-8" in str(_refused(path))


def test_what_is_not_there(tmp_path: Path) -> None:
    assert "no such inventory" in str(_refused(tmp_path / "nothing"))
    assert "the folder holds no inventory" in str(_refused(tmp_path))


def test_no_host_is_left(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("[web]\nweb1\n[db]\ndb1\n[prod]\n")
    assert "leaves no host" in str(_refused(path, limit="web:!web1"))
    assert "leaves no host" in str(_refused(path, limit="prod"))
    error = _refused(path, limit="web,bd1")
    assert str(error) == "--limit: 'bd1' matches no host and no group"
    assert error.hint == "did you mean db1?"
    assert "no regular expression" in str(_refused(path, limit="~("))
    assert "outside of web" in str(_refused(path, limit="web[3]"))


def test_a_retry_file_says_which_line_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("web1\nweb2\n")
    retry = tmp_path / "site.retry"
    retry.write_text("web2\nweb3\n")
    error = _refused(path, limit=f"@{retry}")
    assert (error.file, error.line) == (str(retry), 2)
    assert "No such file" in str(_refused(path, limit="@/nowhere"))


def test_what_ansible_warns_of_is_told(tmp_path: Path) -> None:
    path = tmp_path / "hosts.yml"
    path.write_text("web:\n  hosts: {a: {x: 1, x: 2}}\n  hots: {b: }\n")
    told: list[str] = []
    load_inventory(path, warn=lambda note: told.append(str(note)))
    assert told == [
        f"{path}:2:21: 'x' is there twice; the last one counts",
        f"{path}:3:3: group web has no 'hots': only hosts, vars and children; it is passed over",
    ]


def _script(folder: Path, body: str) -> Path:
    path = folder / "inventory.sh"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_a_script_that_fails_shows_its_last_words(tmp_path: Path) -> None:
    error = _refused(_script(tmp_path, "echo 'no token\x1b[31m' >&2; exit 4"))
    assert error.message == "the script ended with status 4"
    assert error.hint == "its last words: no token [31m"
    assert error.file.endswith("inventory.sh --list")


def test_a_script_that_hangs_is_stopped(tmp_path: Path) -> None:
    start = time.monotonic()
    error = _refused(_script(tmp_path, "sleep 60 & sleep 60"), script_timeout=0.5)
    assert error.message == "the script did not end within 0.5 seconds"
    assert time.monotonic() - start < 5


def test_a_script_that_never_stops_talking_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.inventory.script.LIMIT", 100_000)
    error = _refused(_script(tmp_path, "yes"), script_timeout=30)
    assert error.message == "the script printed more than 100000 bytes"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("echo hello", "the script's answer is not JSON"),
        ("printf '\\377'", "the script's answer is not UTF-8"),
        ("echo '[1]'", "the listing is not a JSON object"),
        ('echo \'{"web": {"hosts": "a"}}\'', "hosts of group web are not a JSON array"),
        ("echo '{\"web\": [5]}'", "a host of group web is not text"),
        ("echo '{\"_meta\": 1}'", "_meta.hostvars of the listing is not a JSON object"),
        ('echo \'{"web": {"vars": 1}}\'', "vars of group web are not a JSON object"),
        ('echo \'{"web": {"children": 1}}\'', "children of group web are not a JSON array"),
        ('echo \'{"web": {"children": [1]}}\'', "a child of group web is not a group's name"),
        ('[ $1 = --host ] && echo 1 || echo \'{"web": ["a"]}\'', "of host a are not a JSON object"),
    ],
)
def test_scripts_that_print_something_else(tmp_path: Path, body: str, message: str) -> None:
    assert message in _refused(_script(tmp_path, body)).message


def test_a_script_may_be_a_broken_interpreter(tmp_path: Path) -> None:
    path = tmp_path / "inventory.py"
    path.write_text("#!/no/such/interpreter\n")
    path.chmod(0o755)
    assert "the script cannot be started: No such file" in str(_refused(path))


BOMB = "".join(
    [
        "m0: &m0 {a: x, b: y}\n",
        *(f"m{n}: &m{n} {{a: *m{n - 1}, b: *m{n - 1}}}\n" for n in range(1, 31)),
    ]
)


@pytest.mark.parametrize(
    ("use", "place"),
    [
        ("tuner_facts: *m30", "h.yml:32:1: tuner_facts of host h holds more than 100000 values"),
        ("tuner_waivers: [*m30]", "h.yml:32:1: tuner_waivers of host h holds more than 100000"),
        ("ansible_host: '{{ m30 }}'", "h.yml:31:1: m30 of host h holds more than 100000 values"),
        ("ansible_user: '{{ hostvars.h.m30 }}'", "h.yml:31:1: m30 of host h holds more than"),
        ("unused: [*m30, !unsafe {a: *m30}]", ""),
    ],
)
def test_anchors_that_multiply_each_other_end(tmp_path: Path, use: str, place: str) -> None:
    (tmp_path / "hosts").write_text("h\n")
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars/h.yml").write_text(BOMB + use + "\n")
    if not place:
        assert len(load_inventory(tmp_path / "hosts")) == 1
        return
    with pytest.raises(InventoryError, match="holds more than") as caught:
        load_inventory(tmp_path / "hosts")
    assert place in str(caught.value)
    assert "Write out what is meant" in caught.value.hint


def test_expressions_that_double_a_text_end(tmp_path: Path) -> None:
    lines = [
        "m0: xxxxxxxxxx",
        *(f"m{n}: '{{{{ m{n - 1} }}}}{{{{ m{n - 1} }}}}'" for n in range(1, 29)),
    ]
    (tmp_path / "hosts").write_text("h\n")
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars/h.yml").write_text("\n".join([*lines, "ansible_host: '{{ m28 }}'\n"]))
    with pytest.raises(InventoryError, match=r"h\.yml:21:1: m20 of host h would become too large"):
        load_inventory(tmp_path / "hosts")


def test_groups_that_multiply_each_other_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuner.inventory.yaml_text._MOST_VISITS", 1000)
    lines = ["g0: &m0 {hosts: {h: }}"]
    lines += [
        f"g{n}: &m{n} {{children: {{a{n}: *m{n - 1}, b{n}: *m{n - 1}}}}}" for n in range(1, 31)
    ]
    (tmp_path / "hosts.yml").write_text("\n".join(lines) + "\n")
    with pytest.raises(InventoryError, match=r":1:5: aliases lead to this mapping more than 1000 "):
        load_inventory(tmp_path / "hosts.yml")


def test_a_host_that_yaml_takes_for_a_date_is_shown_as_written(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all:\n  hosts:\n    2024-01-01:\n")
    with pytest.raises(InventoryError) as caught:
        load_inventory(tmp_path / "hosts.yml")
    assert str(caught.value).endswith(
        "hosts.yml:3:5: the host 2024-01-01 is a date to YAML, not text"
    )
    assert caught.value.hint == 'put the name in quotes: "2024-01-01":'


def test_a_file_of_hosts_may_hold_comments(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("[web]\nweb01\nweb02\nweb03\n")
    retry = tmp_path / "again.retry"
    retry.write_text("# failed last night\nweb02\n\n  # and\nweb03\n!web03\n")
    (host,) = load_inventory(tmp_path / "hosts", limit=f"@{retry}")
    assert host.name == "web02"
    retry.write_text("# all went well\n\n")
    refused = _refused(tmp_path / "hosts", limit=f"@{retry}")
    assert str(refused) == f"{retry}: the file of --limit @{retry} names no host"
    refused = _refused(tmp_path / "hosts", limit=f"all,!@{retry}")
    assert "a file of hosts can only add to them" in refused.message
    assert "before each line" in refused.hint


@pytest.mark.parametrize(
    ("name", "text", "said", "hint"),
    [
        (
            "a.yml",
            b"all:\n  hosts:\n    caf\xe9:\n",
            "a.yml:3:8: it is not UTF-8: the byte 0xe9",
            "save",
        ),
        (
            "a.yml",
            b"all:\n  hosts:\n    '':\n",
            "a.yml:3:5: a host's name is empty",
            "write its name",
        ),
        (
            "a.yml",
            b"all:\n  hosts:\n    w[b:a]:\n",
            "a.yml:3:5: the range [b:a] ends",
            "web[01:20]",
        ),
        (
            "hosts",
            b"w[1:9999999999]\n",
            "hosts:1:1: the range [1:9999999999] is larger",
            "web[01:20]",
        ),
        (
            "hosts",
            b"[a]\n[a:vars]\nansible_group_priority=x\n",
            "hosts:3:1: ansible_group_pr",
            "10",
        ),
        (
            "a.yml",
            b'{"_meta": {"hostvars": {}}, "g": {"hosts": [5]}}',
            "a.yml: a host of group g",
            "--list",
        ),
        ("s", b"#!/bin/sh\necho x\n", "the script's answer is not JSON", "run it by hand and look"),
        (
            "s",
            b"#!/bin/nope\n",
            "the script cannot be started: No such file",
            "is /bin/nope of its",
        ),
    ],
)
def test_every_refusal_has_a_place_and_a_next_step(
    tmp_path: Path, name: str, text: bytes, said: str, hint: str
) -> None:
    (tmp_path / name).write_bytes(text)
    (tmp_path / name).chmod(0o755 if text.startswith(b"#!") else 0o644)
    refused = _refused(tmp_path / name)
    assert said in str(refused)
    assert hint in refused.hint

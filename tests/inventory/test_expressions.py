import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tuner.errors import InventoryError
from tuner.inventory.expressions import Expressions
from tuner.inventory.load import load_inventory, read_inventory

INVENTORY = """
all:
  vars:
    domain: example.com
    ansible_host: "{{ inventory_hostname_short }}.{{ domain }}"
    jump: "{{ hostvars['bastion'].address }}"
    ansible_ssh_common_args: "-o ProxyJump={{ jump }}"
    base: [base-role]
    nested: {user: "{{ who }}"}
    who: ops
  children:
    web:
      hosts:
        web1.lan:
          ansible_user: "{{ nested.user }}"
          tuner_roles: "{{ base + ['own'] }}"
          ansible_port: "{{ ports[0] }}"
          ports: [2201, 2202]
          ansible_become: "{{ 'web' in group_names }}"
        10.1.2.3:
          ansible_host: "{{ inventory_hostname_short }}"
          ansible_user: "{{ inventory_hostname | regex_replace('[.]', '-') }}"
          tuner_roles: "{{ 'a b'.split() + ('c d' | split) + [domain | length] }}"
          tuner_facts: {nat: "{{ (who == 'ops') | ternary('yes', 'no') }}", internet: "{{ false }}"}
    other:
      hosts:
        bastion:
          address: "{{ inventory_hostname }}.{{ domain }}"
          ansible_user: "{{ groups['web'][0] }}"
          ansible_password: "{{ hostvars['web1.lan'] | length > 3 }}{{ hostvars | length }}"
          tuner_roles: !unsafe "{{ base }}"
          never_used: "{{ undefined_thing | no_such_filter }}"
          ansible_become_user: "{% if domain %}x{% else %}y{% endif %}"
          ansible_become: "{{ missing | default(true) | bool }}"
          ansible_private_key_file: "{{ inventory_dir }}/{{ inventory_file | length > 1 }}"
          tuner_dump: "{{ lookup('env', 'PATH') }}"
          ansible_ssh_extra_args: |
            {{ who }}
"""
NAMES = [
    "ansible_host",
    "ansible_user",
    "ansible_password",
    "ansible_port",
    "ansible_become",
    "ansible_become_user",
    "ansible_ssh_common_args",
    "ansible_ssh_extra_args",
    "ansible_private_key_file",
    "tuner_roles",
    "tuner_facts",
    "tuner_dump",
]


def test_expressions_mean_what_they_mean_to_ansible(
    tmp_path: Path, ask_ansible: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
) -> None:
    path = tmp_path / "hosts.yml"
    path.write_text(INVENTORY)
    (theirs,) = ask_ansible([{"path": str(path), "resolve": NAMES}])
    assert "error" not in theirs, theirs
    tree, variables = read_inventory(path)
    expressions = Expressions(variables)
    for host in tree.hosts:
        scope = variables.scope(host)
        found = {name: scope.find(name) for name in NAMES}
        ours = {name: expressions.value(scope, v) for name, v in found.items() if v is not None}
        assert ours == theirs["resolved"][host]


def test_hosts_get_the_values(tmp_path: Path) -> None:
    path = tmp_path / "hosts.yml"
    path.write_text(INVENTORY)
    (web,) = load_inventory(path, limit="web1.lan")
    assert web.address == "web1.example.com"
    assert web.ssh_common_args == "-o ProxyJump=bastion.example.com"
    assert (web.user, web.port, web.roles) == ("ops", 2201, ("base-role", "own"))
    assert web.become is not None


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("{{ hostvars['nobody'].x }}", "ansible_user of host h uses nobody, which is not defined"),
        (
            "{{ hostvars['h'].nothing }}",
            "ansible_user of host h uses nothing, which is not defined",
        ),
        ("{{ hostvars['h'].ansible_user }}", "ansible_user of host h refers to itself"),
        ("{{ lookup('file', '/etc/passwd') }}", "uses a lookup that tuner has not: file"),
        ("{{ 'x' * 3 + 5 }}", "puts values together that do not fit, such as a text and a number"),
        ("{{ v0 }}", "is more than 30 variables away"),
        ("{{ range(999999) | list }}", "ansible_user of host h counts too far"),
        ("{{ 'a' | regex_replace('(') }}", "holds no regular expression: missing )"),
        ("{{ 1 / 0 }}", "divides by zero"),
        ("{{ ['a'] | map('nope') | list }}", "cannot be evaluated: No filter named 'nope'"),
        ("{{ [1] * 100000000 }}", "would become too large by *"),
        ("{{ 100000000 * 'xy' }}", "would become too large by *"),
        ("{{ 9 ** 99999999 }}", "would become too large by **"),
        ("{{ '%1000000000d' % 1 }}", "would become too large by %"),
        ("{{ '%*d' % (1000000000, 1) }}", "would become too large by %"),
        ("{{ '%1000000000d' | format(1) }}", "would become too large by format"),
        ("{{ '{:>1000000000}'.format(1) }}", "would become too large by format"),
        ("{{ 'x' | center(3000000000) }}", "would become too large by center"),
        ("{{ ['x'] | map('center', 3000000000) | list }}", "would become too large by center"),
        ("{{ 'x'.ljust(3000000000) }}", "would become too large by ljust"),
        ("{{ 'x' | indent(3000000000) }}", "would become too large by indent"),
        ("{{ [1] | batch(3000000000, 0) | list }}", "would become too large by batch"),
        ("{{ long | replace('', long) }}", "would become too large by replace"),
        ("{{ long.replace('', long) }}", "would become too large by replace"),
        ("{{ long | regex_replace('', long) }}", "would become too large by regex_replace"),
        ("{{ long | list | join(long) }}", "would become too large by join"),
        ("{{ long.join(long) }}", "would become too large by join"),
        ("{% for i in range(99999) %}{{ long }}{% endfor %}", "would become too large by {{ }}"),
    ],
)
def test_trouble(tmp_path: Path, expression: str, message: str) -> None:
    path = tmp_path / "hosts.yml"
    chain = "".join(f"    v{i}: '{{{{ v{i + 1} }}}}'\n" for i in range(40))
    path.write_text(
        f'all:\n  hosts: {{h: }}\n  vars:\n    long: {"x" * 9999}\n    ansible_user: "{expression}"\n{chain}'
    )
    with pytest.raises(InventoryError) as caught:
        load_inventory(path)
    assert message in caught.value.message
    assert caught.value.line


def test_one_expression_for_many_hosts_is_compiled_once(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("h[1:5000]\n[all:vars]\nansible_host={{ inventory_hostname }}.example.com\n")
    start = time.process_time()
    assert load_inventory(path)[-1].address == "h5000.example.com"
    assert time.process_time() - start < 3


def test_jinja_is_not_loaded_without_need(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("h ansible_host=10.0.0.1 other={{unused}}\n")
    code = (
        "import sys; from pathlib import Path; from tuner.inventory.load import load_inventory;"
        "load_inventory(Path(sys.argv[1])); sys.exit('jinja2' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code, path], cwd=root, check=False).returncode == 0


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("{{ 'ab' * 3 }}", "ababab"),
        ("{{ 'p-%05d' % 7 }}", "p-00007"),
        ("{{ '{:>4}'.format('x') }}", "   x"),
        ("{{ ['a', 'b'] | join('-') }}", "a-b"),
        ("{{ ['a', 'b'] | map('replace', 'a', 'c') | join }}", "cb"),
        ("{{ '-'.join(['a', 'b']) | replace('-', '+') }}", "a+b"),
        ("{{ 'x' | center(3) | indent(2, first=true) }}", "   x "),
        ("{{ 2 ** 10 + 3 % 2 }}", "1025"),
        ("{% for i in range(3) %}{{ i }}{% endfor %}", "012"),
    ],
)
def test_what_is_bounded_works_as_ever(tmp_path: Path, expression: str, value: str) -> None:
    path = tmp_path / "hosts.yml"
    path.write_text(f'all:\n  hosts: {{h: }}\n  vars:\n    ansible_user: "{expression}"\n')
    assert load_inventory(path)[0].user == value

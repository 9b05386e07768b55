import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from tuner.errors import ConnectError, InventoryError
from tuner.inventory.host import Become, Host, Way
from tuner.inventory.load import load_inventory
from tuner.policy.waiver import Waiver
from tuner.remote.session import Session
from tuner.snapshot.facts import Balancer, Facts, Known, Spread

Load = Callable[..., Host]
VAULT = "!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  61626364\n"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return the one host ``h`` whose variables are that YAML."""

    def load(variables: str, **options: object) -> Host:
        (tmp_path / "hosts.yml").write_text("web: {hosts: {h: }}\n")
        (tmp_path / "host_vars").mkdir(exist_ok=True)
        (tmp_path / "host_vars/h.yml").write_text(variables)
        (host,) = load_inventory(tmp_path / "hosts.yml", **options)  # type: ignore[arg-type]
        return host

    return load


def test_nothing_said_leaves_everything_to_ssh(load: Load) -> None:
    assert load("") == Host(name="h", way=Way.SSH, groups=("web",))


def test_connection(load: Load) -> None:
    host = load(
        """
ansible_connection: ansible.builtin.ssh
ansible_host: 192.0.2.1
ansible_port: "2222"
ansible_user: ops
ansible_password: hunter2
ansible_ssh_private_key_file: ~/.ssh/ops
ansible_ssh_private_key_passphrase: 12345
ansible_ssh_common_args: -o ProxyJump=bastion
ansible_ssh_extra_args: -v
ansible_host_key_checking: "no"
somebody_elses: {anything: [1]}
"""
    )
    assert host == Host(
        name="h",
        way=Way.SSH,
        address="192.0.2.1",
        port=2222,
        user="ops",
        password=SecretStr("hunter2"),
        private_key_file=str(Path("~/.ssh/ops").expanduser()),
        private_key_passphrase=SecretStr("12345"),
        ssh_common_args="-o ProxyJump=bastion -v",
        host_key_checking=False,
        groups=("web",),
    )


def test_the_old_names(load: Load) -> None:
    host = load(
        "{ansible_ssh_host: a, ansible_ssh_port: 1, ansible_ssh_user: b, ansible_ssh_pass: c,"
        " ansible_private_key_file: /d, ansible_ssh_host_key_checking: true}"
    )
    assert (host.address, host.port, host.user, host.private_key_file) == ("a", 1, "b", "/d")
    assert host.password == SecretStr("c")
    assert host.host_key_checking is True


def test_of_two_names_the_same_wins_as_in_ansible(load: Load) -> None:
    host = load(
        "{ansible_host: new, ansible_ssh_host: old, ansible_user: new, ansible_ssh_user: null}"
    )
    assert (host.address, host.user) == ("old", "new")


@pytest.mark.parametrize(
    ("name", "way"),
    [("ssh", Way.SSH), ("paramiko", Way.SSH), ("smart", Way.SSH), ("local", Way.LOCAL)],
)
def test_ways(load: Load, name: str, way: Way) -> None:
    assert load(f"ansible_connection: {name}").way is way


def test_a_connection_that_tuner_has_not_concerns_that_host_alone(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("good\nwin ansible_connection=winrm ansible_port=none\n")
    good, win = load_inventory(path)
    assert (good.way, win.way, win.connection) == (Way.SSH, Way.OTHER, "winrm")
    with Session() as session, pytest.raises(ConnectError, match=r"win: .* is 'winrm', which") as e:
        session.connect(win)
    assert e.value.hint == "use ssh or local, or leave the host out: --limit 'all:!win'"


def test_arguments_for_ssh_are_joined(load: Load) -> None:
    host = load(
        "{ansible_ssh_extra_args: -o C=3, ansible_ssh_args: -F x, ansible_ssh_common_args: -J b}"
    )
    assert host.ssh_common_args == "-F x -J b -o C=3"


def test_become(load: Load) -> None:
    host = load(
        "{ansible_become: yes, ansible_become_user: admin, ansible_become_method: sudo,"
        " ansible_become_password: hunter2, ansible_become_flags: '-H -p \"pass word\"'}"
    )
    assert host.become == Become("admin", SecretStr("hunter2"), ("-H", "-p", "pass word"))
    assert load("{ansible_become: 'false', ansible_become_method: su}").become is None
    assert load("{ansible_become: 1, ansible_become_exe: /opt/sudo}").become == Become(
        exe="/opt/sudo"
    )
    assert load("{ansible_become: 1, ansible_become_pass: 5}").become == Become(
        password=SecretStr("5")
    )


def test_become_from_the_command_line(load: Load) -> None:
    given = SecretStr("asked")
    assert load("", become=True, become_password=given).become == Become(password=given)
    assert load("", become_password=given).become is None
    vaulted = f"ansible_become: true\nansible_become_password: {VAULT}"
    assert load(vaulted, become_password=given).become == Become(password=given)
    host = load("{ansible_become: true, ansible_become_password: own}", become_password=given)
    assert host.become == Become(password=SecretStr("own"))


def test_passwords_are_shown_nowhere(load: Load) -> None:
    host = load(
        "{ansible_password: hunter2, ansible_become: true, ansible_become_password: '{{ p }}',"
        " p: hunter2}"
    )
    assert host.become is not None
    assert host.become.password == SecretStr("hunter2")
    assert "hunter2" not in repr(host)


@pytest.mark.parametrize(
    "variables",
    [
        "ansible_password: [hunter2]",
        "{ansible_password: '{{ p.x }}', p: hunter2}",
        "{ansible_password: '{{ p | nope }}', p: hunter2}",
        "ansible_password: x{{ hunter2 hunter2",
        "{ansible_password: '{{ p + 1 }}', p: hunter2}",
        "{ansible_password: '{{ {}[p] }}', p: hunter2}",
        "{ansible_password: '{{ lookup(p, 1) }}', p: hunter2}",
    ],
)
def test_passwords_are_in_no_error(load: Load, variables: str) -> None:
    with pytest.raises(InventoryError) as caught:
        load(variables)
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


def test_a_line_that_does_not_parse_is_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    for text in (
        "h ansible_password=hunter2 oops\n",
        "h ansible_password=my hunter2\n",
        "[g:children]\nansible_password hunter2\n",
        "h ansible_password='hunter2\n",
        "h ansible_password={[]:1,2:'\"hunter2\"'}\n",
        "h:\nansible_password=hunter2 x\n",
        "[all:vars]\nansible_password: hunter2\n",
    ):
        path.write_text(text)
        with pytest.raises(InventoryError) as caught:
            load_inventory(path)
        assert "hunter2" not in f"{caught.value} {caught.value.hint}", text


@pytest.mark.parametrize(
    ("written", "roles"),
    [
        ("client-heavy", ("client-heavy",)),
        ("[a, b, a]", ("a", "b")),
        ("[]", ()),
        ("null", ()),
        ("\"{{ ['a'] + ['b'] }}\"", ("a", "b")),
    ],
)
def test_roles(load: Load, written: str, roles: tuple[str, ...]) -> None:
    assert load(f"tuner_roles: {written}").roles == roles


def test_roles_from_the_command_line_replace_the_inventorys(load: Load) -> None:
    assert load("tuner_roles: [a, b]", roles=["c"]).roles == ("c",)


def test_facts(load: Load) -> None:
    host = load("tuner_facts: {nat: yes, balancer: l7, spread: ip-hash, internet: no}")
    assert host.facts == Facts(
        nat=Known.YES, balancer=Balancer.L7, spread=Spread.IP_HASH, internet=Known.NO
    )
    assert load("tuner_facts: {nat: 'unknown'}").facts == Facts()


def test_waivers(load: Load) -> None:
    host = load(
        """
tuner_waivers:
  - {key: net/ipv4/tcp_fin_timeout, reason: r, owner: o, until: 2030-01-02}
  - {rule: drift, reason: r, owner: o, until: "2030-01-02"}
"""
    )
    until = dt.date(2030, 1, 2)
    assert host.waivers == (
        Waiver(key="net.ipv4.tcp_fin_timeout", reason="r", owner="o", until=until),
        Waiver(rule="drift", reason="r", owner="o", until=until),
    )


def test_a_dump_lies_beside_the_file_that_names_it(load: Load, tmp_path: Path) -> None:
    host = load("{tuner_dump: dumps/h.dump, ansible_connection: winrm}")
    assert (host.way, host.dump) == (Way.DUMP, str(tmp_path / "host_vars/dumps/h.dump"))
    assert load("tuner_dump: /tmp/h.dump").dump == "/tmp/h.dump"
    assert load("tuner_dump: '{{ inventory_hostname }}.dump'").dump.endswith("host_vars/h.dump")


@pytest.mark.parametrize(
    ("variables", "line", "column", "message", "hint"),
    [
        ("a: 1\ntuner_role: x", 2, 1, "tuner has no variable tuner_role", "did you mean tuner_roles?"),
        ("tuner_facts: {nta: yes}", 1, 15, "tuner_facts.nta of host h: there is no such field", "did you mean nat?"),
        ("tuner_facts:\n  balancer: l5", 2, 3, "tuner_facts.balancer of host h: 'l5' is not one of", ""),
        ("tuner_facts:\n  spread: round_robin", 2, 3, "'round_robin' is not one of", "did you mean round-robin?"),
        ("tuner_facts: yes", 1, 1, "tuner_facts of host h is yes or no, not a mapping", "write names and values"),
        ("tuner_roles: {a: b}", 1, 1, "tuner_roles of host h is a mapping, not a list", "write a list: [one, two]"),
        ("tuner_roles:\n  - a\n  - 5", 3, 5, "tuner_roles[1] of host h is a number, not text", "write it as text"),
        ("tuner_roles: ['']", 1, 1, "tuner_roles of host h holds an empty name", "name a profile"),
        ("tuner_waivers:\n  - {key: a.b, reason: r, owner: o}", 2, 5, "tuner_waivers[0].until of host h: this field is missing", "add until:"),
        ("tuner_waivers:\n  - reason: r\n    owner: o\n    until: 2030-01-01", 2, 5, "a waiver names a rule, a key, or both", "add rule: or key:"),
        ("tuner_waivers:\n  - reason: r\n    onwer: o\n    key: a.b\n    until: 2030-01-01", 3, 5, "tuner_waivers[0].onwer of host h: there is no such field", "did you mean owner?"),
        ("tuner_waivers:\n  - {key: a.b, reason: r, owner: o, until: soon}", 2, 37, "tuner_waivers[0].until of host h is 'soon', not a day", "write it as 2027-03-31"),
        ("tuner_waivers:\n  - {key: a b, reason: r, owner: o, until: 2030-01-01}", 2, 6, "not a sysctl key: 'a b'", "write it as sysctl does"),
        ("tuner_waivers:\n  - {key: net.ipv4.conf.*.rp_filter, reason: r, owner: o, until: 2030-01-01}", 2, 6, "net.ipv4.conf.*.rp_filter is a pattern, and a waiver names one key", "write one waiver for each key"),
        ("ansible_port: 70000", 1, 1, "ansible_port of host h is no port: '70000'", "write 1 to 65535"),
        ("ansible_port: ssh", 1, 1, "is no port: 'ssh'", ""),
        ("ansible_host: [a]", 1, 1, "ansible_host of host h is not text", ""),
        ("ansible_become: perhaps", 1, 1, "is neither yes nor no", ""),
        ("{ansible_become: true, ansible_become_method: su}", 1, 24, "is 'su', which tuner cannot use", "tuner knows sudo only"),
        (f"ansible_password: {VAULT}", 1, 1, "ansible_password of host h is encrypted with Ansible Vault", "use a key"),
        (f"ansible_become: true\nansible_become_password: {VAULT}", 2, 1, "is encrypted with Ansible Vault", "--ask-become-pass"),
        (f"v: {VAULT}\nansible_user: '{{{{ v }}}}'", 5, 1, "ansible_user of host h is encrypted with Ansible Vault", ""),
        (f"v: {VAULT}\nansible_user: 'x{{{{ v }}}}'", 5, 1, "ansible_user of host h is encrypted with Ansible Vault", ""),
        ("ansible_user: '{{ nobody }}'", 1, 1, "ansible_user of host h uses nobody, which is not defined", ""),
        ("a: '{{ b }}'\nb: '{{ a }}'\nansible_user: '{{ a }}'", 1, 1, "a of host h refers to itself", ""),
        ("ansible_user: '{{ 1 | to_nice_yaml }}'", 1, 1, "is no expression that tuner knows", "of Ansible's own filters"),
        ("ansible_user: '{{ open'", 1, 1, "is no expression that tuner knows", ""),
        ("ansible_user: \"{{ ''.__class__.__mro__ }}\"", 1, 1, "reaches into Python, which tuner does not allow: access to attribute '__class__'", "use names, filters"),
        ("tuner_dump: ''", 1, 1, "tuner_dump of host h is empty", ""),
    ],
)  # fmt: skip
def test_refusals(
    load: Load, tmp_path: Path, variables: str, line: int, column: int, message: str, hint: str
) -> None:
    with pytest.raises(InventoryError) as caught:
        load(variables)
    error = caught.value
    assert message in error.message
    assert hint in error.hint
    assert (error.file, error.line, error.column) == (
        str(tmp_path / "host_vars/h.yml"),
        line,
        column,
    )


def test_vaults_that_are_not_needed_do_not_hurt(load: Load, tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/all.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    host = load(f"secret: {VAULT}\nansible_become_password: {VAULT}\nansible_user: ops")
    assert host.user == "ops"
    with pytest.raises(InventoryError, match="uses vault_user, which is not defined") as caught:
        load("ansible_user: '{{ vault_user }}'")
    assert "group_vars/all.yml, which is encrypted with Ansible Vault" in caught.value.hint


def test_a_local_or_dumped_host_needs_no_ssh_password(load: Load) -> None:
    assert load(f"ansible_connection: local\nansible_password: {VAULT}").way is Way.LOCAL
    assert load(f"tuner_dump: x\nansible_become: yes\nansible_become_password: {VAULT}").dump


def test_offline_nothing_about_connections_matters(load: Load) -> None:
    host = load(
        f"tuner_roles: a\nansible_connection: winrm\nansible_port: x\nansible_password: {VAULT}",
        offline=True,
    )
    assert host == Host(name="h", roles=("a",), groups=("web",))


def test_where_an_ini_variable_is(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text(
        "[web]\nh  a=1 tuner_facts=\"{'nat': 'perhaps'}\"\n[web:vars]\n  tuner_rolls = x\n"
    )
    with pytest.raises(InventoryError, match=r"hosts:4:3: tuner has no variable tuner_rolls"):
        load_inventory(path)
    path.write_text("[web]\nh  a=1 tuner_facts=\"{'nat': 'perhaps'}\"\n")
    with pytest.raises(InventoryError, match=r"hosts:2:8: tuner_facts.nat of host h: 'perhaps'"):
        load_inventory(path)


def test_where_a_json_variable_is(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(
        '{"web": {"hosts": ["h"]},\n "_meta": {"hostvars": {"h":\n  {"tuner_role": "x"}}}}'
    )
    with pytest.raises(InventoryError, match=r"list.json:3:4: tuner has no variable tuner_role"):
        load_inventory(path)


@pytest.mark.parametrize(
    ("rule", "hint"),
    [("drfit", "did you mean drift?"), ("nonsense", "tuner rules lists them all")],
)
def test_a_waiver_of_a_rule_that_is_none_is_refused(
    load: Load, tmp_path: Path, rule: str, hint: str
) -> None:
    text = f"tuner_waivers:\n  - reason: r\n    rule: {rule}\n    owner: o\n    until: 2030-01-01\n"
    assert load(text).waivers[0].rule == rule  # nobody said which rules there are
    with pytest.raises(InventoryError) as caught:
        load(text, rules=lambda: {"drift", "sack-off"})
    place = f"{tmp_path}/host_vars/h.yml:3:5"
    assert str(caught.value) == f"{place}: tuner_waivers of host h: there is no rule '{rule}'"
    assert caught.value.hint == hint
    assert load(text.replace(rule, "drift"), rules=lambda: {"drift"}).waivers[0].rule == "drift"

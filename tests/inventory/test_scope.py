"""Scopes: which hosts an answer or a known finding is about."""

from __future__ import annotations

import pytest

from tuner.errors import InventoryError
from tuner.inventory.host import Host
from tuner.inventory.scope import Scopes

HOSTS = [
    Host("web1", groups=("web", "prod"), roles=("public-server",)),
    Host("web2", groups=("web",), roles=("public-server",)),
    Host("web10", groups=("web",), roles=("edge", "public-server")),
    Host("db01", groups=("db", "prod"), roles=("internal-server",)),
    Host("db02", groups=("db",), roles=("internal-server",)),
    Host("2001:db8::1", roles=()),
    Host("odd[1],x"),
]


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("all", {host.name for host in HOSTS}),
        ("*", {host.name for host in HOSTS}),
        ("web1", {"web1"}),
        ("web", {"web1", "web2", "web10"}),
        ("web:&prod", {"web1"}),
        ("web:!prod", {"web2", "web10"}),
        ("!web:!db", {"2001:db8::1", "odd[1],x"}),
        ("&prod", {"web1", "db01"}),
        ("web1,db01", {"web1", "db01"}),
        ("web1 , db01", {"web1", "db01"}),
        ("role=internal-server", {"db01", "db02"}),
        ("role=public-server:!role=edge", {"web1", "web2"}),
        ("role=*-server:&prod", {"web1", "db01"}),
        ("w*1", {"web1"}),
        ("~web[12]$", {"web1", "web2"}),
        ("~(web|db):?", {"web1", "web2", "web10", "db01", "db02"}),
        ("web[1:3]", {"web1", "web2"}),
        ("db[01:02]", {"db01", "db02"}),
        ("2001:db8::1", {"2001:db8::1"}),
        ("odd[1],x", {"odd[1],x"}),
    ],
)
def test_terms(scope: str, names: set[str]) -> None:
    assert Scopes(HOSTS).find(scope).names == names


def test_a_range_spells_names_and_is_no_position_in_a_group() -> None:
    # Ansible's web[0:1] would be web1 and web2, until somebody puts a host before them.
    assert Scopes(HOSTS).find("web[0:1]").names == {"web1"}


def test_terms_that_mean_nobody_are_told() -> None:
    scopes = Scopes(HOSTS)
    matched = scopes.find("web1:wbe:!gone:role=none")
    assert matched.names == {"web1"}
    assert matched.unmatched == ("wbe", "role=none", "gone")
    assert scopes.near("wbe") == "did you mean web?"
    assert scopes.near("role=public-sever") == "did you mean role=public-server?"
    assert scopes.find("gone").names == frozenset()


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (" ", "the scope is empty"),
        ("web:!", "the term '!' names nothing"),
        ("~(", "is no regular expression"),
        ("web[1:", "holds a bracket that is not a range"),
        ("web[x]", "must be [begin:end]"),
    ],
)
def test_malformed_scopes_are_refused(scope: str, said: str) -> None:
    with pytest.raises(InventoryError, match=r".") as caught:
        Scopes(HOSTS).find(scope)
    assert said in str(caught.value)

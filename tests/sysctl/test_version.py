from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.sysctl.version import KernelVersion, parse_version

small = st.integers(min_value=0, max_value=999)


@pytest.mark.parametrize(
    ("release", "numbers"),
    [
        ("4.18.0-553.el8_10.x86_64", (4, 18, 0)),
        ("2.6.32-754.35.1.el6.x86_64", (2, 6, 32)),
        ("6.1.0-31-amd64", (6, 1, 0)),
        ("5.15.167.4-microsoft-standard-WSL2", (5, 15, 167)),
        ("6.18-rc3", (6, 18, 0)),
        ("5.4.0-200-generic\n", (5, 4, 0)),
        ("6.18", (6, 18, 0)),
    ],
)
def test_parse_version(release: str, numbers: tuple[int, int, int]) -> None:
    version = parse_version(release)
    assert (version.major, version.minor, version.patch) == numbers
    assert str(version) == release.strip()


@pytest.mark.parametrize("release", ["", "linux", "6", "v6.18", "-1.2", ".1.2"])
def test_parse_version_refuses(release: str) -> None:
    with pytest.raises(ValueError, match="not a kernel release"):
        parse_version(release)


@given(st.tuples(small, small, small), st.tuples(small, small, small))
def test_versions_order_by_number_and_not_by_text(
    one: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    left, right = (parse_version("{}.{}.{}-vendor".format(*it)) for it in (one, other))
    assert (left < right) is (one < other)
    assert left.at_least(other[0], other[1]) is (one[:2] >= other[:2])


def test_the_vendor_suffix_does_not_order() -> None:
    assert parse_version("4.18.0-553.el8") == parse_version("4.18.0")
    assert parse_version("4.9.1") < parse_version("4.10.0")
    assert str(KernelVersion(4, 18, 3)) == "4.18.3"

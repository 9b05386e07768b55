"""The measures of a host, and what happens where the source does not know them."""

from __future__ import annotations

from tuner.report._gauges import Destination, Gauges, gauges
from tuner.snapshot.snapshot import Counters, Flow, Missing, Snapshot, Sockets
from tuner.sysctl.key import Key
from tuner.sysctl.version import parse_version

RANGE = Key("net.ipv4.ip_local_port_range")
BUCKETS = Key("net.ipv4.tcp_max_tw_buckets")


def snapshot(
    live: dict[Key, str | Missing] | None = None,
    counters: Counters | None = None,
    sockets: Sockets | None = None,
) -> Snapshot:
    return Snapshot("h", parse_version("6.1"), live=live or {}, counters=counters, sockets=sockets)


def test_a_source_that_knows_nothing() -> None:
    assert gauges(snapshot({RANGE: Missing.DENIED, BUCKETS: Missing.DENIED})).empty
    assert gauges(snapshot()) == Gauges()


def test_ports_are_counted_for_each_destination_the_busiest_first() -> None:
    flows = (
        Flow("TIME-WAIT", "10.0.0.1", 0, "10.0.0.9", 443, 70),
        Flow("ESTAB", "10.0.0.1", 0, "10.0.0.9", 443, 30),
        Flow("ESTAB", "10.0.0.1", 0, "10.0.0.9", 80, 500),
        Flow("ESTAB", "10.0.0.1", 22, "", 0, 900),  # inbound: it holds no local port
        *(Flow("ESTAB", "10.0.0.1", 0, "10.0.1.1", port, 1) for port in range(1, 9)),
    )
    found = gauges(snapshot({RANGE: "32768\t60999"}, sockets=Sockets({}, (), flows)))
    assert found.usable == 28232
    assert found.destinations[:2] == (
        Destination("10.0.0.1", "10.0.0.9", 80, 500, 0),
        Destination("10.0.0.1", "10.0.0.9", 443, 100, 70),
    )
    assert len(found.destinations) == 5


def test_sockets_that_were_not_all_seen_are_not_shown() -> None:
    flows = (Flow("ESTAB", "a", 0, "b", 80, 500),)
    assert gauges(snapshot(sockets=Sockets({}, (), flows, truncated=True))).destinations == ()


def test_the_two_samples_and_the_tracked_connections() -> None:
    counters = Counters(
        {"sockstat.TCP.tw": 1200, "conntrack.count": 50, "conntrack.max": 100},
        {"sockstat.TCP.tw": 100.0},
        2.0,
    )
    found = gauges(snapshot({BUCKETS: "4096"}, counters))
    assert found.time_wait == (1000, 1200)
    assert found.seconds == 2.0
    assert found.time_wait_limit == 4096
    assert found.conntrack == (50, 100)
    assert gauges(snapshot({BUCKETS: "-1"}, counters)).time_wait_limit is None


def test_one_sample_is_no_course() -> None:
    counters = Counters(
        {"sockstat.TCP.tw": 1200, "conntrack.max": 0, "conntrack.count": 0}, {}, 0.0
    )
    found = gauges(snapshot(counters=counters))
    assert found.time_wait is None
    assert found.conntrack is None

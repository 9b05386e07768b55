"""Files that are applied after the sysctl.d directories."""

from tuner.snapshot.entries import sort_entries
from tuner.sysctl.files import Entry


def test_ufw_counts_only_when_it_is_enabled() -> None:
    rules = Entry("/etc/ufw/sysctl.conf", content=b"net/ipv4/tcp_syncookies=1\n")
    place = Entry("/etc/default/ufw", content=b"#IPT_SYSCTL=/x\nIPT_SYSCTL=/etc/ufw/sysctl.conf\n")
    on = Entry("/etc/ufw/ufw.conf", content=b"ENABLED=yes\n")
    off = Entry("/etc/ufw/ufw.conf", content=b"ENABLED=no\n")
    assert sort_entries([rules, place, on]).later == (rules,)
    assert sort_entries([rules, place, off]).later == ()


def test_tuned_yields_to_local_files_unless_told_otherwise() -> None:
    profile = Entry(
        "/usr/lib/tuned/a/tuned.conf",
        content=b"[main]\ninclude=b\n[sysctl]\nnet.core.a=1\nvm.x=>5\nnet.core.y=7\n[vm]\nz=1\n",
    )
    local = Entry("/etc/sysctl.conf", content=b"net.core.y=1\n")
    never = Entry("/etc/tuned/tuned-main.conf", content=b"reapply_sysctl = 0\n")
    (yielding,) = sort_entries([profile, local]).later
    assert yielding.content == b"\n\n\nnet.core.a=1\n\n\n\n\n"
    (winning,) = sort_entries([profile, local, never]).later
    assert winning.content == b"\n\n\nnet.core.a=1\n\nnet.core.y=7\n\n\n"

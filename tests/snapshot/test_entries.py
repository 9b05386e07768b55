"""Files that are applied after the sysctl.d directories."""

from tuner.snapshot.entries import early_modules, sort_entries
from tuner.sysctl.files import Entry


def test_ufw_counts_only_when_it_is_enabled() -> None:
    rules = Entry("/etc/ufw/sysctl.conf", content=b"net/ipv4/tcp_syncookies=1\n")
    place = Entry("/etc/default/ufw", content=b"#IPT_SYSCTL=/x\nIPT_SYSCTL=/etc/ufw/sysctl.conf\n")
    on = Entry("/etc/ufw/ufw.conf", content=b"ENABLED=yes\n")
    off = Entry("/etc/ufw/ufw.conf", content=b"ENABLED=no\n")
    assert sort_entries([rules, place, on]).later == (rules,)
    assert sort_entries([rules, place, off]).later == ()


def test_tuned_has_profiles_and_may_apply_the_local_files_again() -> None:
    first = Entry("/etc/tuned/a/tuned.conf", content=b"[main]\ninclude=b\n")
    second = Entry("/usr/lib/tuned/b/tuned.conf", content=b"[sysctl]\nnet.core.y=7\n")
    never = Entry("/etc/tuned/tuned-main.conf", content=b"reapply_sysctl = 0\n")
    told = sort_entries([first, second])
    assert (told.profiles, told.reapply) == ((second, first), True)
    assert not sort_entries([first, never]).reapply


def test_modules_that_are_loaded_before_the_files() -> None:
    lists = [
        Entry("/etc/modules", content=b"# at boot\nnf_conntrack hashsize=1\n\n;x\n"),
        Entry("/etc/modules-load.d/b.conf", content=b"br-netfilter\n\xff\n"),
    ]
    assert early_modules(lists) == {"nf_conntrack", "br_netfilter", "\\xff"}

"""Write the dumps that the golden files need besides the README's: ``python -m tests.golden.make``.

One host says nothing but hostile words, one dump is cut off, one source is a bare ``sysctl -a``.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
README = HERE.parent / "readme"

SCRIPT = "</script><script>alert(1)</script>"
IMAGE = "\"'><img src=x onerror=alert(1)>&amp;]]>"
WORDS = "`x` |y| @octocat #1 https://evil.example [a](javascript:b) {0} {{7*7}} *z*"
TERMINAL = "\x1b[31mred\x07\u202eabc\u2028def"
FILE = f"""\
net.core.somaxconn = {IMAGE}
net.ipv4.tcp_tw_recycle = 1
net.ipv4.tcp_rfc1337 = 1
net.ipv4.tcp_syncookies = {WORDS}
"""


def main() -> None:
    """Write the three."""
    dump = (README / "db1.dump").read_text()
    (HERE / "cut.dump").write_text(dump[:6000])
    (HERE / "bare.txt").write_text(
        "kernel.osrelease = 4.9.0-8-amd64\n"
        "net.core.somaxconn = 128\n"
        "net.ipv4.tcp_timestamps = 0\n"
        "net.ipv4.tcp_tw_recycle = 1\n"
    )
    (HERE / "hostile.dump").write_text(hostile(dump))


def hostile(dump: str) -> str:
    """Return the dump of a host whose owner wants to be read by people."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        dump = _line(dump, f'{path}:PRETTY_NAME="', f'{SCRIPT} {IMAGE} {TERMINAL}"')
    dump = _line(dump, "/proc/sys/net/core/somaxconn:", SCRIPT)
    dump = _line(dump, "/proc/sys/net/ipv4/tcp_sack:", f"0 {TERMINAL}")
    dump = _line(dump, "/proc/sys/net/ipv4/tcp_retries2:", WORDS)
    dump = _line(dump, "/proc/sys/net/ipv4/tcp_syn_retries:", IMAGE)
    name = f"/etc/sysctl.d/90-{IMAGE} {WORDS.replace('/', '_')}.conf"
    size = len(FILE.encode())
    listing = "".join(
        f"{what} -rw-r--r-- 1 0 0 {size} Nov 25 00:48 {name}\n" for what in ("link", "stat")
    )
    flow = "flow 900 ESTAB 10.0.0.1 0 <b>evil</b> 443\n"
    dump = dump.replace("@@ files\n", f"{flow}@@ files\n{listing}")
    return dump.replace("@@ contents\n", f"@@ contents\n==> {name} <==\n{FILE}")


def _line(dump: str, start: str, rest: str) -> str:
    before, found, after = dump.partition(f"\n{start}")
    assert found, start
    return f"{before}{found}{rest}{after[after.index(chr(10)) :]}"


if __name__ == "__main__":
    main()

"""Inventory scripts: programs that print a listing when run with ``--list``."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tuner.inventory.groups import Tree
from tuner.inventory.json_source import parse_listing
from tuner.inventory.source import Source
from tuner.inventory.yaml_text import parse_json
from tuner.quoting import quotable

LIMIT = 256 * 1024 * 1024  # bytes of one answer
_TAIL = 500  # characters of a script's last words
_CHUNK = 65536


def parse_script(tree: Tree, path: Path, *, timeout: float) -> None:
    """Run an inventory script and read its listing into the tree.

    Args:
        tree: where the listing goes.
        path: the script.
        timeout: seconds that each run may take.

    Raises:
        InventoryError: it failed, took too long, or printed something that is no listing.
    """
    source, root = _ask(path, ["--list"], timeout)

    def host_variables(host: str) -> Any:
        return _ask(path, ["--host", host], timeout)[1]

    parse_listing(tree, source, root, host_variables=host_variables)


def _ask(path: Path, arguments: list[str], timeout: float) -> tuple[Source, Any]:
    shown = f"{path} {' '.join(arguments)}"
    answer = _run(path, arguments, timeout, shown)
    empty = Source(shown, "", str(path.parent))
    try:
        text = answer.decode()
    except UnicodeDecodeError:
        raise empty.place().error(
            "the script's answer is not UTF-8",
            hint="let it print UTF-8: PYTHONUTF8=1, LC_ALL=C.UTF-8",
        ) from None
    if arguments[0] == "--host" and not text.strip():
        return empty, {}
    source = Source(shown, text, str(path.parent))
    try:
        return source, parse_json(text)
    except ValueError as error:
        raise empty.place().error(
            f"the script's answer is not JSON: {error}",
            hint=f"run it by hand and look: {shown}",
        ) from None


def _run(path: Path, arguments: list[str], timeout: float, shown: str) -> bytes:
    place = Source(shown, "", "").place()
    try:
        process = subprocess.Popen(  # noqa: S603 - the user named this program
            [path.absolute(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise place.error(
            f"the script cannot be started: {error.strerror}", hint=_why_not(path)
        ) from None
    with process:
        try:
            answer, words = _listen(process, time.monotonic() + timeout)
        except TimeoutError:
            raise place.error(
                f"the script did not end within {timeout:g} seconds",
                hint=f"run it by hand and look: {shown}",
            ) from None
        except OverflowError:
            raise place.error(
                f"the script printed more than {LIMIT} bytes",
                hint=f"run it by hand and look: {shown}",
            ) from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        last = words.decode(errors="replace").strip()[-_TAIL:]
        raise place.error(
            f"the script ended with status {process.returncode}",
            hint=f"its last words: {quotable(last, longest=_TAIL)}" if last else "run it by hand",
        )
    return answer


def _why_not(path: Path) -> str:
    """Return what may keep a script from being started."""
    try:
        with path.open("rb") as file:
            first = file.readline(200)
    except OSError:
        return "check the path and its permissions"
    if not first.startswith(b"#!"):
        return "a script begins with #! and the program that runs it; no script? Then chmod -x it"
    program = first[2:].decode(errors="replace").strip()
    return f"is {quotable(program)} of its first line a program of this machine?"


def _listen(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bytes]:
    heard: dict[str, bytearray] = {"out": bytearray(), "err": bytearray()}
    with selectors.DefaultSelector() as selector:
        for stream, name in ((process.stdout, "out"), (process.stderr, "err")):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, name)
        while selector.get_map():
            left = deadline - time.monotonic()
            ready = selector.select(left) if left > 0 else []
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                piece = os.read(key.fd, _CHUNK)
                if not piece:
                    selector.unregister(key.fileobj)
                heard[key.data] += piece
                if len(heard["out"]) > LIMIT:
                    raise OverflowError
                del heard["err"][: -2 * _TAIL]
    try:
        process.wait(max(0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return bytes(heard["out"]), bytes(heard["err"])

"""Servers that stop in the middle, or refuse: what is missing is named, and a wait is a wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import paramiko
import paramiko.common
import pytest
from paramiko.server import InteractiveQuery
from pydantic import SecretStr

from tuner.errors import AuthError, ConnectError, TimedOut
from tuner.inventory.host import Host

Start = Callable[[paramiko.ServerInterface], Host]


class Server(paramiko.ServerInterface):
    """Takes every key; at one step it waits, and that step's answer is no."""

    def __init__(self, step: str = "", *, release: threading.Event | None = None) -> None:
        self._step = step
        self._release = release or threading.Event()

    def _waits(self, step: str) -> bool:
        if step == self._step:
            self._release.wait(20)
        return step == self._step

    def get_allowed_auths(self, username: str) -> str:
        return "keyboard-interactive" if self._step == "answers" else "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return paramiko.common.AUTH_SUCCESSFUL

    def check_auth_interactive(self, username: str, submethods: str) -> int | InteractiveQuery:
        return InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int | InteractiveQuery:
        self._waits("answers")
        return paramiko.common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        self._waits("channel")
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        return not self._waits("exec")


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def by_password(host: Host) -> Host:
    return replace(host, private_key_file="", password=SecretStr("hunter2"))


def test_a_question_whose_answer_is_never_judged(
    client: Any, stand_in: Start, release: threading.Event
) -> None:
    host = by_password(stand_in(Server("answers", release=release)))
    with pytest.raises(TimedOut, match=r"no answer to our authentication within 0\.5 s"):
        client.run(host, auth_timeout=0.5)


def test_a_question_whose_answer_is_refused(
    client: Any, stand_in: Start, release: threading.Event
) -> None:
    release.set()
    host = by_password(stand_in(Server("answers", release=release)))
    with pytest.raises(
        AuthError, match=r"none of: the password, the password \(keyboard-interactive\)"
    ):
        client.run(host)


def test_a_session_that_is_never_opened(
    client: Any, stand_in: Start, release: threading.Event
) -> None:
    host = stand_in(Server("channel", release=release))
    with pytest.raises(
        TimedOut, match=r"logged in, but the server opened no session within 0\.5 s"
    ):
        client.run(host, timeout=0.5)


def test_a_command_that_is_never_begun(
    client: Any, stand_in: Start, release: threading.Event
) -> None:
    host = stand_in(Server("exec", release=release))
    with pytest.raises(TimedOut, match=r"no answer within 0\.3 s"):
        client.run(host, timeout=0.3)


def test_a_command_that_is_refused(client: Any, stand_in: Start, release: threading.Event) -> None:
    release.set()
    host = stand_in(Server("exec", release=release))
    with pytest.raises(ConnectError, match="logged in, but the server refuses to run a command"):
        client.run(host)

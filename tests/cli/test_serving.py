"""The real server: ``prefcenter demo`` and ``serve`` as processes, from the printed links to the last worker."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

SETTINGS = {
    "PREFCENTER_SECRET_KEYS": "a signing key for this server",
    "PREFCENTER_PEPPERS": "a pepper for this server",
    "PREFCENTER_BASE_URL": "https://prefs.example.com",
}


@contextmanager
def running(folder: Path, *words: str, **environ: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Start the product as a process and wait until it says that it serves."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "prefcenter", *words],
        cwd=folder,
        env=kept | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if "erving" in line and "stop with Ctrl-C" in line:
                break
        yield process, lines
    finally:
        process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Ask it to end, and wait until it has, and with it all its children: they hold its standard error open."""
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def fetch(url: str, **form: str) -> tuple[int, str]:
    data = urlencode(form).encode() if form else None
    with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=30) as answer:
        return answer.status, answer.read().decode()


def test_a_newcomer_sees_the_whole_flow_with_one_command(tmp_path: Path) -> None:
    """E2, U3: the printed links work; nothing but an empty folder is needed, and nothing is left running."""
    with running(tmp_path, "demo", "--port", "0") as (process, lines):
        printed = "\n".join(lines)
        page, preferences = re.findall(r"http://\S+/[up]/\S+", printed)
        base = page.partition("/u/")[0]
        assert fetch(page)[0] == 200
        assert "What we may send you" in fetch(preferences)[1]
        assert fetch(page, **{"List-Unsubscribe": "One-Click"})[0] == 200
        assert json.loads(fetch(f"{base}/sandbox/messages.json")[1]) == []
        assert fetch(f"{base}/ops")[0] == 200
        code, errors = stop(process, signal.SIGTERM)
        assert code == 0, errors
        assert "Traceback" not in errors
    mailing = next((tmp_path / "instance").glob("demo/*.csv"))
    assert mailing.read_bytes().count(b"\n") > 1000


@pytest.mark.skipif(shutil.which("bash") is None, reason="the lines are made for a shell")
def test_the_printed_commands_work_as_they_are_printed(tmp_path: Path) -> None:
    """`make run` puts the command into an environment that is on nobody's path."""
    with running(tmp_path, "demo", "--port", "0", PATH="/usr/bin:/bin") as (process, lines):
        start = next(index for index, line in enumerate(lines) if "another terminal" in line)
        commands = [line.strip() for line in lines[start + 1 :] if line.startswith("    ")]
        done = subprocess.run(
            ["bash", "-ec", "\n".join(commands)],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        sandbox = re.search(r"http://\S+/sandbox", "\n".join(lines))
        assert sandbox is not None
        arrived = _arrived(sandbox[0], 2)
        page = _page_with(sandbox[0], "on the list: hard_bounce all")
        stop(process, signal.SIGTERM)
    assert (done.returncode, done.stderr) == (0, "")
    assert {(message["channel"], message["class"]) for message in arrived} == {
        ("email", "requested"),
        ("email", "service"),
    }
    assert "bounced 5.1.1" in page
    assert done.stdout.splitlines()[-1] == "cleared"
    assert (tmp_path / "instance" / "demo" / "spring" / "clean.csv").exists()


def _arrived(sandbox: str, count: int) -> list[dict[str, str]]:
    """Ask until the worker has sent so many: it runs in a process of its own."""
    for _ in range(5_000):
        messages: list[dict[str, str]] = json.loads(fetch(f"{sandbox}/messages.json")[1])
        if len(messages) >= count:
            return messages
    raise AssertionError("Too few arrived in the sandbox.")


def _page_with(url: str, words: str) -> str:
    """Ask until a page says something: what became of a mail comes back from the worker's process."""
    for _ in range(5_000):
        page = fetch(url)[1]
        if words in page:
            return page
    raise AssertionError(f"The page never says: {words}.")


def test_a_second_demo_goes_on_with_the_data_of_the_first(tmp_path: Path) -> None:
    printed = []
    for _ in range(2):
        with running(tmp_path, "demo", "--port", "0") as (process, lines):
            printed.append("\n".join(lines))
            assert stop(process, signal.SIGINT)[0] == 0
    tokens = [re.findall(r"/u/(\S+)", text) for text in printed]
    assert tokens[0] == tokens[1]
    assert "from an earlier demo" in printed[1]


def test_serve_migrates_and_shows_no_sandbox_to_strangers(tmp_path: Path) -> None:
    with running(tmp_path, "serve", "--port", "0", **SETTINGS) as (process, lines):
        port = re.search(r"port (\d+)", lines[-1])
        assert port is not None
        base = f"http://127.0.0.1:{port[1]}"
        assert fetch(f"{base}/readyz")[0] == 200
        status, text = fetch(f"{base}/sandbox")
        assert (status, "Sign in" in text) == (200, True)
        assert stop(process, signal.SIGTERM)[0] == 0


def test_serve_names_every_missing_setting_at_once(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prefcenter", "serve", "--port", "0"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert all(name in done.stderr for name in SETTINGS)


def test_a_taken_port_is_told_plainly(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "prefcenter", "demo", "--port", port],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """A killed server must not leave a worker behind."""
    script = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'prefcenter', 'worker', '--parent', str(os.getpid())])\n"
        "print(child.pid, flush=True)\n"
        "os._exit(9)\n"
    )
    environ = {"PATH": os.environ["PATH"], **SETTINGS}
    starter = subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, env=environ, stdout=subprocess.PIPE, text=True
    )
    # The worker has inherited the pipe: it reaches its end when the worker has ended too.
    printed, _ = starter.communicate(timeout=60)
    assert not Path(f"/proc/{printed.strip()}").exists() or _is_zombie(int(printed))


def _is_zombie(number: int) -> bool:
    return ") Z " in Path(f"/proc/{number}/stat").read_text(encoding="utf-8")


def test_a_link_of_nobody_is_a_page_that_helps(tmp_path: Path) -> None:
    """E5: a forged token is a 404 and tells nothing."""
    with running(tmp_path, "serve", "--port", "0", **SETTINGS) as (process, lines):
        port = lines[-1].rpartition("port ")[2].partition(";")[0]
        with pytest.raises(urllib.error.HTTPError) as caught:
            fetch(f"http://127.0.0.1:{port}/u/{'a' * 56}")
        assert caught.value.code == 404
        assert b"<h1>" in caught.value.read()
        caught.value.close()
        assert stop(process, signal.SIGTERM)[0] == 0

# SPDX-License-Identifier: MIT
"""The parts of a network as processes of their own: starting, watching and stopping them.

Nothing here sleeps and hopes: every wait is for a condition, with a limit, and fails with what the
part said last. A wait also fails as soon as the part that is waited for has ended.
"""
import argparse
import hashlib
import os
import pathlib
import pty
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
POLL_S = 0.05
STOP_LIMIT_S = 10
JOIN_LIMIT_S = 180
UPDATE_LIMIT_S = 600
COAP_PORT = 5683  # the node asks no other
SKIPPED = 77      # exit code, as CTest is told

start_time = time.monotonic()
checks = 0


def say(text):
    print(f"[{time.monotonic() - start_time:6.1f} s] {text}", flush=True)


class Failed(Exception):
    """A check that does not hold; its text says which."""


def check(condition, what):
    global checks
    if not condition:
        raise Failed(what)
    checks += 1
    say(f"ok: {what}")


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def wait_until(condition, seconds, what):
    """The first true value of `condition`, asked again and again until `seconds` are over."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(POLL_S)


class Part:
    """One process; what it prints on stdout and stderr is kept in one text."""

    def __init__(self, name, arguments, folder, stdin=subprocess.DEVNULL, environment=None,
                 shown=None):
        self.name = name
        self.log = folder / f"{name}.{time.monotonic_ns()}.log"
        self.searched = 0
        say(f"start {name}: {shown or ' '.join(str(a) for a in arguments)}")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([str(a) for a in arguments], stdin=stdin, stdout=log,
                                            stderr=subprocess.STDOUT, cwd=folder, env=environment,
                                            start_new_session=True)

    def text(self):
        return self.log.read_bytes().decode("utf-8", "replace")

    def tail(self):
        return "\n".join(f"    {line}" for line in self.text().splitlines()[-15:])

    def wait_for(self, pattern, seconds):
        """The match of `pattern` behind what was waited for last; later waits look behind it."""
        end = time.monotonic() + seconds
        while True:
            running = self.process.poll() is None
            match = re.compile(pattern).search(self.text(), self.searched)
            if match:
                self.searched = match.end()
                return match
            if not running:
                raise Failed(f"{self.name} ended with {self.process.returncode} before it said "
                             f"/{pattern}/; its last lines:\n{self.tail()}")
            if time.monotonic() > end:
                raise Failed(f"{self.name} did not say /{pattern}/ within {seconds} s; its last "
                             f"lines:\n{self.tail()}")
            time.sleep(POLL_S)

    def stop(self):
        """SIGTERM, as a service manager does it."""
        self.process.send_signal(signal.SIGTERM)
        self.wait_for_end("SIGTERM")

    def interrupt(self):
        """Ctrl-C: SIGINT to all that runs in the terminal."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.wait_for_end("Ctrl-C")

    def wait_for_end(self, cause):
        try:
            code = self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} does not end on {cause} within {STOP_LIMIT_S} s") from None
        check(code == 0, f"{self.name} ends on {cause} with exit code 0 (got {code})")

    def kill(self):
        """As a crash or a power cut does it."""
        say(f"kill {self.name}")
        self.process.kill()
        self.process.wait(STOP_LIMIT_S)


class Terminal:
    """Keeps what comes out of a pseudo terminal in a file, and types into it."""

    def __init__(self, path, log):
        self.descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.log = open(log, "ab", buffering=0)
        self.open = True
        threading.Thread(target=self.copy, daemon=True).start()

    def copy(self):
        while self.open:
            ready, _, _ = select.select([self.descriptor], [], [], 0.2)
            if not ready:
                continue
            try:
                data = os.read(self.descriptor, 4096)
            except OSError:
                return
            if not data:
                return
            self.log.write(data)

    def write(self, data):
        os.write(self.descriptor, data)

    def close(self):
        self.open = False


class Board(Part):
    """goldcrest-board with its console on stdio or on a pseudo terminal."""

    def __init__(self, network, console, *options):
        self.network = network
        self.socket = network.folder / "node.sock"
        arguments = [network.board_program, "--state", "node.board", "--serial", console, "--air",
                     network.air_address, "--control", "node.sock", *options]
        super().__init__("board", arguments, network.folder, stdin=subprocess.PIPE)
        self.terminal = None
        if console == "pty":
            path = self.wait_for(r"console: (\S+)\n", 20).group(1)
            self.terminal = Terminal(path, self.log)
        wait_until(lambda: self.socket.exists() or self.process.poll() is not None, 20,
                   "the board opens its control socket")

    def type(self, text):
        say(f"type {text!r}")
        if self.terminal:
            self.terminal.write(text.encode())
        else:
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()

    def send(self, command):
        done = self.network.run(self.network.board_program, "--control", "node.sock", "--send", command)
        if done.returncode != 0:
            raise Failed(f"--send {command!r}: {done.stderr}")
        return done.stdout

    def progress(self):
        """Bytes received and bytes in all, as the console said last."""
        lines = re.findall(r"\[Updating: (\d+)/(\d+) ", self.text())
        return tuple(int(number) for number in lines[-1]) if lines else (0, 0)

    def wait_for_progress(self, percent, seconds=UPDATE_LIMIT_S):
        def reached():
            done, total = self.progress()
            if self.process.poll() is not None:
                raise Failed(f"the board ended; its last lines:\n{self.tail()}")
            return total and done * 100 >= percent * total
        wait_until(reached, seconds, f"{percent} % of the update")

    def wait_for_join(self):
        self.wait_for(r"\[RPL: joined DODAG", JOIN_LIMIT_S)
        self.wait_for(r"\[RPL: route confirmed", JOIN_LIMIT_S)

    def stop(self):
        super().stop()
        if self.terminal:
            self.terminal.close()
        check(not self.socket.exists(), "the board takes its control socket away")


class Network:
    """A folder with keys, images and updates, and the processes in it."""

    def __init__(self, options):
        self.goldcrest = options.goldcrest
        self.board_program = options.board
        self.firmware = options.firmware
        self.speed = options.speed
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="goldcrest-processes-"))
        # Signing leaves its account journal there; tests leave none behind.
        self.environment = dict(os.environ, XDG_STATE_HOME=str(self.folder / "account"))
        # The node knows no port but 5683, so each run takes an address of loopback of its own.
        self.server_address = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.64"
        self.air_address = None
        self.parts = []

    # --- files ---

    def run(self, *arguments, seconds=120):
        return subprocess.run([str(a) for a in arguments], cwd=self.folder, capture_output=True,
                              text=True, timeout=seconds, env=self.environment)

    def command(self, *arguments, seconds=120):
        """`goldcrest …`, which must succeed."""
        done = self.run(self.goldcrest, *arguments, seconds=seconds)
        if done.returncode != 0:
            raise Failed(f"goldcrest {' '.join(str(a) for a in arguments)} exits {done.returncode}: "
                         f"{done.stderr}")
        return done

    def make_files(self):
        """Keys, the MAN image with 1.0.31, and the update 1.1.31."""
        elf = {part: self.firmware / f"goldcrest-{part}.elf"
               for part in ("boot", "mta", "app-1.0.31", "app-1.1.31")}
        self.command("keygen", "--height", "5", "--keys", "keys")
        first = self.command("pack", elf["app-1.0.31"], "--keys", "keys", "--output-dir", ".")
        man = self.command("man", "--boot", elf["boot"], "--mta", elf["mta"], "--app",
                           first.stdout.strip(), "--keys", "keys", "--output-dir", ".")
        self.man = self.folder / man.stdout.strip()
        (self.folder / "updates").mkdir()
        update = self.command("pack", elf["app-1.1.31"], "--keys", "keys", "--output-dir", "updates")
        self.update = self.folder / update.stdout.strip()
        self.update_id = re.search(r"0x([0-9A-F]{8})\.fmu", self.update.name).group(1).lower()
        say(f"made {self.man.name} and {self.update.name}, {self.update.stat().st_size} bytes")

    # --- processes ---

    def add(self, part):
        self.parts.append(part)
        return part

    def start_air(self):
        """On a port that the system chooses; after a restart on the same one again."""
        bind = self.air_address or "127.0.0.1:0"
        air = self.add(Part("air", [self.goldcrest, "air", "--bind", bind], self.folder))
        self.air_address = air.wait_for(r"air: ZEP on (\S+:\d+)", 10).group(1)
        return air

    def start_server(self, address=None):
        server = self.add(Part("server", [self.goldcrest, "server", "updates", "--bind",
                                          address or self.server_address, "--public-key",
                                          "keys/signing.pub"], self.folder))
        server.wait_for(r"serving updates on ", 10)
        server.wait_for(r"update .*1\.1\.31", 10)
        return server

    def start_router(self, *options):
        router = self.add(Part("router", [self.goldcrest, "router", "--air", self.air_address,
                                          *options], self.folder))
        router.wait_for(r"router: \S+ on the air at ", 10)
        return router

    def start_board(self, console, *options):
        return self.add(Board(self, console, "--speed", str(self.speed), *options))

    # --- the story ---

    def manufacture_and_provision(self, board, server_address=None, where=("--board", "node.sock"),
                                  provision=lambda: None):
        """From a blank board with its jumper fitted to one that has joined the mesh; `provision`
        may set more on the way."""
        address = server_address or self.server_address
        loaded = self.command("load", self.man, *where)
        check("100 %" in loaded.stderr and "the board has been reset" in loaded.stderr,
              f"goldcrest load {where[0]} programs the MAN image")
        provision()
        board.wait_for(r"option> ", 20)
        board.type("a\r")
        board.wait_for(r"OTA server IP address, - for not set> ", 10)
        board.type(f"{address}\r")
        board.wait_for(f"OTA server IP address: {re.escape(address)}\r?\n", 10)
        board.wait_for(r"option> ", 10)
        board.type("4\r")
        board.wait_for(r"\bsaved", 10)
        check(True, "the provisioning menu takes and saves the server's address")
        board.send("jumper off")
        board.send("reset")
        board.wait_for(r"Current version: 1\.0\.31\r?\n", 20)
        board.wait_for(f"Update server: {re.escape(address)}", 10)
        check(True, "without the jumper application 1.0.31 starts and knows its server")
        board.wait_for_join()
        check(True, "the node joins the mesh")

    def start_update(self, board):
        board.send("button click")
        board.wait_for(r"\[Update: version 1\.1\.31, \d+ bytes\]", 120)
        check(True, "the button starts the update to 1.1.31")

    def finish_update(self, board):
        board.wait_for(r"COMPLETE", UPDATE_LIMIT_S)
        check(True, "the update is COMPLETE")
        board.wait_for(r"The UPDATED application is running\.", 30)
        board.wait_for(r"APP2 version: 1\.1\.31\r?\n", 10)
        board.wait_for(r"Current version: 1\.1\.31\r?\n", 10)
        check(True, "after its reboot the banner says that 1.1.31 runs, from APP2")
        # The server may be reached before the root has confirmed the route.
        board.wait_for(r"\[RPL: joined DODAG", JOIN_LIMIT_S)
        board.wait_for(r"\[Confirmed: version 1\.1\.31\]", 240)
        check(True, "the new application joins, reaches the server and confirms itself")

    # --- the end ---

    def close(self, keep):
        for part in self.parts:
            if part.process.poll() is None:
                os.killpg(part.process.pid, signal.SIGKILL)
                part.process.wait(STOP_LIMIT_S)
        if keep:
            say(f"kept {self.folder}")
        else:
            shutil.rmtree(self.folder)


def enter_own_network(required=False):
    """Starts this script again in a network namespace of its own, so that no port is in anybody's
    way. Where that is not allowed it runs where it is, or, if `required`, is skipped."""
    if os.environ.get("GOLDCREST_OWN_NETWORK"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    possible = (shutil.which("unshare") and shutil.which("ip") and subprocess.run(
        [*unshare, "ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0)
    if possible:
        os.environ["GOLDCREST_OWN_NETWORK"] = "1"
        os.execvp("unshare", [*unshare, sys.executable, *sys.argv])
    if required:
        print("SKIP: a network namespace of its own is not allowed here (needs root)")
        sys.exit(SKIPPED)


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--goldcrest", type=pathlib.Path, default=ROOT / "build/release/bin/goldcrest")
    parser.add_argument("--board", type=pathlib.Path,
                        default=ROOT / "build/release/bin/goldcrest-board")
    parser.add_argument("--firmware", type=pathlib.Path, default=ROOT / "build/firmware",
                        help="folder with goldcrest-*.elf")
    parser.add_argument("--speed", default="1", help="of the board, as goldcrest-board takes it")
    parser.add_argument("--keep", action="store_true", help="leave the folder with all logs there")
    options = parser.parse_args()
    for name in ("goldcrest", "board", "firmware"):
        path = getattr(options, name).resolve()
        setattr(options, name, path)
        if not path.exists():
            sys.exit(f"{parser.prog}: {path} is missing; build it first")
    return options


def run(description, story, files=True):
    """Calls `story` with a network of its own; the exit code says how it went."""
    options = arguments(description)
    enter_own_network()
    network = Network(options)
    failure = None
    try:
        if files:
            network.make_files()
        story(network)
    except Failed as error:
        failure = str(error)
    except subprocess.TimeoutExpired as error:
        failure = str(error)
    finally:
        if failure:
            for part in network.parts:
                say(f"{part.name} said last:\n{part.tail()}")
        network.close(options.keep)
    if failure:
        say(f"FAILED: {failure}")
        sys.exit(1)
    say(f"{checks} checks passed")

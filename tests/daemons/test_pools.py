"""What fpmtune says of php-fpm's pools, asked of php-fpm itself: settings, clients, times, addresses."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from daemon_trees import FPM, FPM_MAIN, TREES, DaemonTree, pool
from private_machine import Installed, fpmtune_json, installed, run_inside, services

from tests.trees import stacks_of
from tuner.stack.model import Stack

pytestmark = [pytest.mark.daemons, pytest.mark.netns]

RUNS_UNTIL_STOPPED = 124
LOGS_TO_A_FILE = {"php-fpm.conf": FPM_MAIN.replace("/dev/stderr", "/run/php/fpm.log")}
CLIENT = """
import json, os, socket, struct, time

def record(kind, content):
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content

def ask(address, script):
    # The body that php-fpm answers, or "" where it hangs up.
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    names = {"SCRIPT_FILENAME": script, "REQUEST_METHOD": "GET"}
    pairs = b"".join(bytes((len(k), len(v))) + k.encode() + v.encode() for k, v in names.items())
    with socket.socket(family) as client:
        client.settimeout(20)
        client.connect(tuple(address) if family == socket.AF_INET else address)
        try:
            begin = record(1, b"\\0\\1" + bytes(6))
            client.sendall(begin + record(4, pairs) + record(4, b"") + record(5, b""))
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        except ConnectionError:
            return ""
    body = b""
    while len(answer) >= 8:
        _, kind, _, length, padding = struct.unpack(">BBHHBx", answer[:8])
        body += answer[8:8 + length] if kind == 6 else b""
        answer = answer[8 + length + padding:]
    return body.partition(b"\\r\\n\\r\\n")[2].decode()

def may_connect(path, uid):
    # Whether a user may connect, tried in a child of this process.
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        with socket.socket(socket.AF_UNIX) as client:
            os._exit(client.connect_ex(path))
    return os.waitpid(child, 0)[1] == 0
"""


@pytest.fixture(scope="module")
def programs() -> Installed:
    return installed()


def written(root: Path, programs: Installed, pools: str, **more: str) -> Stack:
    """Write the pools and other files of php-fpm's folder, and return what fpmtune makes of them."""
    files = {"php-fpm.conf": FPM_MAIN, "pool.d/www.conf": pools, **more}
    tree = DaemonTree({f"{FPM}/{name}": text for name, text in files.items()}, somaxconns=())
    tree.write(root, programs.php_folder)
    (stack,) = stacks_of(root, programs.target)
    return stack


def asked(root: Path, programs: Installed, script: str) -> Any:  # noqa: ANN401
    order = {"services": list(services(root, programs)), "script": CLIENT + script}
    (found,) = run_inside({"/etc/php": root / "etc/php"}, [("ask", order)])
    return found


def run(root: Path, programs: Installed, *command: str) -> dict[str, Any]:
    (done,) = run_inside({"/etc/php": root / "etc/php"}, [("run", list(command))])
    found: dict[str, Any] = done
    return found


def folder(programs: Installed) -> str:
    return f"/etc/php/{programs.php_folder}/fpm"


def severities(root: Path, programs: Installed) -> Mapping[str, str]:
    found = fpmtune_json("check", "--target", programs.target, root)["findings"]
    return {finding["rule"]: finding["severity"] for finding in found}


def test_of_an_array_key_the_first_one_counts(tmp_path: Path, programs: Installed) -> None:
    lines = (
        "listen = /run/php/a.sock",
        "env[A] = 1",
        "env[A] = 2",
        "php_admin_value[memory_limit] = 65M",
        "php_flag[display_errors] = on",
        "php_value[precision] = 7",
        "php_value[precision] = 8",
        "php_admin_value[disable_functions] = exec",
        "php_admin_value[disable_functions] = system",
    )
    later = "[WWW]\nphp_admin_value[memory_limit] = 66M\nphp_value[display_errors] = 0\nenv[a] = 3\n"
    script = (
        '<?php echo json_encode(["env[A]" => getenv("A"), "env[a]" => getenv("a"), "off" => '
        '!function_exists("exec") && !function_exists("system")] + array_map("ini_get", ['
        '"php_admin_value[memory_limit]" => "memory_limit", "php_flag[display_errors]" => "display_errors", '
        '"php_value[precision]" => "precision"]));'
    )
    stack = written(tmp_path, programs, pool("www", *lines), **{"pool.d/zz.conf": later, "x.php": script})
    answer = asked(
        tmp_path, programs, f'print(json.dumps(ask("/run/php/a.sock", "{folder(programs)}/x.php")))'
    )
    real = json.loads(answer)
    assert real.pop("off") is True
    keys = {key.key: key.value.data for key in stack.array_keys}
    assert keys.pop("php_admin_value[disable_functions]") == "exec"
    assert keys == real
    assert severities(tmp_path, programs)["FPM009"] == "warning"


CLIENTS = {
    "127.0.0.1": True,
    "10.0.0.1,127.0.0.1": True,
    "": False,
    "any": False,
    "127.0.0.0/8": False,
    "localhost": False,
    "10.0.0.1, 127.0.0.1": False,
}


def test_whom_a_list_of_clients_lets_in(tmp_path: Path, programs: Installed) -> None:
    """The entry that would let this machine in is void wherever it is turned away."""
    pools = "".join(
        pool(f"p{n}", f"listen = 127.0.0.1:{9000 + n}", f"listen.allowed_clients = {clients}")
        for n, clients in enumerate(CLIENTS)
    )
    stack = written(tmp_path, programs, pools, **{"x.php": "<?php echo 'hello';"})
    script = f"""print(json.dumps([
        ask(("127.0.0.1", 9000 + n), "{folder(programs)}/x.php") == "hello" for n in range({len(CLIENTS)})
    ]))"""
    assert asked(tmp_path, programs, script) == list(CLIENTS.values())
    expected = ["", "", "", '"any"', '"127.0.0.0/8"', '"localhost"', '" 127.0.0.1"']
    assert [found.void_clients.data for found in stack.pools] == expected
    said = severities(tmp_path, programs)
    assert (said["FPM007"], said["FPM013"]) == ("error", "warning")


def test_who_may_connect_by_the_mode(tmp_path: Path, programs: Installed) -> None:
    modes = ("0660", "0666", "0662", "777", "0664", "rw", "999", "669")
    pools = "".join(
        pool(f"p{n}", f"listen = /run/php/{n}.sock", f"listen.mode = {mode}") for n, mode in enumerate(modes)
    )
    pools += pool("unset", f"listen = /run/php/{len(modes)}.sock")
    stack = written(tmp_path, programs, pools, **LOGS_TO_A_FILE)
    script = f"""print(json.dumps([
        may_connect(f"/run/php/{{n}}.sock", 65534) for n in range({len(modes) + 1})
    ]))"""
    real = asked(tmp_path, programs, script)
    assert real == [found.others_may_write.data for found in stack.pools]
    assert set(real) == {True, False}
    assert severities(tmp_path, programs)["FPM006"] == "error"


TIMES = (
    "10",
    "10ms",
    "500ms",
    "1m30s",
    "1.5s",
    "0.5m",
    "2h",
    "1d",
    "-1",
    "-5m",
    "30000d",
    "007",
    "abcs",
    "s",
)


def test_how_php_fpm_reads_times(tmp_path: Path, programs: Installed) -> None:
    pools = "".join(
        pool(f"p{n}", f"listen = /run/{n}.sock", f"request_terminate_timeout = {text}")
        for n, text in enumerate(TIMES)
    )
    stack = written(tmp_path, programs, pools, **LOGS_TO_A_FILE)
    printed = run(tmp_path, programs, programs.php_fpm, "-tt", "-y", f"{folder(programs)}/php-fpm.conf")
    real = [
        int(line.rpartition(" = ")[2].removesuffix("s"))
        for line in printed["output"].splitlines()
        if "request_terminate_timeout = " in line
    ]
    assert real == [duration.seconds.data for duration in stack.durations]
    assert [duration.written for duration in stack.durations] == list(TIMES)


RELATIVE = (
    ("listen = run/$pool.sock",),
    ("prefix = /usr/share/", "listen = $pool.sock", "prefix = /usr/lib"),
    ("prefix = share", "listen = ./a.sock"),
    ("prefix =", "listen = run/d.sock"),
    ("prefix = /usr/lib", "listen = 127.0.0.1"),
    ("prefix = /usr/lib", "listen = 127.0.0.1:9000"),
    ("prefix = /usr/lib", "listen = 9001"),
    ("prefix = /usr/lib", "listen = /run/g.sock"),
)


def test_where_php_fpm_listens_under_a_prefix(tmp_path: Path, programs: Installed) -> None:
    pools = "".join(pool(f"p{n}", *lines) for n, lines in enumerate(RELATIVE))
    written(tmp_path, programs, pools, **LOGS_TO_A_FILE)
    (stack,) = stacks_of(tmp_path, f"debian-12,{programs.target}")
    printed = run(tmp_path, programs, programs.php_fpm, "-tt", "-y", f"{folder(programs)}/php-fpm.conf")
    found = re.findall(r"\tlisten = (.*)", printed["output"])
    assert [listen.replace("//", "/") for listen in found] == [pool.listen.data for pool in stack.pools]
    assert len(found) == len(RELATIVE)


@pytest.mark.parametrize(("other", "is_ended"), [("0", True), ("-1", False)])
def test_a_negative_time_in_one_pool_spares_the_requests_of_another(
    other: str, is_ended: bool, tmp_path: Path, programs: Installed
) -> None:
    pools = pool("www", "listen = /run/php/www.sock", "request_terminate_timeout = 1s")
    pools += pool("other", "listen = /run/php/other.sock", f"request_terminate_timeout = {other}")
    written(tmp_path, programs, pools, **{"slow.php": "<?php usleep(2200000); echo 'done';"})
    script = f'print(json.dumps(ask("/run/php/www.sock", "{folder(programs)}/slow.php")))'
    assert asked(tmp_path, programs, script) == ("" if is_ended else "done")
    assert severities(tmp_path, programs).get("FPM011") == (None if is_ended else "error")


ADDRESSES = {
    ("9000", "9000"): "already used in another pool",
    ("/run/php/a.sock", "/run//php/a.sock"): "Another FPM instance seems to already listen",
    ("[::]:9000", "[::1]:9000"): "Address already in use",
    ("127.0.0.1:9000", "0.0.0.0:9000"): "Address already in use",
    ("9000", "127.0.0.1:9000"): "Address already in use",
    ("127.0.0.1:9000", "127.0.0.2:9000"): "",
    ("127.0.0.1:9000", "[::1]:9000"): "",
    ("0.0.0.0:9000", "[::1]:9000"): "",
}


@pytest.mark.parametrize("pair", ADDRESSES, ids=" ".join)
def test_which_addresses_keep_php_fpm_from_starting(
    pair: tuple[str, str], tmp_path: Path, programs: Installed
) -> None:
    pools = "".join(pool(f"p{n}", f"listen = {address}") for n, address in enumerate(pair))
    clash = written(tmp_path, programs, pools).pools[1].listen_clash
    main = f"{folder(programs)}/php-fpm.conf"
    done = run(tmp_path, programs, "timeout", "1", programs.php_fpm, "-F", "-y", main)
    words = ADDRESSES[pair]
    assert words in done["output"]
    assert (done["status"] == RUNS_UNTIL_STOPPED) is not bool(words), done
    said = clash.data if clash.is_known else clash.options[0].data
    assert ("does not start" in str(said)) is bool(words)


@pytest.mark.parametrize("pair", [("9000", "09000"), ("[::1]:9000", "[0:0::1]:9000"), ("9000", "[::]:9000")])
def test_another_spelling_is_one_socket_for_both_pools(
    pair: tuple[str, str], tmp_path: Path, programs: Installed
) -> None:
    pools = "".join(pool(f"p{n}", f"listen = {address}") for n, address in enumerate(pair))
    written(tmp_path, programs, pools)
    (sockets,) = run_inside(
        {"/etc/php": tmp_path / "etc/php"}, [("serve", list(services(tmp_path, programs)))]
    )
    assert len(sockets) == 1
    assert severities(tmp_path, programs)["FPM004"] == "error"


def test_numbers_that_wrap_are_told(tmp_path: Path, programs: Installed) -> None:
    """Their Send-Q is compared with `show` in test_send_queue.py."""
    TREES["numbers that a C int does not hold"].write(tmp_path, programs.php_folder)
    found = fpmtune_json("check", "--target", programs.target, tmp_path)["findings"]
    assert {finding["locations"][0]["text"] for finding in found if finding["rule"] == "QUE006"} == {
        "4294967297",
        "2147483648",
    }

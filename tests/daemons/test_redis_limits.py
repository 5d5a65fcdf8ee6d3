"""What Redis makes of maxclients under a limit of open files that it cannot raise."""

import pytest
from private_machine import installed, run_inside, skip_without_namespaces

pytestmark = [pytest.mark.daemons, pytest.mark.netns]

PORT = "7399"
ASK = """
prlimit --nofile={limit}:{limit} setpriv --reuid=65534 --clear-groups --bounding-set=-all \
  redis-server --port {port} --bind 127.0.0.1 --save '' --maxclients {wanted} >/dev/null 2>&1 &
for _ in $(seq 100); do redis-cli -p {port} ping 2>/dev/null | grep -q PONG && break; sleep 0.05; done
redis-cli -p {port} config get maxclients | tail -n 1
redis-cli -p {port} shutdown nosave
wait
"""


@pytest.mark.parametrize(
    ("limit", "wanted", "in_force"),
    [(4096, 4064, 4064), (4096, 4065, 4064), (4096, 100000, 4064), (1024, 10000, 992)],
)
def test_maxclients_is_lowered_to_the_limit_less_32(limit: int, wanted: int, in_force: int) -> None:
    skip_without_namespaces("prlimit", "setpriv", "redis-cli")
    installed()
    script = ASK.format(limit=limit, wanted=wanted, port=PORT)
    (answer,) = run_inside({}, [("run", ["sh", "-c", script])])
    assert answer["output"].split() == [str(in_force)]

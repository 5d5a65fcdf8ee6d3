"""Sends requests to a php-fpm at a steady rate while `fpmtune measure` watches it; prints both as JSON.

python fpm_load.py ADDRESS RATE SERVICE_S DURATION_S SCRIPT -- arguments of `fpmtune measure -o FILE`

Requests begin when the program watches, which it does in threads, and end before it ends: it counts all that
were sent.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import Any

from tuner.load.fastcgi import Address, FastCgiError, Patience, ask
from tuner.load.status.target import address_of

FIRST_ANSWER_S = 0.5
LONG = Patience(connect_s=2.0, answer_s=40.0)


def request(address: Address, script: str, service_s: float, outcomes: Counter[str]) -> None:
    names = {"SCRIPT_FILENAME": script, "SCRIPT_NAME": "/s.php", "REQUEST_URI": "/s.php"}
    try:
        answer = ask(address, {**names, "REQUEST_METHOD": "GET", "QUERY_STRING": f"{service_s}"}, LONG)
        outcomes[str(answer.status)] += 1
    except FastCgiError as error:
        outcomes[error.failure] += 1


def send(address: Address, rate: float, service_s: float, duration_s: float, script: str) -> dict[str, Any]:
    outcomes: Counter[str] = Counter()
    threads = []
    began_s = time.monotonic()
    for number in range(round(rate * duration_s)):
        time.sleep(max(0.0, began_s + number / rate - time.monotonic()))
        threads.append(threading.Thread(target=request, args=(address, script, service_s, outcomes)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return {"sent": len(threads), "outcomes": outcomes}


def main() -> None:
    where, rate, service_s, duration_s, script, _, *arguments = sys.argv[1:]
    command = [sys.executable, "-m", "tuner", "measure", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as measuring:
        while len(os.listdir(f"/proc/{measuring.pid}/task")) == 1:
            time.sleep(0.01)
        time.sleep(FIRST_ANSWER_S)
        sent = send(address_of(where), float(rate), float(service_s), float(duration_s), script)
        output, errors = measuring.communicate()
    print(json.dumps({**sent, "status": measuring.returncode, "output": output, "errors": errors}))


if __name__ == "__main__":
    main()

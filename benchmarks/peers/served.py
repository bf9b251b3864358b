"""`soblob serve` as started by hand: prints its port, and on each line of standard input the number
of uploads logged since the line before, of those stored, and of those with a violation.
"""

import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

_QUIET_S = 0.05  # the log is written by its own thread, soon after the answer
lines: list[str] = []

command = (Path(sys.executable).with_name("soblob"), "serve", "--port", "0")
with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
    assert process.stdout is not None
    address = re.search(r":(\d+)/", process.stdout.readline())
    assert address is not None
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())  # ends the loop below as well
    print(address[1], flush=True)
    threading.Thread(target=lines.extend, args=(process.stdout,), daemon=True).start()
    for _ in sys.stdin:
        count = -1
        while count < len(lines):
            count = len(lines)
            time.sleep(_QUIET_S)
        stored = sum(" blob " in line for line in lines)
        print(count, stored, sum("." in line for line in lines), flush=True)
        lines.clear()
    process.terminate()

"""A client for QEMU's monitor protocol (QMP), as far as taking a snapshot needs it."""

import json

from .common import QuireError


class Monitor:
    def __init__(self, connection, seconds=60):
        connection.settimeout(seconds)
        self._connection = connection
        self._lines = connection.makefile("r", encoding="utf-8")
        self._read()  # the greeting
        self.execute("qmp_capabilities")

    def _read(self):
        line = self._lines.readline()
        if not line:
            raise QuireError("QEMU closed its monitor")
        return json.loads(line)

    def execute(self, command, **arguments):
        request = {"execute": command, "arguments": arguments}
        self._connection.sendall(json.dumps(request).encode() + b"\n")
        while True:
            answer = self._read()
            if "error" in answer:
                raise QuireError(f"QEMU refuses {command}: {answer['error'].get('desc')}")
            if "return" in answer:
                return answer["return"]

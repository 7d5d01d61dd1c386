"""--strict: what published schemas say of the objects that clients send (../strict.mjs, run by node)."""

import json
import os
import subprocess

from .errors import ApiError


class Schemas:
    """A validator beside the server; one question at a time."""

    def __init__(self, modules):
        script = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "strict.mjs")
        self._process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["node", script, os.path.realpath(modules)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.faults({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}})

    def faults(self, obj):
        """What is wrong with the object: a list of texts."""
        self._process.stdin.write(json.dumps(obj) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("strict.mjs ended")
        return json.loads(line)

    def check(self, resource, obj):
        """Raises 400 as a real server does with fieldValidation=Strict, with every fault."""
        found = self.faults(obj)
        if found:
            why = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: strict decoding error: '
            raise ApiError(400, why + ", ".join(found))

    def close(self):
        """Ends the validator."""
        self._process.stdin.close()
        self._process.wait()

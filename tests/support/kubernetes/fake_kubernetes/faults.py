"""What goes wrong on request: the Nth request of a kind fails, hangs, or loses its connection."""

import asyncio

from .errors import ApiError


class Broken(Exception):
    """The connection ends, with or without the request having been carried out."""


class Fault:
    """One instruction. Verbs are those of RBAC, with attach as one of its own."""

    def __init__(self, wanted):
        self.verb = wanted.get("verb")
        self.resource = wanted.get("resource")
        self.name = wanted.get("name")
        self.through = wanted.get("through")
        self.nth = int(wanted.get("nth", 1))
        self.times = int(wanted.get("times", 1))
        self.action = wanted.get("action", "error")
        self.code = int(wanted.get("code", 500))
        self.reason = wanted.get("reason")
        self.message = wanted.get("message", "the fake was told to fail")
        self.retry_after = wanted.get("retryAfter")
        self.seconds = float(wanted.get("seconds", 3600))
        self.after = int(wanted.get("after", 0))
        self.seen = 0
        if self.action not in ("error", "error-after", "stall", "close", "lose-answer", "close-stream", "delay"):
            raise ApiError(400, f"no such action: {self.action}")

    def hits(self, verb, resource, name, through):
        """Whether this request is one of those to fail."""
        asked = (verb, resource, name, through)
        for wanted, given in zip((self.verb, self.resource, self.name, self.through), asked):
            if wanted not in (None, "*", given):
                return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times

    def error(self):
        """What is answered instead."""
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after is not None else {}
        return ApiError(self.code, self.message, reason=self.reason, headers=headers)

    def come(self):
        """What happens to a request that has been carried out."""
        if self.action == "lose-answer":
            raise Broken
        if self.action == "error-after":
            raise self.error()


class Faults:
    """All instructions that are in force."""

    def __init__(self):
        self._faults = []

    def add(self, wanted):
        """Takes an instruction (see the control endpoint's fault)."""
        self._faults.append(Fault(wanted))

    def clear(self):
        """Nothing goes wrong any more."""
        self._faults.clear()

    async def meet(self, verb, resource, name, through):
        """Called for each request before it is carried out. Returns the fault that is to come later, if any."""
        later = None
        for fault in list(self._faults):
            if not fault.hits(verb, resource, name, through):
                continue
            if fault.action == "error":
                raise fault.error()
            if fault.action in ("stall", "delay"):
                await asyncio.sleep(fault.seconds)
            elif fault.action == "close":
                raise Broken
            else:
                later = fault
        return later

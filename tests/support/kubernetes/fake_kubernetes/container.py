"""One container: a real process with a root, mounts, a process namespace and a host name of its own.

The command is PID 1 of its namespace, as in a real container: signals that it does not handle do nothing, and everything that it
started ends with it. Its root is an overlay over the image's directory, so that what it writes stays its own. It ends when the server
does, even by SIGKILL (setpriv --pdeathsig, unshare --kill-child).
"""

import asyncio
import collections
import os
import shlex
import signal
import time

CHUNK = 32 * 1024
# The log that is kept, as a kubelet rotates at 10 MiB (containerLogMaxSize).
LOG_LIMIT = 10 * 1024 * 1024
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

Output = collections.namedtuple("Output", "time stream data")


class Mount:
    """One volume (or a part of it) to be seen inside."""

    def __init__(self, source, target, read_only):
        self.source = source
        self.target = target
        self.read_only = read_only


def fstab_field(text):
    """As fstab(5) has it."""
    return "".join(f"\\{ord(letter):03o}" if letter in "\\ \t\n#" else letter for letter in text)


def setup_script(directory, root, hostname, mounts, user, group, working_directory, read_only, command, environment):
    """The shell script that builds the container from inside of its namespaces and becomes the command."""
    quote = shlex.quote
    new = f"{directory}/root"
    lines = [
        "set -e",
        f"exec 3>&2 2>{quote(directory + '/setup')}",
        f"read -r pid rest </proc/self/stat; echo \"$pid\" >{quote(directory + '/pid')}",
        f"echo {quote(hostname)} >/proc/sys/kernel/hostname",
        f"mount -t tmpfs -o mode=755 tmpfs {quote(directory)}/own",
        f"mkdir {quote(directory)}/own/upper {quote(directory)}/own/work",
        f"mount -t overlay -o lowerdir={quote(root)},upperdir={quote(directory)}/own/upper,workdir={quote(directory)}/own/work overlay "
        f"{quote(new)} || mount --bind {quote(root)} {quote(new)}",
        f"test -d {quote(new)}/tmp || mkdir {quote(new)}/tmp",
    ]
    # All directories by one mount(8): what a start costs are its processes.
    table = [("/dev", f"{new}/dev", "none", "rbind,X-mount.mkdir"), ("/sys", f"{new}/sys", "none", "rbind,X-mount.mkdir")]
    files = []
    for mount in mounts:
        if os.path.isdir(mount.source):
            options = "bind,X-mount.mkdir" + (",ro" if mount.read_only else "")
            table.append((mount.source, new + mount.target, "none", options))
            continue
        target = quote(new + mount.target)
        files.append(f"mkdir -p $(dirname {target}); test -e {target} || : >{target}")
        files.append(f"mount --bind {quote(mount.source)} {target}")
        if mount.read_only:
            files.append(f"mount -o remount,bind,ro {target}")
    table.append(("proc", f"{new}/proc", "proc", "X-mount.mkdir"))
    rows = " ".join(quote(" ".join([*map(fstab_field, row), "0 0"])) for row in table)
    lines.append(f"printf '%s\\n' {rows} >{quote(directory)}/mounts")
    lines.append(f"mount --all --fstab {quote(directory)}/mounts")
    lines += files
    if working_directory:
        lines.append(f"mkdir -p {quote(new + working_directory)}")
    if read_only:
        lines.append(f"mount -o remount,bind,ro {quote(new)}")
    become = ["unshare", f"--root={new}", f"--wd={working_directory or '/'}"]
    if user is not None:
        become += [f"--setuid={user}", f"--setgid={group or 0}"]
    environment = [f"{name}={value}" for name, value in environment.items()]
    words = ["env", "-i", "-C", "/", *environment, *become, *command]
    lines.append(f": >{quote(directory)}/started")
    lines.append("exec " + " ".join(quote(word) for word in words) + " 2>&3 3>&-")
    return "\n".join(lines) + "\n"


class Container:
    """A container that was started; of one that ended, what it left."""

    def __init__(self, name, directory, wants_stdin, stdin_once):
        self.name = name
        self.directory = directory
        self.wants_stdin = wants_stdin
        self.stdin_once = stdin_once
        self.process = None
        self.finished = asyncio.Event()
        self.exit_code = None
        self.problem = None
        self.log = collections.deque()
        self._log_size = 0
        self.sinks = set()
        self._tail = b""

    async def start(self, script):
        """Starts the process; the script is setup_script's."""
        for part in ("own", "root"):
            os.makedirs(f"{self.directory}/{part}", exist_ok=True)
        with open(f"{self.directory}/start", "w", encoding="utf-8") as file:
            file.write(script)
        self.process = await asyncio.create_subprocess_exec(
            "setpriv", "--pdeathsig", "KILL", "unshare", "--fork", "--pid", "--kill-child", "--mount", "--uts", "--ipc",
            "sh", f"{self.directory}/start",
            stdin=asyncio.subprocess.PIPE if self.wants_stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip

    async def wait_for_command(self):
        """Returns once the container is set up: a runtime does not say that it runs before."""
        while not os.path.exists(f"{self.directory}/started") and self.process.returncode is None:
            await asyncio.sleep(0.005)

    async def wait(self):
        """Reads all output, waits for the end and sets exit_code (128 + N for a signal) and problem."""
        await asyncio.gather(self._read(self.process.stdout, 1), self._read(self.process.stderr, 2))
        code = await self.process.wait()
        self.exit_code = 128 - code if code < 0 else code
        if not os.path.exists(f"{self.directory}/started") and code >= 0:
            with open(f"{self.directory}/setup", encoding="utf-8", errors="replace") as file:
                self.problem = file.read().strip() or "the container was not started"
        elif self.exit_code in (126, 127) and self._tail.startswith(b"unshare: failed to execute"):
            self.problem = self._tail.decode(errors="replace").strip().removeprefix("unshare: ")
        self.finished.set()

    async def _read(self, pipe, stream):
        while data := await pipe.read(CHUNK):
            if stream == 2:
                self._tail = (self._tail + data)[-200:]
            self.log.append(Output(time.time(), stream, data))
            self._log_size += len(data)
            while self._log_size > LOG_LIMIT:
                self._log_size -= len(self.log.popleft().data)
            # A reader that is slow holds the container up, as it does with containerd.
            for sink in list(self.sinks):
                await sink(stream, data)

    async def write(self, data):
        """Gives the container input; what a process that is gone would have got is lost."""
        pipe = self.process.stdin
        if pipe is None or pipe.is_closing():
            return
        try:
            pipe.write(data)
            await pipe.drain()
        except (BrokenPipeError, ConnectionResetError):
            pass

    def close_stdin(self):
        """The end of the input."""
        if self.process.stdin is not None:
            self.process.stdin.close()

    def signal(self, number):
        """Sends a signal to the container's PID 1."""
        try:
            with open(f"{self.directory}/pid", encoding="utf-8") as file:
                os.kill(int(file.read()), number)
        except (OSError, ValueError):
            # It is over, or has hardly begun.
            if number == signal.SIGKILL:
                self.kill()

    def kill(self):
        """Ends everything in the container at once."""
        if self.process is not None and self.process.returncode is None:
            try:
                self.process.kill()
            except ProcessLookupError:
                pass

"""The listening sockets of the fake, and the kubeconfig that leads to it."""

import asyncio
import base64
import json
import ssl

from aiohttp import web


class Server:
    """HTTPS on loopback, and the control endpoint."""

    def __init__(self, api, directory, options):
        self._api = api
        self._options = options
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=f"{directory}/ca.crt")
        self._context.load_cert_chain(f"{directory}/server.crt", f"{directory}/server.key")
        self._context.verify_mode = ssl.CERT_OPTIONAL
        self._runner = None
        self._control = None
        self.port = options.port

    async def start(self):
        """Listens; sets port."""
        application = web.Application(client_max_size=0)
        application.router.add_route("*", "/{path:.*}", self._api.handle)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await self._listen()

    async def _listen(self):
        site = web.TCPSite(
            self._runner, "127.0.0.1", self.port, ssl_context=self._context, reuse_address=True, backlog=1024
        )
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # pylint: disable=protected-access

    async def start_control(self, path, control):
        """The control endpoint at a unix socket."""
        application = web.Application()
        application.router.add_route("*", "/{name}", control.handle)
        self._control = web.AppRunner(application, access_log=None)
        await self._control.setup()
        await web.UnixSite(self._control, path).start()

    async def restart(self, seconds):
        """Every connection breaks, and for some time nobody listens."""
        for site in list(self._runner.sites):
            self._runner._unreg_site(site)  # pylint: disable=protected-access
            site._server.close()  # pylint: disable=protected-access
        self._api.drop_connections()
        await asyncio.sleep(seconds)
        await self._listen()

    def close(self):
        """Ends everything at once: aiohttp's own way waits for handlers, and a watch's has no end."""
        self._api.drop_connections()
        for runner in (self._control, self._runner):
            for site in list(runner.sites) if runner is not None else []:
                site._server.close()  # pylint: disable=protected-access


KINDS = ("token", "token-file", "certificate", "exec", "exec-v1beta1")


def _user(kind, directory, tokens):
    """What is in a kubeconfig for that kind of credentials."""
    if kind == "token":
        return {"token": tokens.current}
    if kind == "token-file":
        return {"tokenFile": f"{tokens.path}.token"}
    if kind == "certificate":
        return {
            "client-certificate-data": _data(f"{directory}/client.crt"),
            "client-key-data": _data(f"{directory}/client.key"),
        }
    version = "v1beta1" if kind == "exec-v1beta1" else "v1"
    run = {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "command": "cat",
        "args": [f"{tokens.path}.{version}.json"],
    }
    return {"exec": run | {"interactiveMode": "Never"}}


def _data(path):
    with open(path, "rb") as file:
        return base64.b64encode(file.read()).decode()


def kubeconfig(kind, port, directory, tokens):
    """The kubeconfig as text (JSON, which is YAML as well). The current context is `fake`, with that kind of credentials; each kind
    has a context of its own beside it."""
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": _data(f"{directory}/ca.crt")}
    users = [{"name": "fake", "user": _user(kind, directory, tokens)}]
    users += [{"name": one, "user": _user(one, directory, tokens)} for one in KINDS]
    contexts = [
        {"name": user["name"], "context": {"cluster": "fake", "user": user["name"], "namespace": "default"}}
        for user in users
    ]
    whole = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "fake", "cluster": cluster}],
        "users": users,
        "contexts": contexts,
        "current-context": "fake",
    }
    return json.dumps(whole, indent=2) + "\n"

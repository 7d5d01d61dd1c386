"""Who asks, and may they: bearer tokens, client certificates, and rules as a Role has them."""

import json
import os
import secrets

from .errors import ApiError

_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
_KNOWN = {
    "": ("pods", "pods/attach", "pods/log", "configmaps", "secrets", "events"),
    "batch": ("jobs",),
}
EVERYTHING = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]


class Tokens:
    """The bearer tokens that are good, and the files in which clients find the newest."""

    def __init__(self, user, path):
        self.user = user
        self.path = path
        self._good = {}
        self.current = ""
        self.issue()

    def issue(self):
        """Makes a new token, also in the token file and in the credential that the exec plugin prints."""
        self.current = secrets.token_urlsafe(24)
        self._good[self.current] = self.user
        _replace(f"{self.path}.token", self.current)
        for version in ("v1", "v1beta1"):
            credential = {
                "kind": "ExecCredential",
                "apiVersion": f"client.authentication.k8s.io/{version}",
                "status": {"token": self.current},
            }
            _replace(f"{self.path}.{version}.json", json.dumps(credential))
        return self.current

    def accept(self, token, user):
        """One more good token."""
        self._good[token] = user

    def expire(self):
        """No token handed out so far is good any more; clients find a new one where they found the old one."""
        self._good = {token: user for token, user in self._good.items() if user != self.user}
        self.issue()

    def user_of(self, request):
        """The user of a request; raises 401."""
        header = request.headers.get("Authorization", "")
        if header:
            scheme, _, token = header.partition(" ")
            user = self._good.get(token.strip()) if scheme.lower() == "bearer" else None
            if user is None:
                raise ApiError(401, "Unauthorized")
            return user
        certificate = request.transport.get_extra_info("peercert") if request.transport else None
        if certificate:
            subject = dict(pair[0] for pair in certificate["subject"])
            return subject.get("commonName", "")
        return "system:anonymous"


def _replace(path, text):
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(f"{path}.new", 0o600)
    os.replace(f"{path}.new", path)


class Rights:
    """What users may do."""

    def __init__(self, rules, denied=()):
        self.rules = rules
        self._denied = set()
        self.deny(denied)

    def deny(self, denied):
        """What nobody may do, whatever the rules say: a list of VERB:RESOURCE."""
        self._denied = {tuple(one.split(":", 1)) for one in denied}

    def told(self):
        """The rules as a SelfSubjectRulesReview tells them: no rule can take something away, so what is left is listed."""
        if not self._denied:
            return self.rules
        rules = []
        for group, resources in _KNOWN.items():
            for resource in resources:
                plural, _, subresource = resource.partition("/")
                verbs = [verb for verb in _VERBS if self.allows("anybody", verb, group, plural, subresource)]
                rules.append({"apiGroups": [group], "resources": [resource], "verbs": verbs})
        return rules

    def allows(self, user, verb, group, resource, subresource="", name=""):
        """Whether some rule grants it."""
        if user == "system:anonymous":
            return False
        wanted = f"{resource}/{subresource}" if subresource else resource
        if (verb, wanted) in self._denied:
            return False
        return any(self._grants(rule, verb, group, wanted, name) for rule in self.rules)

    @staticmethod
    def _grants(rule, verb, group, wanted, name):
        def has(field, value):
            return "*" in rule.get(field, []) or value in rule.get(field, [])

        if not has("verbs", verb) or not has("apiGroups", group):
            return False
        names = rule.get("resourceNames")
        if names and name not in names:
            return False
        subresource = wanted.partition("/")[2]
        return has("resources", wanted) or (bool(subresource) and f"*/{subresource}" in rule.get("resources", []))

    def check(self, user, verb, resource, subresource, namespace, name):
        """Raises 403 in the words of a real server."""
        if self.allows(user, verb, resource.group, resource.plural, subresource, name):
            return
        what = f"{resource.plural}/{subresource}" if subresource else resource.plural
        full = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
        named = f' "{name}"' if name else ""
        where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
        why = f'{full}{named} is forbidden: User "{user}" cannot {verb} resource "{what}" in API group "{resource.group}"{where}'
        details = (
            {"kind": resource.plural}
            | ({"name": name} if name else {})
            | ({"group": resource.group} if resource.group else {})
        )
        raise ApiError(403, why, details=details)

"""The reviews: what may I do, and who am I."""


def _access(body, user, rights):
    spec = body.get("spec") or {}
    wanted = spec.get("resourceAttributes")
    if wanted is None:
        allowed = user != "system:anonymous"
    else:
        allowed = rights.allows(
            user,
            wanted.get("verb", "*"),
            wanted.get("group", ""),
            wanted.get("resource", "*"),
            wanted.get("subresource", ""),
            wanted.get("name", ""),
        )
    status = {"allowed": allowed}
    if allowed:
        status["reason"] = f'RBAC: allowed by RoleBinding "fake/default" of Role "fake" to User "{user}"'
    return status


def answer(resource, body, user, rights):
    """The review with its status."""
    if resource.kind == "SelfSubjectAccessReview":
        status = _access(body, user, rights)
    elif resource.kind == "SelfSubjectRulesReview":
        status = {"resourceRules": rights.told(), "nonResourceRules": [], "incomplete": False}
    else:
        status = {"userInfo": {"username": user, "groups": ["system:authenticated"]}}
    return body | {"status": status}

"""What an API server answers when it refuses: a Status object (meta/v1), with the words that the real one uses."""

import json

# The reason that goes with an HTTP status when nothing more exact is said (apimachinery, api/errors).
REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    410: "Expired",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class ApiError(Exception):
    """An answer that is an error."""

    def __init__(self, code, message, reason=None, details=None, headers=None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason or REASONS.get(code, "Unknown")
        self.details = details
        self.headers = headers or {}

    def status(self):
        """The Status object."""
        answer = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if self.details:
            answer["details"] = self.details
        return answer

    def body(self):
        """The Status object as it is sent."""
        return json.dumps(self.status()).encode()


def qualified(resource):
    """jobs.batch, or pods for the core group."""
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def _details(resource, name, **more):
    details = {"name": name, "kind": resource.plural}
    if resource.group:
        details["group"] = resource.group
    details.update(more)
    return details


def not_found(resource, name):
    """No object has that name."""
    return ApiError(404, f'{qualified(resource)} "{name}" not found', details=_details(resource, name))


def already_exists(resource, name):
    """An object has that name."""
    return ApiError(
        409, f'{qualified(resource)} "{name}" already exists', reason="AlreadyExists", details=_details(resource, name)
    )


def conflict(resource, name, why=None):
    """The object is not as the writer believed."""
    why = why or ("the object has been modified; please apply your changes to the latest version and try again")
    return ApiError(
        409, f'Operation cannot be fulfilled on {qualified(resource)} "{name}": {why}', details=_details(resource, name)
    )


def invalid(resource, name, causes):
    """Validation failed; causes is a list of (field, what is wrong with it)."""
    told = [f"{field}: {what}" for field, what in causes]
    message = told[0] if len(told) == 1 else "[" + ", ".join(told) + "]"
    group = f".{resource.group}" if resource.group else ""
    details = _details(
        resource,
        name,
        causes=[{"reason": "FieldValueInvalid", "message": what, "field": field} for field, what in causes],
    )
    details["kind"] = resource.kind
    return ApiError(422, f'{resource.kind}{group} "{name}" is invalid: {message}', details=details)


def forbidden(resource, name, why):
    """Admission refused."""
    said = (
        f'{qualified(resource)} "{name}" is forbidden: {why}' if name else f"{qualified(resource)} is forbidden: {why}"
    )
    return ApiError(403, said, details=_details(resource, name or ""))


def expired(message="The resourceVersion for the provided watch is too old."):
    """410: what was asked for has been forgotten."""
    return ApiError(410, message)

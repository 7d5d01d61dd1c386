"""A certificate authority of the fake's own, a certificate for its server and one for its user, made by openssl."""

import os
import subprocess


def _openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def _signed(directory, name, subject, *extensions):
    extensions = [word for one in extensions for word in ("-addext", one)]
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", subject,
             "-CA", f"{directory}/ca.crt", "-CAkey", f"{directory}/ca.key", "-addext", "basicConstraints=critical,CA:FALSE", *extensions,
             "-keyout", f"{directory}/{name}.key", "-out", f"{directory}/{name}.crt")  # fmt: skip


def make(directory, user):
    """Makes ca, server and client certificates (.crt and .key) in the directory."""
    os.makedirs(directory, exist_ok=True)
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", "/CN=fake-kubernetes-ca",
             "-addext", "keyUsage=critical,keyCertSign", "-keyout", f"{directory}/ca.key", "-out", f"{directory}/ca.crt")  # fmt: skip
    names = "subjectAltName=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default.svc,IP:127.0.0.1"
    _signed(directory, "server", "/CN=kube-apiserver", names, "extendedKeyUsage=serverAuth")
    _signed(directory, "client", f"/CN={user}", "extendedKeyUsage=clientAuth")

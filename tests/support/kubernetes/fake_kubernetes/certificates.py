"""A certificate authority of the fake's own, a certificate for its server and one for its user, made by openssl."""

import os
import subprocess


def _openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def _signed(directory, name, subject, extension):
    key, request, certificate = (f"{directory}/{name}.{kind}" for kind in ("key", "csr", "crt"))
    with open(f"{directory}/{name}.ext", "w", encoding="utf-8") as file:
        file.write(extension)
    _openssl(
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-subj",
        subject,
        "-keyout",
        key,
        "-out",
        request,
    )
    _openssl("x509", "-req", "-in", request, "-CA", f"{directory}/ca.crt", "-CAkey", f"{directory}/ca.key", "-CAcreateserial", "-days", "30",
             "-extfile", f"{directory}/{name}.ext", "-out", certificate)  # fmt: skip


def make(directory, user):
    """Makes ca, server and client certificates (.crt and .key) in the directory."""
    os.makedirs(directory, exist_ok=True)
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", "/CN=fake-kubernetes-ca",
             "-addext", "keyUsage=critical,keyCertSign", "-keyout", f"{directory}/ca.key", "-out", f"{directory}/ca.crt")  # fmt: skip
    names = "subjectAltName=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default.svc,IP:127.0.0.1\n"
    _signed(directory, "server", "/CN=kube-apiserver", names + "extendedKeyUsage=serverAuth\n")
    _signed(directory, "client", f"/CN={user}", "extendedKeyUsage=clientAuth\n")

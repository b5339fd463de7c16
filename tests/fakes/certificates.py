"""A certificate that signs itself, made once a process by the `openssl` program: no key lies in the repository."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

_COMMAND = (
    *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
    *("-days", "2", "-subj", "/CN=localhost"),
    *("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
    *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),  # strict clients want an issuer to say so
    *("-keyout", "key.pem", "-out", "certificate.pem"),
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a server is: its certificate, for 127.0.0.1 and localhost, and the key to it, both in PEM."""

    certificate: str
    key: str = field(repr=False)

    def context(self) -> ssl.SSLContext:
        """What a server needs to be it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with TemporaryDirectory() as folder:  # the standard library loads from files only
            both = Path(folder, "both.pem")
            both.write_text(self.certificate + self.key, encoding="ascii")
            context.load_cert_chain(both)
        return context


@cache
def identity() -> Identity:
    """Make the certificate, which takes some 10 ms."""
    with TemporaryDirectory() as folder:
        subprocess.run(_COMMAND, cwd=folder, check=True, capture_output=True)
        files = (Path(folder, name) for name in ("certificate.pem", "key.pem"))
        return Identity(*(file.read_text(encoding="ascii") for file in files))

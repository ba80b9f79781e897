"""Certificates of an authority of one's own, for servers on 127.0.0.1 and their clients."""

from __future__ import annotations

import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Authority:
    """Signs certificates; files lie in ``folder`` under the authority's name."""

    def __init__(self, folder: pathlib.Path, name: str = "authority"):
        self.folder, self.name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.ca = folder / f"{name}.pem"
        self._certificate = self._sign(name, self._key.public_key(), is_authority=True)
        self.ca.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> dict[str, str]:
        """A certificate for 127.0.0.1 by that name: the files ``ca``, ``cert`` and ``key``."""
        key = ec.generate_private_key(ec.SECP256R1())
        files = {"ca": self.ca, "cert": self.folder / f"{self.name}-{name}.pem"}
        files["key"] = self.folder / f"{self.name}-{name}.key"
        files["cert"].write_bytes(self._sign(name, key.public_key()).public_bytes(serialization.Encoding.PEM))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        files["key"].write_bytes(key.private_bytes(*form))
        for path in files.values():
            path.chmod(0o644)
        return {what: str(path) for what, path in files.items()}

    def _sign(self, name, public_key, is_authority=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        call = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, self.name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(call)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if not is_authority:
            names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())

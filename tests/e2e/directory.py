"""An LDAP directory (OpenLDAP's slapd) on loopback, private to a test run."""

from __future__ import annotations

import datetime
import ipaddress
import pathlib
import shutil
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from postgres import free_port
from services import listening
from system import wait_for

SUFFIX = "dc=example,dc=com"
READER = f"cn=reader,{SUFFIX}"
READER_PASSWORD = "reader's own"
OPS = f"cn=ops,ou=groups,{SUFFIX}"

_SETTINGS = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {folder}/slapd.pid
TLSCertificateFile {folder}/cert.pem
TLSCertificateKeyFile {folder}/key.pem
database mdb
suffix "{suffix}"
rootdn "cn=admin,{suffix}"
rootpw admin
directory {folder}/data
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by anonymous auth by * none
"""

_ENTRIES = """
dn: {suffix}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: {reader}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: {password}

dn: ou=people,{suffix}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{suffix}
objectClass: organizationalUnit
ou: groups

dn: uid=olga,ou=people,{suffix}
objectClass: inetOrgPerson
uid: olga
cn: Olga Ops
givenName: Olga
sn: Ops
mail: olga@example.com
userPassword: olga's password

dn: uid=nils,ou=people,{suffix}
objectClass: inetOrgPerson
uid: nils
cn: Nils Nobody
givenName: Nils
sn: Nobody
mail: nils@example.com
userPassword: nils's password

dn: {ops}
objectClass: groupOfNames
cn: ops
member: uid=olga,ou=people,{suffix}
"""


class Directory:
    """Two people: olga, of the group ops, and nils, of none."""

    def __init__(self, folder: pathlib.Path):
        self.port = free_port()
        self.url = f"ldap://127.0.0.1:{self.port}"
        (folder / "data").mkdir()
        _certificate(folder)
        settings = folder / "slapd.conf"
        settings.write_text(_SETTINGS.format(folder=folder, suffix=SUFFIX, reader=READER))
        self._command = [shutil.which("slapd") or "/usr/sbin/slapd", "-d", "0", "-f", settings, "-h", f"{self.url}/"]
        self.start()
        entries = _ENTRIES.format(suffix=SUFFIX, reader=READER, password=READER_PASSWORD, ops=OPS)
        subprocess.run(
            ["ldapadd", "-x", "-H", self.url, "-D", f"cn=admin,{SUFFIX}", "-w", "admin"],
            input=entries,
            text=True,
            check=True,
            capture_output=True,
        )

    def start(self):
        """Start it (again)."""
        self._process = subprocess.Popen(self._command)
        wait_for("slapd", lambda: listening(self.port))

    def stop(self):
        """End it."""
        self._process.terminate()
        self._process.wait(10)


def _certificate(folder: pathlib.Path) -> None:
    """A certificate that nobody else vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*form))

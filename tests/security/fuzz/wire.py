"""Requests as bytes: a program that keeps to no protocol can send what no client library would."""

import http.client
import socket

SECONDS = 15


class Answer:
    def __init__(self, status, headers=None, body=b""):
        self.status, self.headers, self.body = status, headers, body


class Line:
    """One connection, kept while both sides behave."""

    def __init__(self, port):
        self.port = port
        self.socket = None

    def send(self, raw, method="GET", *, cut=False):
        """The answer; its status is "closed" where the server hung up without one and "silent" where it says nothing.

        `cut`: say no more after this, as somebody whose line broke.
        """
        for again in (True, False):
            kept = self.socket is not None
            try:
                return self._once(raw, method, cut)
            except TimeoutError:
                self.close()
                return Answer("silent")
            except (OSError, http.client.HTTPException):
                self.close()
                if not (kept and again):  # a kept connection may have been closed meanwhile
                    return Answer("closed")
        return Answer("closed")

    def _once(self, raw, method, cut):
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(raw)
        if cut:
            self.socket.shutdown(socket.SHUT_WR)
        # As it was sent: a hostile request may not be of the kind it began as, and HEAD is answered without a body.
        response = http.client.HTTPResponse(self.socket, method="HEAD" if raw.startswith(b"HEAD ") else method)
        try:
            response.begin()
            body = response.read()
        finally:
            response.close()
        if cut or response.will_close:
            self.close()
        return Answer(response.status, response.headers, body)

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

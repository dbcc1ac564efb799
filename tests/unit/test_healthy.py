"""The health check of a container."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from yhdyspinta import healthy


@pytest.fixture
def address():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/ready" else 503)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_it_is_well_when_it_answers_200_and_not_else(address, capsys):
    assert healthy.main(f"{address}/ready") == 0
    assert healthy.main(f"{address}/waits") == 1
    assert healthy.main("http://127.0.0.1:1/ready") == 1
    assert "refused" in capsys.readouterr().err

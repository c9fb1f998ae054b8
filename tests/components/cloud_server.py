"""The moto server in a process of its own, on a free port of 127.0.0.1; it ends when its standard input does.

Says its address in one line, so that nobody has to guess when it is up.
"""

import sys

from moto.server import ThreadedMotoServer


def main() -> None:
    """Serves until the parent lets go, however the parent ends."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()

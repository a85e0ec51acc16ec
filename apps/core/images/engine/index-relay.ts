import type { NetworkConfig } from "#core/config.ts";
import { trustedAuthorities } from "../build-network.ts";
import { torchPackages } from "../runtimes/torch-index.ts";

/*
 * How a container without a network has the files of package indexes:
 *
 *   pip ── http://127.0.0.1:8079/0/docopt/ ── forward.py ── /slipway/index/socket ── relay.py ── https://user:…@index/simple/docopt/
 *   └───────────────── no network, no secret ─────────────┘                         └──── its own container ────┘
 *
 * Of one index after the other it gives /<n>/<project>/ (a page, its links made anew) and /file/<of a page>/<file's name>;
 * whoever asks learns neither an address nor a login, and cannot have anything else fetched.
 */
export const forwardPort = 8079;

const pypi = "https://pypi.org/simple";

/** What relay.py reads from /slipway/net. */
export function relayFiles(network: NetworkConfig): Record<string, string> {
  const bundle = trustedAuthorities(network);
  const { http, https, except } = network.proxies;
  const given = {
    indexes: indexesOf(network),
    // torch's projects are that index's alone, and it has no others.
    torch: network.torchIndex === null ? null : { index: indexesOf(network).length - 1, projects: torchPackages },
    proxies: Object.fromEntries(Object.entries({ http, https }).filter(([, url]) => url !== "")),
    except,
  };
  return { "relay.json": JSON.stringify(given), ...(bundle === null ? {} : { "ca.pem": bundle }) };
}

export function indexesOf({ packageIndex, extraPackageIndexes, torchIndex }: NetworkConfig): string[] {
  return [packageIndex ?? pypi, ...extraPackageIndexes, ...(torchIndex === null ? [] : [torchIndex])];
}

/** Runs in the container that may reach the indexes, with the standard library alone. */
export const relay = `import base64
import hashlib
import html
import html.parser
import http.client
import http.server
import json
import os
import re
import socketserver
import ssl
import urllib.error
import urllib.parse
import urllib.request

NET = "/slipway/net"
SHARED = "/slipway/index"
SECONDS = 60
KEPT = ("data-requires-python", "data-yanked", "data-dist-info-metadata", "data-core-metadata")

with open(f"{NET}/relay.json", encoding="utf-8") as file:
    given = json.load(file)
os.environ["no_proxy"] = given["except"]

logins = {}
files = {}


def origin_of(address):
    parts = urllib.parse.urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()


def without_login(address):
    """The login is kept for its own origin, as pip does."""
    parts = urllib.parse.urlsplit(address)
    if parts.username is not None:
        words = (urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or ""))
        logins[origin_of(address)] = "Basic " + base64.b64encode(":".join(words).encode()).decode()
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


indexes = [without_login(address).rstrip("/") for address in given["indexes"]]


def with_login(request):
    login = logins.get(origin_of(request.full_url))
    if login is not None:
        request.add_unredirected_header("Authorization", login)
    return request


class Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, *answer):
        followed = super().redirect_request(request, *answer)
        if followed is None or urllib.parse.urlsplit(followed.full_url).scheme not in ("http", "https"):
            return None
        followed.headers.pop("Proxy-authorization", None)
        return with_login(followed)


def trust():
    if os.path.exists(f"{NET}/ca.pem"):
        return ssl.create_default_context(cafile=f"{NET}/ca.pem")
    try:
        from pip._vendor import certifi
        return ssl.create_default_context(cafile=certifi.where())
    except (ImportError, OSError):
        return ssl.create_default_context()


opener = urllib.request.build_opener(
    urllib.request.ProxyHandler(given["proxies"]), urllib.request.HTTPSHandler(context=trust()), Redirects
)


def fetch(address, accept):
    headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": "slipway"}
    return opener.open(with_login(urllib.request.Request(address, headers=headers)), timeout=SECONDS)


def joined(base, link):
    """As a request takes it; None where it is no address: it hides none of the others."""
    try:
        parts = urllib.parse.urlsplit(urllib.parse.urljoin(base, link))
    except ValueError:
        return None
    path, query = (urllib.parse.quote(part, safe="!$%&'()*+,/:;=?@[]~") for part in (parts.path, parts.query))
    return parts._replace(path=path, query=query).geturl()


class Links(html.parser.HTMLParser):
    def __init__(self, address):
        super().__init__()
        self.base, self.found = address, []

    def handle_starttag(self, tag, attributes):
        attributes = {name: value or "" for name, value in attributes}
        if tag == "base" and "href" in attributes:
            self.base = joined(self.base, attributes["href"]) or self.base
        if tag == "a" and "href" in attributes:
            self.found.append(attributes)


def page(address, text):
    links = Links(address)
    links.feed(text)
    lines = ["<!DOCTYPE html>"]
    for attributes in links.found:
        target = urllib.parse.urlsplit(joined(links.base, attributes["href"]) or "")
        name = urllib.parse.unquote(target.path.rpartition("/")[2])
        if target.scheme not in ("http", "https") or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.!+~_-]*", name):
            continue
        token = hashlib.sha256(target._replace(fragment="").geturl().encode()).hexdigest()[:32]
        files[token] = without_login(target._replace(fragment="").geturl())
        digest = "#" + target.fragment if re.fullmatch(r"[a-z0-9]+=[0-9a-f]+", target.fragment) else ""
        kept = "".join(f' {key}="{html.escape(attributes[key])}"' for key in KEPT if key in attributes)
        lines.append(f'<a href="/file/{token}/{urllib.parse.quote(name)}{digest}"{kept}>{html.escape(name)}</a><br>')
    return "\\n".join(lines).encode()


def note(fault):
    """For whoever asks: who is to blame, and no address."""
    with open(f"{SHARED}/fault", "w", encoding="utf-8") as out:
        out.write(f"the package index {fault}\\n")


def words_of(error):
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLError):
        return "is not trusted, or speaks no TLS"
    status = re.search(r"Tunnel connection failed: (\\d+)", str(reason))
    if status is not None:
        return f"is not reached: the proxy answered {status[1]}"
    return f"is not reached: {getattr(reason, 'strerror', None) or type(reason).__name__}"


def parts_of(answer):
    try:
        yield from iter(lambda: answer.read(256 * 1024), b"")
        cut = bool(answer.length)  # what it owes: an early end is no error
    except (OSError, http.client.HTTPException):
        cut = True
    if cut:
        note("broke off in the middle of a file")


def has(index, project):
    torch = given["torch"]
    name = re.sub("[-_.]+", "-", project).lower()
    return torch is None or (index == torch["index"]) == (name in torch["projects"])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = re.fullmatch(r"/(\\d+)/([A-Za-z0-9][A-Za-z0-9._-]*)/?", self.path)
        file = re.fullmatch(r"/file/([0-9a-f]{32})/[^/]+?(\\.metadata)?", self.path)
        try:
            if asked is not None and int(asked[1]) < len(indexes) and has(int(asked[1]), asked[2]):
                address = f"{indexes[int(asked[1])]}/{asked[2]}/"
                with fetch(address, "application/vnd.pypi.simple.v1+html, text/html;q=0.9") as answer:
                    self.give(page(answer.geturl(), answer.read().decode("utf-8", "replace")))
            elif file is not None and file[1] in files:
                with fetch(files[file[1]] + (file[2] or ""), "*/*") as answer:
                    self.pass_on(answer)
            else:
                self.refuse(404)
        except urllib.error.HTTPError as error:
            if error.code in (401, 403, 407, 429) or error.code >= 500:
                note(f"answered {error.code}")
            self.refuse(error.code)
        except (OSError, ValueError, http.client.HTTPException) as error:
            if self.has_begun:
                return  # whoever asked has gone
            note(words_of(error))
            self.refuse(502)

    has_begun = False

    def begin(self, kind, length):
        """What has begun cannot be refused any more."""
        self.has_begun = True
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def give(self, body):
        self.begin("text/html; charset=utf-8", len(body))
        self.wfile.write(body)

    def pass_on(self, answer):
        self.begin("application/octet-stream", answer.headers["Content-Length"])
        for part in parts_of(answer):
            self.wfile.write(part)

    def refuse(self, status):
        try:
            self.send_error(status, explain="")
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


with Server(f"{SHARED}/socket", Handler) as server:
    server.serve_forever()
`;

/** Runs beside pip: a port, since pip knows no other socket. It goes on in the background when it listens. */
export const forward = `import os
import socket
import socketserver
import sys
import threading
import time

SOCKET = "/slipway/index/socket"


def copy(source, target):
    try:
        while True:
            data = source.recv(256 * 1024)
            if not data:
                break
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Forward(socketserver.BaseRequestHandler):
    def handle(self):
        with socket.socket(socket.AF_UNIX) as index:
            index.connect(SOCKET)
            asking = threading.Thread(target=copy, args=(self.request, index), daemon=True)
            asking.start()
            copy(index, self.request)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


def wait_for_relay():
    for _ in range(300):
        with socket.socket(socket.AF_UNIX) as index:
            if index.connect_ex(SOCKET) == 0:
                return
        time.sleep(0.1)
    sys.exit("the relay of the package index did not start")


wait_for_relay()
server = Server(("127.0.0.1", ${forwardPort}), Forward)
if os.fork() == 0:
    # Whoever waits for the output of the step waits for nothing of this.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    server.serve_forever()
`;

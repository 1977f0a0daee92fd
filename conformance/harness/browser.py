"""A browser as far as signing in needs one: cookies by host and path, redirects one by one."""

import html
import http.client
import re
import urllib.parse


class Page:
    def __init__(self, address, answer, body):
        self.address, self.status, self.body = address, answer.status, body.decode(errors="replace")
        self.location = answer.getheader("location")
        self.cookies = answer.headers.get_all("set-cookie") or []

    def form(self):
        """Where its one form goes, and its hidden fields."""
        action = html.unescape(re.search(r'<form[^>]* action="([^"]*)"', self.body)[1])
        fields = {}
        for tag in re.findall(r"<input[^>]*>", self.body):
            if 'type="hidden"' in tag:
                name = re.search(r'name="([^"]*)"', tag)[1]
                fields[name] = html.unescape(re.search(r'value="([^"]*)"', tag)[1])
        return urllib.parse.urljoin(self.address, action), fields


class Browser:
    """`home` is the address that people type; it is served by `server`, as behind a proxy."""

    def __init__(self, server, home="http://localhost:8080"):
        self.home, self._server = home, (server.host, server.port)
        self._jar = {}

    def get(self, address):
        return self._send("GET", address, None)

    def submit(self, address, fields):
        return self._send("POST", address, urllib.parse.urlencode(fields))

    def post_json(self, path, text=""):
        return self._send("POST", self.home + path, text, "application/json")

    def follow(self, page, until):
        """Goes where redirects lead, up to one that begins with `until`, and returns that one."""
        for _ in range(20):
            assert page.location is not None, f"{page.address}: {page.status} {page.body[:300]}"
            target = urllib.parse.urljoin(page.address, page.location)
            if target.startswith(until):
                return target
            page = self.get(target)
            if page.location is None:
                return page
        raise AssertionError(f"no end of redirects at {page.address}")

    def session(self):
        return self.get(self.home + "/v1/session")

    def cookie(self, name):
        return next((value for (_, _, n), value in self._jar.items() if n == name), None)

    def set_cookie(self, name, value, path="/"):
        self._jar[(urllib.parse.urlsplit(self.home).netloc, path, name)] = value

    def _send(self, method, address, body, kind="application/x-www-form-urlencoded"):
        parts = urllib.parse.urlsplit(address)
        is_home = address.startswith(self.home + "/")
        host, port = self._server if is_home else (parts.hostname, parts.port)
        connection = http.client.HTTPConnection(host, port, timeout=60)
        path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        headers = {"Host": parts.netloc, "Cookie": self._cookies(parts)}
        if body is not None:
            headers["Content-Type"] = kind
            headers["Origin"] = f"{parts.scheme}://{parts.netloc}"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        page = Page(address, answer, answer.read())
        connection.close()
        for cookie in page.cookies:
            self._keep(parts, cookie)
        return page

    def _cookies(self, parts):
        fitting = [
            f"{name}={value}"
            for (host, path, name), value in self._jar.items()
            if host == parts.netloc and (parts.path + "/").startswith(path.rstrip("/") + "/")
        ]
        return "; ".join(fitting)

    def _keep(self, parts, cookie):
        pair, *attributes = (part.strip() for part in cookie.split(";"))
        name, _, value = pair.partition("=")
        told = dict(attribute.lower().partition("=")[::2] for attribute in attributes)
        path = next((a.split("=", 1)[1] for a in attributes if a.lower().startswith("path=")), "/")
        key = (parts.netloc, path, name)
        if told.get("max-age") == "0" or told.get("expires", "").startswith("thu, 01 jan 1970"):
            self._jar.pop(key, None)
        else:
            self._jar[key] = value

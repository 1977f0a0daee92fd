"""Conversations over plain HTTP: turns that are begun, read event by event, and left."""

import json
from dataclasses import dataclass

ALL = "/v1/conversations"
STARTED, DELTA = "conversation.response.started", "message.output.delta"
DONE, ERROR = "conversation.response.done", "conversation.response.error"

# Long enough that something can happen while it is written.
STORY = "Tell a long story about the sea."
GREEDY = {"temperature": 0, "max_tokens": 24}
LONG = {"temperature": 0, "max_tokens": 400}


@dataclass
class Event:
    id: int
    name: str
    data: dict


class Stream:
    """Server-sent events of one turn, read one by one; their form and their ids are checked."""

    def __init__(self, api, method, path, body=None, headers=None):
        self.connection = api.connect()
        self.response = api._send(self.connection, method, path, body, headers, True)
        assert self.response.status == 200, self.response.read()[:300]
        kind = self.response.getheader("content-type")
        assert kind.startswith("text/event-stream"), kind
        assert self.response.getheader("x-accel-buffering") == "no"
        self.request = self.response.getheader("x-request-id")
        last = (headers or {}).get("Last-Event-ID")
        # Bytes of the answer that are known, and what was said here.
        self.known, self.text, self.events = int(last or 0), "", []

    def next(self):
        """The next event; None after the last one."""
        frame = []
        while True:
            line = self.response.readline()
            if not line:
                assert not frame, f"the stream broke off in {frame}"
                return None
            line = line.decode().rstrip("\n")
            if line.startswith(":"):
                continue
            if line:
                frame.append(line)
            elif frame:
                return self._take(frame)

    def _take(self, frame):
        (id_name, number), (event_name, name), (data_name, data) = (
            line.split(": ", 1) for line in frame
        )
        assert (id_name, event_name, data_name) == ("id", "event", "data"), frame
        event = Event(int(number), name, json.loads(data))
        assert event.data["type"] == name, frame
        if name == DELTA:
            self.text += event.data["content"]
            self.known += len(event.data["content"].encode())
        assert event.id == self.known, f"event {event.id} after {self.known} bytes"
        self.events.append(event)
        return event

    def until(self, size):
        """Reads on until so many bytes of the answer are known."""
        while self.known < size:
            event = self.next()
            assert event and event.name in (STARTED, DELTA), f"ended before {size}: {event}"
        return self

    def rest(self):
        """Reads to the end; returns the last event."""
        while self.next():
            pass
        last = self.events[-1]
        assert last.name in (DONE, ERROR), last
        assert all(event.name in (STARTED, DELTA) for event in self.events[:-1]), self.events
        self.close()
        return last

    def close(self):
        self.response.close()
        self.connection.close()

    @property
    def started(self):
        if not self.events:
            self.next()
        assert self.events[0].name == STARTED, self.events[0]
        return self.events[0].data


class Conversations:
    """What a client that knows no SDK does."""

    def __init__(self, api):
        self.api = api

    def body(self, inputs, **fields):
        return {"model": self.api.model, "inputs": inputs, "completion_args": GREEDY, **fields}

    def post(self, inputs, path="", headers=None, **fields):
        return self.api.request("POST", f"{ALL}{path}", self.body(inputs, **fields), headers)

    def ask(self, inputs, path="", headers=None, **fields):
        """Asks for a whole answer; returns it as JSON."""
        return expect(self.post(inputs, path, headers, **fields), 200)

    def stream(self, inputs, path="", headers=None, **fields):
        body = self.body(inputs, stream=True, **fields)
        return Stream(self.api, "POST", f"{ALL}{path}", body, headers)

    def story(self, headers=None, **fields):
        """Begins an answer that is written for some seconds."""
        return self.stream(STORY, headers=headers, **{"completion_args": LONG, **fields})

    def events(self, conversation, entry=None, known=None):
        headers = {} if known is None else {"Last-Event-ID": str(known)}
        query = f"?entry_id={entry}" if entry else ""
        return Stream(self.api, "GET", f"{ALL}/{conversation}/events{query}", headers=headers)

    def get(self, path=""):
        return expect(self.api.request("GET", f"{ALL}{path}"), 200)

    def entries(self, conversation, query=""):
        return self.get(f"/{conversation}/history{query}")["entries"]

    def stop(self, conversation):
        expect(self.api.request("POST", f"{ALL}/{conversation}/stop"), 204)

    def patch(self, conversation, **fields):
        return expect(self.api.request("PATCH", f"{ALL}/{conversation}", fields), 200)

    def names(self, query=""):
        return [each["name"] for each in self.get(query)]


def expect(answer, status):
    assert answer.status == status, f"{answer.status} {answer.body[:300]}"
    return answer.json() if answer.body else None

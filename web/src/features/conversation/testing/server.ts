import { RequestError, pageFailure, type Failure } from "../../../errors/failure";
import type { LoadedConversation, TurnRequest } from "../api/conversations";
import type { TurnEvent } from "../api/turn-events";
import type { EntryState, WireEntry, WireOutput } from "../api/wire";
import { failureOfCode } from "../entry";
import type { ConversationPorts } from "../hooks/live-conversation";
import { SessionExpiry } from "../../session/expiry";

const encoder = new TextEncoder();
const ID = "c";

/** Breaks that tests ask for: called before each event of a stream, throws to break it. */
export type Disturb = (at: { kind: "post" | "follow"; event: TurnEvent | null }) => void;

export function unreachable(): never {
  throw new RequestError(pageFailure("page.unreachable"));
}

export function interrupted(): never {
  throw new RequestError(pageFailure("page.interrupted"));
}

export function refuse(code: string, location: string | null = null): never {
  throw new RequestError(failureOfCode(code, "m"), { location });
}

/** A server of one conversation in memory, whose answers arrive as tests say. */
export class FakeServer {
  entries: WireEntry[] = [];
  head: string | null = null;
  /** What the next answer says, piece by piece. */
  pieces: string[] = ["Hello", " world"];
  disturb: Disturb = () => undefined;
  /** Questions that are taken from now on are kept, and not answered, for this reason. */
  refusal: string | null = null;
  readonly expiry = new SessionExpiry();
  /** Everything that was asked of the server. */
  readonly calls: string[] = [];
  #keys = new Map<string, string>();
  #count = 0;
  #keyCount = 0;

  ports(): ConversationPorts {
    return {
      fetchConversation: async () => this.#load(),
      postTurn: (request, key) => this.#post(request, key),
      followTurn: ({ received }) => this.#follow(received),
      stopTurn: async () => {
        this.calls.push("stop");
        this.end("stopped");
      },
      moveHead: async (_id, head) => {
        this.calls.push(`head ${head}`);
        this.disturb({ kind: "post", event: null });
        this.head = head;
      },
      signedIn: (signal) => this.expiry.signedIn(signal),
      newKey: () => `k${(this.#keyCount += 1)}`,
      now: () => Date.now(),
    };
  }

  get answer(): WireOutput {
    const last = this.entries.findLast((entry) => entry.type === "message.output");
    if (last === undefined) throw new Error("there is no answer");
    return last;
  }

  /** Begins a turn as another client would. */
  begin({ parentId, question, model }: Omit<TurnRequest, "conversationId">): void {
    let parent = parentId;
    if (question !== null) {
      parent = this.#name("q");
      const content = question.text;
      this.entries.push({ type: "message.input", id: parent, parent_id: parentId, content });
    }
    const id = this.#name("a");
    const rest = { model, content: "", usage: null, error_code: null, request_id: null };
    this.entries.push({ type: "message.output", id, parent_id: parent, state: "running", ...rest });
    this.head = id;
  }

  end(state: EntryState): void {
    if (this.answer.state === "running") this.answer.state = state;
  }

  #name(prefix: string): string {
    this.#count += 1;
    return `${prefix}${this.#count}`;
  }

  #load(): LoadedConversation {
    this.calls.push("load");
    this.disturb({ kind: "follow", event: null });
    const entries = this.entries.map((entry) => ({ ...entry }));
    const conversation = { id: ID, name: "n", model: "m", head: this.head };
    return { conversation, entries, head: this.head };
  }

  async *#post(request: TurnRequest, key: string): AsyncGenerator<TurnEvent, void, void> {
    this.calls.push(`post ${key}`);
    this.disturb({ kind: "post", event: null });
    const known = this.#keys.get(key);
    if (known === undefined) {
      const isBusy = this.entries.some((at) => at.type === "message.output" && at.state === "running");
      if (isBusy) refuse("conversation.busy");
      this.begin(request);
      this.#keys.set(key, this.answer.id);
      if (this.refusal !== null) {
        Object.assign(this.answer, { state: "failed", error_code: this.refusal });
        refuse(this.refusal, `/v1/conversations/${ID}`);
      }
    }
    const { id, parent_id: parent } = this.answer;
    const inputId = request.question === null ? null : parent;
    yield* this.#disturbed("post", [{ kind: "started", conversationId: ID, inputId, entryId: id }]);
    yield* this.#write("post", 0);
  }

  async *#follow(received: number): AsyncGenerator<TurnEvent, void, void> {
    this.calls.push(`follow ${received}`);
    this.disturb({ kind: "follow", event: null });
    yield* this.#write("follow", received);
  }

  /** Hands out what the client lacks; while the answer runs, the next pieces join it. */
  async *#write(kind: "post" | "follow", received: number): AsyncGenerator<TurnEvent, void, void> {
    let sent = received;
    for (;;) {
      const { answer } = this;
      const bytes = encoder.encode(answer.content);
      if (bytes.length > sent) {
        const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(sent));
        sent = bytes.length;
        yield* this.#disturbed(kind, [{ kind: "text", entryId: answer.id, text, end: sent }]);
        continue;
      }
      const piece = this.pieces.shift();
      if (answer.state === "running" && piece !== undefined) {
        answer.content += piece;
        continue;
      }
      this.end("complete");
      yield* this.#disturbed(kind, [this.#ended(answer)]);
      return;
    }
  }

  *#disturbed(kind: "post" | "follow", events: TurnEvent[]): Generator<TurnEvent, void, void> {
    for (const event of events) {
      this.disturb({ kind, event });
      yield event;
    }
  }

  #ended({ id, state }: WireOutput): TurnEvent {
    const failure: Failure | null = state === "interrupted" ? failureOfCode("server.stopping") : null;
    return { kind: "ended", entryId: id, state, usage: null, requestId: null, failure };
  }
}

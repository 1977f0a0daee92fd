import {
  failureOf,
  isOutOfReach,
  needsSignIn,
  pageFailure,
  type Failure,
} from "../../../errors/failure";
import {
  conversationOfRefusal,
  type Followed,
  type LoadedConversation,
  type TurnRequest,
} from "../api/conversations";
import type { TurnEnd, TurnEvent } from "../api/turn-events";
import { utf8Length } from "../bytes";
import {
  isLocal,
  lastKept,
  localIds,
  newConversation,
  reduceConversation,
  runningEntry,
  type Conversation,
  type ConversationAction,
  type Sending,
} from "../conversation";
import { entryFrom, type Entry, type Question } from "../entry";
import { keptRefusal } from "../refusal";
import { Backoff } from "./backoff";
import { readTurn, type Reading, type Round, type TurnStart } from "./turn-reading";

/** What the conversation needs from outside. */
export interface ConversationPorts {
  fetchConversation: (id: string, signal: AbortSignal) => Promise<LoadedConversation>;
  postTurn: (request: TurnRequest, key: string, signal: AbortSignal) => AsyncIterable<TurnEvent>;
  followTurn: (followed: Followed, signal: AbortSignal) => AsyncIterable<TurnEvent>;
  stopTurn: (id: string) => Promise<void>;
  moveHead: (id: string, head: string) => Promise<void>;
  /** Ends when somebody is signed in. */
  signedIn: (signal: AbortSignal) => Promise<void>;
  newKey: () => string;
  now: () => number;
}

/** The text of answers as it arrives, up to many times a second. */
export interface GrowingText {
  subscribe: (listener: () => void) => () => void;
  /** The text so far of an entry; empty where there is no such entry. */
  of: (entryId: string) => string;
}

/** `withdrawn`: the server did not take it, so what was typed belongs back into the field. */
export type Outcome = "accepted" | "withdrawn";

type Sender = (outcome: Outcome) => void;

/** Why an attempt to send failed, and in which conversation the server keeps it nevertheless. */
interface Refusal {
  failure: Failure;
  keptIn: string | null;
}

/** Unanswered attempts to send after which the person decides. */
const ATTEMPTS_MAX = 6;
/** A page that comes back into view reads the conversation again, at most so often. */
const REFRESH_INTERVAL_MS = 2000;

/**
 * One conversation of the server as this tab sees it. The server writes the answers; this class
 * sends questions, reads what is written, and finds its place again after every break.
 */
export class LiveConversation {
  static #count = 0;
  /** Tells this one from others, also before it has an id. */
  readonly serial = (LiveConversation.#count += 1);
  readonly #ports: ConversationPorts;
  readonly #backoff = new Backoff();
  #state: Conversation;
  /** Text that is not in the state yet: adding it there would copy the state in every frame. */
  #grown: { entryId: string; text: string } | null = null;
  /** The state when anything but the text of a running answer last changed. */
  #outline: Conversation;
  readonly #listeners = new Set<() => void>();
  readonly #textListeners = new Set<() => void>();
  #closing = new AbortController();
  #posting: AbortController | null = null;
  /** Only one stream at a time adds text to an answer. */
  #reading: Reading | null = null;
  #isStopWanted = false;
  #loads = 0;
  /** Whoever asked what is on its way, or failed here: they keep the text until it has arrived. */
  #sender: Sender | null = null;

  constructor(id: string | null, ports: ConversationPorts) {
    this.#ports = ports;
    this.#state = newConversation(id);
    this.#outline = this.#state;
  }

  get state(): Conversation {
    this.#fold();
    return this.#state;
  }

  /**
   * What is drawn of the conversation as a whole. It stays the same object while text is added to
   * an answer that has begun: that text is told by `growingText` alone.
   */
  outline = (): Conversation => this.#outline;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly growingText: GrowingText = {
    subscribe: (listener) => {
      this.#textListeners.add(listener);
      return () => this.#textListeners.delete(listener);
    },
    of: (entryId) => {
      const known = this.#state.tree.entries.get(entryId)?.text ?? "";
      return this.#grown?.entryId === entryId ? known + this.#grown.text : known;
    },
  };

  /** Reads the conversation and follows the answer that is being written. May be called again. */
  open(): void {
    if (this.#closing.signal.aborted) this.#closing = new AbortController();
    if (this.#state.id !== null) void this.#load();
  }

  /** Ends every connection; the server goes on. */
  close(): void {
    this.#closing.abort();
  }

  /** The way to the server may be free again, or the page is looked at again. */
  wake(): void {
    this.#backoff.wake();
    const { load, sending, id } = this.#state;
    const failure = sending === null ? null : this.#failureOf(sending.key);
    if (sending !== null && failure === null) return;
    if (sending !== null && failure !== null && isOutOfReach(failure)) {
      this.#resend(sending);
      return;
    }
    if (id === null || this.#reading !== null) return;
    const isRecent = load.kind === "ready" && this.#ports.now() - load.at < REFRESH_INTERVAL_MS;
    if (!isRecent) void this.#load();
  }

  reload(): void {
    this.#dispatch({ kind: "loading" });
    void this.#load();
  }

  /** Asks what follows the shown branch. */
  async ask(question: Question, model: string): Promise<Outcome> {
    return this.send({ parentId: lastKept(this.#state), question, model });
  }

  /**
   * Sends a question, or asks for an answer; one at a time. Ends once the server has it, or it is
   * withdrawn: a question that failed in this tab is still to be sent, and may yet arrive.
   */
  async send(request: Omit<TurnRequest, "conversationId">): Promise<Outcome> {
    if (this.#isAnswering()) return "withdrawn";
    const key = this.#ports.newKey();
    const whole = { ...request, conversationId: this.#state.id };
    // A failed question gives way to the next one; it stays as a branch.
    this.#settleSender("accepted");
    const outcome = new Promise<Outcome>((resolve) => {
      this.#sender = resolve;
    });
    this.#dispatch({ kind: "sent", key, request: whole });
    void this.#run(key, whole);
    return outcome;
  }

  /**
   * Sends a question that failed in this tab once more: under the same key where it may have
   * arrived, so that it counts once; as a new one where the server refused it.
   */
  async sendAgain(question: Entry, model: string): Promise<void> {
    const { sending } = this.#state;
    let sender: Sender | null = null;
    if (sending !== null && localIds(sending.key).question === question.id) {
      const failure = this.#failureOf(sending.key);
      if (failure !== null && isOutOfReach(failure)) {
        this.#resend(sending);
        return;
      }
      sender = this.#sender;
      this.#sender = null;
      this.#dispatch({ kind: "withdrawn", isBusyElsewhere: false });
    }
    const { parent: parentId, text, attachments } = question;
    const outcome = await this.send({ parentId, question: { text, attachments }, model });
    sender?.(outcome);
  }

  /** A command to the server; what was not taken by it yet is taken back here. */
  async stop(): Promise<void> {
    const { id, sending } = this.#state;
    if (sending?.phase === "waiting" || sending?.phase === "held") {
      this.#posting?.abort();
      return;
    }
    this.#isStopWanted = true;
    if (id === null || runningEntry(this.#state) === null) return;
    this.#isStopWanted = false;
    await this.#command(() => this.#ports.stopTurn(id));
  }

  /** Shows another branch, at once; the server is told. */
  async showBranch(head: string): Promise<void> {
    const { id, head: before } = this.#state;
    if (head === before) return;
    this.#dispatch({ kind: "headMoved", head });
    if (id === null || isLocal(head)) return;
    const hasWorked = await this.#command(() => this.#ports.moveHead(id, head));
    if (!hasWorked && this.#state.head === head) this.#dispatch({ kind: "headMoved", head: before });
  }

  /** Why the question under this key failed, if it did. */
  #failureOf(key: string): Failure | null {
    return this.#state.tree.entries.get(localIds(key).answer)?.failure ?? null;
  }

  #resend({ key, request }: Sending): void {
    this.#dispatch({ kind: "phased", phase: "sending" });
    void this.#run(key, request);
  }

  #isAnswering(): boolean {
    const { sending } = this.#state;
    return (sending !== null && sending.phase !== "failed") || runningEntry(this.#state) !== null;
  }

  #dispatch(action: ConversationAction): void {
    this.#fold();
    const next = reduceConversation(this.#state, action);
    if (next === this.#state) return;
    this.#state = next;
    this.#outline = next;
    [...this.#listeners].forEach((listener) => listener());
  }

  #receive(entryId: string, text: string): void {
    if (this.growingText.of(entryId) === "") {
      this.#dispatch({ kind: "received", entryId, text });
      return;
    }
    if (this.#grown?.entryId !== entryId) this.#fold();
    this.#grown = { entryId, text: (this.#grown?.text ?? "") + text };
    [...this.#textListeners].forEach((listener) => listener());
  }

  /** Takes the text that has arrived into the state. */
  #fold(): void {
    if (this.#grown === null) return;
    const grown = this.#grown;
    this.#grown = null;
    this.#state = reduceConversation(this.#state, { kind: "received", ...grown });
  }

  #settleSender(outcome: Outcome): void {
    this.#sender?.(outcome);
    this.#sender = null;
  }

  async #command(command: () => Promise<void>): Promise<boolean> {
    try {
      await command();
      this.#dispatch({ kind: "failed", failure: null });
      return true;
    } catch (thrown) {
      this.#dispatch({ kind: "failed", failure: failureOf(thrown) });
      return false;
    }
  }

  async #load(): Promise<void> {
    const { signal } = this.#closing;
    const { id, head } = this.#state;
    if (id === null) return;
    this.#loads += 1;
    const count = this.#loads;
    // A later read tells all that this one would.
    const isOver = (): boolean => signal.aborted || count !== this.#loads;
    try {
      const loaded = await this.#ports.fetchConversation(id, signal);
      if (isOver()) return;
      this.#takeOver(loaded, head);
    } catch (thrown) {
      if (isOver()) return;
      const failure = failureOf(thrown);
      this.#dispatch({ kind: "loadFailed", failure });
      if (!needsSignIn(failure)) return;
      await this.#ports.signedIn(signal);
      if (!isOver()) void this.#load();
      return;
    }
    void this.#follow();
  }

  /** `headBefore` was shown when the read began: what was chosen since then is newer. */
  #takeOver({ conversation, entries, head }: LoadedConversation, headBefore: string | null): void {
    const shown = this.#state.head;
    this.#dispatch({
      kind: "loaded",
      name: conversation.name,
      model: conversation.model,
      entries: entries.map(entryFrom),
      head: shown === headBefore ? head : shown,
      at: this.#ports.now(),
    });
  }

  async #run(key: string, request: TurnRequest): Promise<void> {
    const posting = new AbortController();
    const { signal: closing } = this.#closing;
    const end = (): void => posting.abort();
    closing.addEventListener("abort", end);
    this.#posting = posting;
    this.#isStopWanted = false;
    this.#backoff.reset();
    try {
      await this.#attempt(key, request, posting.signal);
    } finally {
      closing.removeEventListener("abort", end);
      if (this.#posting === posting) this.#posting = null;
    }
  }

  /** Sends until the server has answered; the same key makes that safe. */
  async #attempt(key: string, request: TurnRequest, signal: AbortSignal): Promise<void> {
    const { signal: closing } = this.#closing;
    for (;;) {
      this.#dispatch({ kind: "phased", phase: "sending" });
      const refusal = await this.#postOnce(key, request, signal);
      if (refusal === null || closing.aborted || this.#state.sending?.key !== key) return;
      const { failure } = refusal;
      if (failure.code === "conversation.busy") {
        this.#withdraw(true);
        void this.#load();
        return;
      }
      const isHeld = needsSignIn(failure);
      const canWait = isHeld || (isOutOfReach(failure) && this.#backoff.attempts < ATTEMPTS_MAX);
      if (!canWait) {
        this.#dispatch({ kind: "refused", failure });
        const keptIn = request.conversationId ?? refusal.keptIn;
        if (keptIn !== null && !isOutOfReach(failure)) void this.#adopt(key, keptIn, failure);
        return;
      }
      if (!this.#isStopWanted && !signal.aborted) {
        this.#dispatch({ kind: "phased", phase: isHeld ? "held" : "waiting" });
        await (isHeld ? this.#ports.signedIn(signal) : this.#backoff.wait(signal));
      }
      if (closing.aborted) return;
      if (this.#isStopWanted || signal.aborted) {
        this.#withdraw(false);
        return;
      }
    }
  }

  #withdraw(isBusyElsewhere: boolean): void {
    this.#dispatch({ kind: "withdrawn", isBusyElsewhere });
    this.#settleSender("withdrawn");
  }

  /** The server keeps a question whose answer it refused: then it shows as the server has it. */
  async #adopt(key: string, conversationId: string, { code }: Failure): Promise<void> {
    const { signal } = this.#closing;
    const { head } = this.#state;
    const loaded = await this.#ports.fetchConversation(conversationId, signal).catch(() => null);
    const { sending, tree } = this.#state;
    if (loaded === null || signal.aborted || sending?.key !== key) return;
    const ids = keptRefusal(loaded, sending.request, { code, tree });
    if (ids === null || sending.phase !== "failed") return;
    this.#dispatch({ kind: "accepted", key, ids, at: this.#ports.now() });
    this.#takeOver(loaded, head);
    this.#settleSender("accepted");
  }

  /** One attempt; `null` when it was accepted. */
  async #postOnce(key: string, request: TurnRequest, signal: AbortSignal): Promise<Refusal | null> {
    const reading: Reading = { entryId: "", received: 0 };
    let round: Round = "broken";
    let failure: Failure = pageFailure("page.interrupted");
    let keptIn: string | null = null;
    try {
      const events = this.#ports.postTurn(request, key, signal);
      round = await this.#read(reading, events, (event) => {
        this.#reading = reading;
        this.#accept(key, event);
      });
    } catch (thrown) {
      failure = failureOf(thrown);
      keptIn = conversationOfRefusal(thrown);
    }
    if (reading.entryId === "") return { failure, keptIn };
    this.#endReading(reading);
    if (round !== "ended" && !signal.aborted) void this.#follow();
    return null;
  }

  #accept(key: string, event: TurnStart): void {
    this.#dispatch({ kind: "accepted", key, ids: event, at: this.#ports.now() });
    this.#settleSender("accepted");
    if (!this.#isStopWanted) return;
    this.#isStopWanted = false;
    void this.#command(() => this.#ports.stopTurn(event.conversationId));
  }

  /** Follows the running answer until it has ended, through every break. */
  async #follow(): Promise<void> {
    const { state } = this;
    const entry = runningEntry(state);
    const { id } = state;
    if (entry === null || id === null || this.#reading !== null) return;
    const reading: Reading = { entryId: entry.id, received: utf8Length(entry.text) };
    this.#reading = reading;
    this.#backoff.reset();
    try {
      const isKnown = await this.#followEntry(id, reading);
      if (isKnown || this.#closing.signal.aborted) return;
    } finally {
      this.#endReading(reading);
    }
    // The server's latest turn is another one by now.
    void this.#load();
  }

  #endReading(reading: Reading): void {
    if (this.#reading === reading) this.#reading = null;
  }

  async #followEntry(conversationId: string, reading: Reading): Promise<boolean> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const events = this.#ports.followTurn({ conversationId, ...reading }, signal);
        const round = await this.#read(reading, events, () => undefined);
        if (round === "ended") return true;
        if (round === "other") return false;
      } catch (thrown) {
        if (signal.aborted) return true;
        const failure = failureOf(thrown);
        if (needsSignIn(failure)) {
          await this.#ports.signedIn(signal);
          continue;
        }
        if (isFinal(failure)) {
          await this.#backoff.wait(signal);
          return false;
        }
      }
      this.#dispatch({ kind: "connection", isLost: true });
      await this.#backoff.wait(signal);
    }
    return true;
  }

  /** Reads events into the state. */
  async #read(
    reading: Reading,
    events: AsyncIterable<TurnEvent>,
    onStarted: (event: TurnStart) => void,
  ): Promise<Round> {
    return readTurn(reading, events, {
      onStarted,
      onAlive: () => {
        this.#backoff.reset();
        if (this.#state.isConnectionLost) this.#dispatch({ kind: "connection", isLost: false });
      },
      onText: (text) => this.#receive(reading.entryId, text),
      onEnded: (event) => this.#end(reading.entryId, event),
    });
  }

  #end(entryId: string, { state, usage, requestId, failure }: TurnEnd): void {
    this.#dispatch({ kind: "ended", entryId, state, usage, requestId, failure });
    // After a crash the server may hold a little less text; a new conversation has its name now.
    if (state === "interrupted" || this.#state.name === null) void this.#load();
  }
}

/** What no further attempt at following the same answer can change. */
function isFinal({ code }: Failure): boolean {
  return ["conversation.not_found", "entry.not_found", "request.invalid"].includes(code);
}

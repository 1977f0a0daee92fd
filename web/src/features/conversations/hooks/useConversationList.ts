import { useCallback, useEffect, useMemo, useReducer, useRef } from "react";

import type { ListFilter } from "../../../app/route";
import { failureOf, needsSignIn, type Failure } from "../../../errors/failure";
import { sessionExpiry } from "../../session/expiry";
import { PAGE_SIZE, changeCard, deleteCard, fetchCard, fetchCards, queryOf } from "../api/cards";
import type { Card, CardChange } from "../card";
import {
  EMPTY_LIST,
  findCard,
  hasMore,
  isOutdated,
  nextPage,
  reduceList,
  shownCards,
  type ListAction,
} from "../list";

const RUNNING_REFRESH_MS = 5000;

export interface ConversationList {
  filter: ListFilter;
  cards: readonly Card[];
  /** How many there are on the server; `null` until it has told. */
  total: number | null;
  hasMore: boolean;
  isLoading: boolean;
  /** What is shown belongs to an earlier search. */
  isOutdated: boolean;
  /** When what is shown was true, in milliseconds since 1970. */
  fetchedAt: number | null;
  failure: Failure | null;
  failureOfMore: Failure | null;
  loadMore: () => void;
  refresh: () => void;
  find: (id: string) => Card | null;
  /** Makes sure that `find` knows a conversation that the list does not hold. */
  meet: (id: string) => void;
  /** Shows the change at once; tells whether the server took it, or why not. */
  change: (id: string, change: CardChange) => Promise<Failure | null>;
  remove: (id: string) => Promise<Failure | null>;
}

/** The conversations of the project by a filter, as the server has them and as they change here. */
export function useConversationList(filter: ListFilter, isEnabled: boolean): ConversationList {
  const [state, dispatch] = useReducer(reduceList, EMPTY_LIST);
  const { search, isArchived } = filter;
  const wanted = useMemo(() => ({ search, isArchived }), [search, isArchived]);
  const loading = useRef<AbortController | null>(null);
  const loadingMore = useRef<AbortController | null>(null);
  const latest = useRef(state);
  useEffect(() => {
    latest.current = state;
  }, [state]);

  const refresh = useCallback((): void => {
    if (!isEnabled) return;
    loading.current?.abort();
    loadingMore.current?.abort();
    loadingMore.current = null;
    const abort = new AbortController();
    loading.current = abort;
    dispatch({ kind: "asked", filter: wanted });
    void load(wanted, 0, abort.signal, dispatch).finally(() => {
      if (loading.current === abort) loading.current = null;
    });
  }, [wanted, isEnabled]);

  // A page that was read before a change would take it back.
  const readAgain = useCallback((): void => {
    if (loading.current !== null || loadingMore.current !== null) refresh();
  }, [refresh]);

  useEffect(() => {
    refresh();
    return () => loading.current?.abort();
  }, [refresh]);
  useRefreshOnReturn(refresh);
  const isAnyRunning = state.listed?.cards.some(({ running }) => running) ?? false;
  useRefreshWhileRunning(isAnyRunning, () => {
    // A slow server is not asked again before it has answered.
    if (loading.current === null) refresh();
  });

  const loadMore = useCallback((): void => {
    if (loadingMore.current !== null || isOutdated(latest.current)) return;
    if (!hasMore(latest.current)) return;
    const abort = new AbortController();
    loadingMore.current = abort;
    const page = nextPage(latest.current, PAGE_SIZE);
    void load(wanted, page, abort.signal, dispatch).finally(() => {
      if (loadingMore.current === abort) loadingMore.current = null;
    });
  }, [wanted]);

  const find = useCallback((id: string) => findCard(state, id), [state]);
  const meet = useCallback((id: string): void => {
    if (findCard(latest.current, id) !== null) return;
    fetchCard(id, new AbortController().signal).then(
      (card) => dispatch({ kind: "met", card }),
      // The page of the conversation says why it is not there.
      () => undefined,
    );
  }, []);

  const { change, remove } = useChanges(dispatch, readAgain);
  // The same object until something in it changes: whoever shows the list is rendered only then.
  return useMemo(
    () => ({
      filter: wanted,
      cards: shownCards(state),
      total: state.listed?.total ?? null,
      hasMore: hasMore(state),
      isLoading: state.isLoading,
      isOutdated: isOutdated(state),
      fetchedAt: state.listed?.fetchedAt ?? null,
      failure: state.failure,
      failureOfMore: state.failureOfMore,
      loadMore,
      refresh,
      find,
      meet,
      change,
      remove,
    }),
    [state, wanted, loadMore, refresh, find, meet, change, remove],
  );
}

/** Changes go to the server one after the other, so that the last one wins there too. */
function useChanges(dispatch: (action: ListAction) => void, readAgain: () => void) {
  const later = useRef(readAgain);
  useEffect(() => {
    later.current = readAgain;
  });
  const queue = useRef<Promise<unknown>>(Promise.resolve());
  const lastKey = useRef(0);

  const change = useCallback(
    async (id: string, wanted: CardChange): Promise<Failure | null> => {
      lastKey.current += 1;
      const key = lastKey.current;
      dispatch({ kind: "edited", edit: { key, id, change: wanted } });
      const answer = queue.current.then(() => changeCard(id, wanted));
      queue.current = answer.catch(() => undefined);
      try {
        dispatch({ kind: "accepted", key, card: await answer });
        later.current();
        return null;
      } catch (thrown) {
        dispatch({ kind: "refused", key });
        return failureOf(thrown);
      }
    },
    [dispatch],
  );

  const remove = useCallback(
    async (id: string): Promise<Failure | null> => {
      try {
        await deleteCard(id);
      } catch (thrown) {
        const failure = failureOf(thrown);
        // Somebody else was faster: gone is gone.
        if (failure.code !== "conversation.not_found") return failure;
      }
      dispatch({ kind: "deleted", id });
      later.current();
      return null;
    },
    [dispatch],
  );
  return { change, remove };
}

async function load(
  filter: ListFilter,
  page: number,
  signal: AbortSignal,
  dispatch: (action: ListAction) => void,
): Promise<void> {
  try {
    const { cards, total } = await fetchCards(queryOf(filter), page, signal);
    if (signal.aborted) return;
    const arrived = { page, pageSize: PAGE_SIZE, cards, total };
    dispatch({ kind: "arrived", filter, at: Date.now(), arrived });
  } catch (thrown) {
    if (signal.aborted) return;
    const failure = failureOf(thrown);
    if (!needsSignIn(failure)) dispatch({ kind: "failed", filter, page, failure });
    else {
      // The page asks for sign-in by itself; the list goes on after that.
      await sessionExpiry.signedIn(signal);
      if (!signal.aborted) await load(filter, page, signal, dispatch);
    }
  }
}

/** Answers go on at the server for conversations that no tab shows. */
function useRefreshWhileRunning(isAnyRunning: boolean, refresh: () => void): void {
  const later = useRef(refresh);
  useEffect(() => {
    later.current = refresh;
  });
  useEffect(() => {
    if (!isAnyRunning) return undefined;
    const timer = window.setInterval(() => {
      if (document.visibilityState === "visible") later.current();
    }, RUNNING_REFRESH_MS);
    return () => window.clearInterval(timer);
  }, [isAnyRunning]);
}

/** Other tabs and people change the list too: look again when the reader or the network is back. */
function useRefreshOnReturn(refresh: () => void): void {
  useEffect(() => {
    const onReturn = (): void => {
      if (document.visibilityState === "visible") refresh();
    };
    document.addEventListener("visibilitychange", onReturn);
    window.addEventListener("online", onReturn);
    return () => {
      document.removeEventListener("visibilitychange", onReturn);
      window.removeEventListener("online", onReturn);
    };
  }, [refresh]);
}

import { useQuery } from "@tanstack/react-query";

import type { OpenedConversations } from "../../../api/types";
import { failureOf, type Failure } from "../../../errors/failure";
import { entryFrom, type Entry } from "../../conversation/entry";
import { fetchOpenedConversations, fetchOpenedHistory } from "../api/openings";

interface Read<Content> {
  /** `null` until it is here. */
  content: Content | null;
  failure: Failure | null;
}

/** Nothing of what somebody else wrote is kept in the tab: each look asks whether it is allowed. */
const KEPT_NOWHERE = { staleTime: 0, gcTime: 0, retry: false } as const;

export function useOpenedConversations(id: string): Read<OpenedConversations> {
  const query = useQuery({
    queryKey: ["opened", id],
    queryFn: () => fetchOpenedConversations(id),
    ...KEPT_NOWHERE,
  });
  return readFrom(query);
}

export function useOpenedHistory(id: string, conversation: string): Read<readonly Entry[]> {
  const query = useQuery({
    queryKey: ["opened", id, conversation],
    queryFn: async () => (await fetchOpenedHistory(id, conversation)).entries.map(entryFrom),
    ...KEPT_NOWHERE,
  });
  return readFrom(query);
}

/** What was read before a failure is not shown any more: the opening may be over. */
function readFrom<Content>(query: { data: Content | undefined; error: unknown }): Read<Content> {
  if (query.error !== null) return { content: null, failure: failureOf(query.error) };
  return { content: query.data ?? null, failure: null };
}

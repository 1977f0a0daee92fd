import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { fetchCards } from "../features/conversations/api/cards";
import type { Card } from "../features/conversations/card";

/** As in the search of the list. */
const DEBOUNCE_MS = 40;
const CARDS_MAX = 20;

export interface FoundCards {
  cards: readonly Card[];
  /** What is shown belongs to an earlier query, or is not here yet. */
  isPending: boolean;
  isFailed: boolean;
}

/** Conversations whose name matches, archived ones too; none where nothing is asked. */
export function useFoundCards(query: string): FoundCards {
  const wanted = query.trim();
  const rested = useRested(wanted);
  const found = useQuery({
    queryKey: ["conversations", "found", rested],
    queryFn: ({ signal }) => fetchCards({ search: rested, archived: "any" }, 0, signal, CARDS_MAX),
    enabled: rested !== "",
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0,
  });
  if (wanted === "") return { cards: [], isPending: false, isFailed: false };
  return {
    cards: found.data?.cards ?? [],
    isPending: rested !== wanted || found.isFetching,
    isFailed: found.isError,
  };
}

/** A text once it has not changed for a moment. */
function useRested(text: string): string {
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = window.setTimeout(() => setRested(text), DEBOUNCE_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return rested;
}

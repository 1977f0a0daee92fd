import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode, useLayoutEffect, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";

import { installTrustedTypesPolicy } from "../src/app/trusted-types";
import { ToastProvider } from "../src/components/Toast";
import { LANGUAGES, isLanguage, type Language } from "../src/format/locale";
import { SpeechProvider } from "../src/messages/SpeechProvider";
import { useSpeech } from "../src/messages/messages";
import { applyTheme } from "../src/preferences/preferences";
import { StatusRegion } from "../src/status/StatusRegion";
import "../src/styles/tokens.css";
import "../src/styles/base.css";
import "../src/styles/frame.css";
import "../src/styles/controls.css";
import "../src/styles/conversation.css";
import "../src/styles/navigation.css";
import "../src/styles/palette.css";
import "./stories.css";
import { STORIES, type Story } from "./story";

const THEMES = ["light", "dark"] as const;

/** What the address asks for: `#figure/ar/dark`. */
interface Shown {
  name: string;
  language: Language;
  theme: (typeof THEMES)[number];
}

/** There is no server behind a story: nothing is asked. */
const NOTHING_ASKED = new QueryClient({ defaultOptions: { queries: { enabled: false } } });

installTrustedTypesPolicy();

const root = document.getElementById("root");
if (root === null) {
  throw new Error("stories.html has no #root element");
}
createRoot(root).render(
  <StrictMode>
    <Stories />
  </StrictMode>,
);

function Stories() {
  const hash = useSyncExternalStore(onHashChange, () => window.location.hash);
  const shown = shownBy(hash);
  useLayoutEffect(() => applyTheme(document.documentElement, shown.theme), [shown.theme]);
  return (
    <SpeechProvider language={shown.language} digits="locale">
      <StatusRegion>
        <ToastProvider key={hash}>
          <QueryClientProvider client={NOTHING_ASKED}>
            <StoryPage shown={shown} />
          </QueryClientProvider>
        </ToastProvider>
      </StatusRegion>
    </SpeechProvider>
  );
}

function StoryPage({ shown }: { shown: Shown }) {
  const { language } = useSpeech();
  const story = STORIES.get(shown.name);
  return (
    <main
      className="story-page"
      data-shown={`#${shown.name}/${language}/${shown.theme}`}
    >
      {story === undefined ? <Contents /> : <States story={story} />}
    </main>
  );
}

function States({ story }: { story: Story }) {
  return (
    <>
      <h1 lang="en" dir="ltr">
        {story.title}
      </h1>
      {Object.entries(story.states).map(([state, State]) => (
        <section key={state} className="story">
          <h2 lang="en" dir="ltr">
            {state}
          </h2>
          <div>
            <State />
          </div>
        </section>
      ))}
    </>
  );
}

/** Every story in every language and theme; the test reads the first link of each line. */
function Contents() {
  return (
    <>
      <h1>Components</h1>
      <ul>
        {[...STORIES].map(([name, { title, isPressed = false }]) => (
          <li key={name} data-story={name} data-pressed={isPressed}>
            {title}
            {LANGUAGES.flatMap((language) =>
              THEMES.map((theme) => (
                <span key={`${language}${theme}`}>
                  {" "}
                  <a href={`#${name}/${language}/${theme}`}>
                    {language} {theme}
                  </a>
                </span>
              )),
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

function shownBy(hash: string): Shown {
  const [name = "", language, theme] = hash.slice(1).split("/");
  return {
    name,
    language: isLanguage(language) ? language : "en",
    theme: THEMES.find((known) => known === theme) ?? "light",
  };
}

function onHashChange(onChange: () => void): () => void {
  window.addEventListener("hashchange", onChange);
  return () => window.removeEventListener("hashchange", onChange);
}

import { Button } from "react-aria-components";

import { ErrorNote } from "../src/components/ErrorNote";
import type { Failure } from "../src/errors/failure";
import { useMessages } from "../src/messages/messages";
import type { Story } from "./story";

function failure(code: string, message = "", hint = ""): Failure {
  return { code, message, hint, retryAfterSeconds: null };
}

function Broken() {
  const { app, conversation } = useMessages();
  return (
    <ErrorNote failure={failure("page.interrupted")} also={conversation.textKept}>
      <Button className="btn">{app.retry}</Button>
    </ErrorNote>
  );
}

const story: Story = {
  title: "ErrorNote",
  states: {
    "with a way on": Broken,
    "with a command": () => <ErrorNote failure={failure("auth.link_invalid")} />,
    "refused by the server": () => <ErrorNote failure={failure("capacity.exhausted")} />,
    "an unknown code": () => (
      <ErrorNote
        failure={failure("tray.empty", "The tray of the printer is empty", "Fill the tray.")}
      />
    ),
    "an unknown code without words": () => (
      <ErrorNote failure={failure("a.code_that_is_very_long_and_has_no_place_to_break_anywhere")} />
    ),
  },
};
export default story;

import { useParams } from "@tanstack/react-router";
import { act, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Attention } from "@/app/attention";
import { usePageTitle } from "@/app/use-page-title";
import { ChatRow } from "@/features/sidebar/chat-row";
import { makeChat } from "../fake-server";
import { renderPage } from "../render-page";
import { answer, settled } from "../shared/events/messages";

const notices: { title: string; body?: string; onclick?: () => void }[] = [];
let isHidden = false;

beforeEach(() => {
  notices.length = 0;
  isHidden = false;
  vi.spyOn(document, "hidden", "get").mockImplementation(() => isHidden);
  vi.stubGlobal(
    "Notification",
    class {
      static permission = "granted";
      onclick?: () => void;
      close = () => undefined;
      constructor(title: string, { body }: { body?: string }) {
        const notice = { title, body };
        notices.push(notice);
        Object.defineProperty(this, "onclick", {
          set: (act: () => void) => Object.assign(notice, { onclick: act }),
        });
      }
    },
  );
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function Page() {
  const { chatId } = useParams({ strict: false });
  usePageTitle("Tea");
  return (
    <>
      <Attention openId={chatId} />
      <ul>
        <ChatRow
          chat={makeChat({ id: "chat", title: "Bread" })}
          selected={false}
          onDelete={vi.fn()}
        />
      </ul>
    </>
  );
}

const open = async (at: string) => {
  const page = await renderPage(() => <Page />, { at });
  const end = () =>
    act(() => {
      page.live.receive([{ type: "message.created", message: answer() }]);
      page.live.receive([{ type: "message.updated", message: settled() }]);
    });
  return { ...page, end };
};
const turnTo = (hidden: boolean) =>
  act(() => {
    isHidden = hidden;
    document.dispatchEvent(new Event("visibilitychange"));
  });

it("says nothing where the reader is looking", async () => {
  const { end } = await open("/chats/chat");
  end();
  expect(document.title).toBe("Tea · Chattable");
  expect(screen.queryByText("(new answer)")).toBeNull();
});

it("marks the chat and the tab when an answer ends in another chat, until the reader goes there", async () => {
  const { end, router } = await open("/chats/other");
  end();
  expect(document.title).toBe("(1) Tea · Chattable");
  expect(screen.getByText("(new answer)")).toBeTruthy();
  expect(notices).toEqual([]);

  await act(() => router.navigate({ to: "/chats/chat" as never }));

  expect(document.title).toBe("Tea · Chattable");
  expect(screen.queryByText("(new answer)")).toBeNull();
});

it("tells outside of a hidden page, and takes the mark away when the reader is back", async () => {
  const { end, router } = await open("/chats/chat");
  turnTo(true);
  end();
  expect(document.title).toBe("(1) Tea · Chattable");
  expect(notices).toMatchObject([{ body: "The answer is ready." }]);

  await act(async () => notices[0]?.onclick?.());
  turnTo(false);

  expect(router.state.location.pathname).toBe("/chats/chat");
  expect(document.title).toBe("Tea · Chattable");
});
